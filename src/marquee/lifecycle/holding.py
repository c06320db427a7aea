"""After a rollback the policy starts no rollout by itself until a person has started one.

What was sent back may be the data's fault, and the next training has the same.
"""

from sqlalchemy import Connection

from marquee.store import alerts, audit

POLICY = "policy"  # the actor
KIND, SUBJECT = "waits for a person", "new data"


def is_held(connection: Connection) -> bool:
    """Whether a version was rolled back, by the judge or a person, and no person has started one since."""
    return audit.is_rolled_back_last(connection, but_by=(POLICY,))


def ask_people(connection: Connection, version: int) -> None:
    """Offer a rollout of a version that the policy does not start; in the place of an older one's."""
    alerts.raise_alert(
        connection,
        kind=KIND,
        subject=SUBJECT,
        message=f"Version {version} is approved, and waits for a person to start its rollout: another was "
        "rolled back, and nobody has started a rollout since.",
        offer={"action": "rollout", "version": version},
    )


def release_within(connection: Connection, actor: str) -> None:
    """Somebody starts a rollout: if it is a person, what was asked of people is done."""
    if actor != POLICY:
        alerts.resolve_about(connection, kind=KIND, subject=SUBJECT, by=actor)
