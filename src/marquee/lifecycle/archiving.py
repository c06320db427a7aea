"""Putting versions away that will not serve (any more)."""

from sqlalchemy import Engine

from marquee.lifecycle.states import check_move
from marquee.store import audit, versions
from marquee.store.versions import ModelVersion


def archive(engine: Engine, version: int, *, actor: str, reason: str) -> ModelVersion:
    """Archive a rejected, declined or retired version; its record, card and audit stay.

    Raises:
        NotFound: there is no such version.
        Conflict: its state does not allow it.
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
        return versions.get(connection, version)
