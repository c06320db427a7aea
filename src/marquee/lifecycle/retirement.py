"""The end of a version's life: retired when nobody may return to it, archived when somebody says so."""

from sqlalchemy import Engine

from marquee.domain.clock import Clock, system_clock
from marquee.lifecycle.states import check_move
from marquee.store import audit, deployment, versions


def retire_due(engine: Engine, clock: Clock = system_clock) -> list[int]:
    """Retire the approved versions whose time to serve again, or to be tried again, is over; returns them."""
    moment = clock()
    with engine.begin() as connection:
        audit.lock(connection)
        now = deployment.get(connection)
        due = [
            version
            for version in versions.list_all(connection)
            if version.state == "approved"
            and version.purge_after is not None
            and version.purge_after < moment
            and version.version not in (now.champion, now.challenger)
        ]
        for version in due:
            versions.set_state(connection, version.version, expected="approved", state="retired")
            audit.append(
                connection,
                actor="policy",
                action="retire",
                subject=f"version {version.version}",
                reason=_NOT_RETURNED_TO if version.served_at else _NOT_TRIED_AGAIN,
                evidence={
                    "purge_after": version.purge_after.isoformat() if version.purge_after else None,
                    "state": "retired",
                },
            )
    return [version.version for version in due]


_NOT_RETURNED_TO = "The time in which a rollback may return to it is over."
_NOT_TRIED_AGAIN = "Its rollout did not make it the champion, and nobody has tried it again since."


def archive(engine: Engine, version: int, *, actor: str, reason: str) -> None:
    """Put away a version that was rejected, declined or retired.

    Raises:
        NotFound: there is no such version.
        Conflict: its state does not allow it, or was changed meanwhile.
    """
    with engine.begin() as connection:
        audit.lock(connection)
        before = versions.get(connection, version).state
        check_move(version, before, "archived")
        versions.set_state(connection, version, expected=before, state="archived")
        audit.append(
            connection,
            actor=actor,
            action="archive",
            subject=f"version {version}",
            reason=reason,
            evidence={"before": before, "state": "archived"},
        )
