"""Whom a rollout draws, and where they are counted."""

from marquee.recommend.variants import Draw


def in_challenger(user_id: str, salt: str, share: float) -> bool:
    """Whether a person belongs to the share of the people whom the challenger serves."""
    return Draw(salt, share).of(user_id)[0]


def bucket_of(user_id: str, salt: str) -> int:
    """The bucket in which what befalls a person is counted."""
    return Draw(salt, 0.0).of(user_id)[1]
