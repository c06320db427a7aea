"""Which people are served by a challenger: drawn by a hash of who they are, so that it stays the same."""

from hashlib import blake2b

BUCKETS = 256  # of people, over which a rollout's figures are told apart

_DRAW_BYTES = 8
_ALL = 1 << 8 * _DRAW_BYTES


class Draw:
    """A draw of a share of all people, for one rollout.

    A person's number is BLAKE2b of the user id (UTF-8), nine bytes, keyed by the rollout's salt (RFC 7693):
    the first eight, big-endian, say whether they belong to the share, the last is their bucket. So a share
    that grows only adds people, and another rollout draws others.

    Args:
        salt: of the rollout, at most 64 bytes as UTF-8.
        share: of the people, from 0 to 1.
    """

    def __init__(self, salt: str, share: float) -> None:
        self._keyed = blake2b(key=salt.encode(), digest_size=_DRAW_BYTES + 1)
        below = int(share * _ALL)
        self._below = b"\xff" * (_DRAW_BYTES + 2) if below >= _ALL else below.to_bytes(_DRAW_BYTES)

    def of(self, user_id: str) -> tuple[bool, int]:
        """Whether the challenger serves somebody, and their bucket, from 0 to `BUCKETS` - 1.

        The bucket says nothing of which variant they have.
        """
        keyed = self._keyed.copy()
        keyed.update(user_id.encode())
        digest = keyed.digest()
        return digest < self._below, digest[_DRAW_BYTES]  # bytes compare as the numbers they are
