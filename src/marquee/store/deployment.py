"""Which model serves: one row, changed only by compare-and-swap, audited in the same transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from marquee.domain.errors import Conflict
from marquee.store import audit, changes, versions
from marquee.store.tables import deployment

Mode: TypeAlias = Literal["none", "warming", "shadow", "canary"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Which versions serve whom.

    Attributes:
        mirrored, mirrored_challenger: what the registry's aliases were last set to.
        challenger: the version under trial; None: none is.
        rollout: the trial's number.
        mode: `warming` (workers load the challenger), `shadow` (it is asked, and nobody sees it) or `canary`
            (a share of the people are shown its lists).
        step: of the rollout.
        share: of the people whom the challenger serves, from 0 to 1.
        salt: of the hash that draws them.
    """

    champion: int | None
    previous: int | None
    revision: int
    deployed_at: datetime | None
    mirrored: int | None
    challenger: int | None = None
    rollout: int | None = None
    mode: Mode = "none"
    step: int = 0
    share: float = 0.0
    salt: str = ""
    mirrored_challenger: int | None = None


NOTHING_DEPLOYED = Deployment(None, None, 0, None, None)
_COLUMNS = [deployment.c[field.name] for field in fields(Deployment)]
_NO_CHALLENGER: Mapping[str, Any] = {
    "challenger": None,
    "rollout": None,
    "mode": "none",
    "step": 0,
    "share": 0.0,
    "salt": "",
}


def get(connection: Connection) -> Deployment:
    row = connection.execute(select(*_COLUMNS)).first()
    return NOTHING_DEPLOYED if row is None else Deployment(**row._mapping)


def set_champion(
    connection: Connection,
    version: int,
    *,
    expected_revision: int,
    actor: str,
    action: str,
    reason: str,
    evidence: Mapping[str, Any],
    previous: int | Literal["who leaves"] | None = "who leaves",
) -> Deployment:
    """Make a version the champion, if the deployment still is at the revision the caller saw.

    There is no challenger afterwards.

    Args:
        previous: what a rollback would return to; None: nothing.

    Raises:
        Conflict: somebody changed the deployment meanwhile; nothing was done.
    """
    audit.lock(connection)
    before = get(connection)
    way_back = before.champion if previous == "who leaves" else previous
    connection.execute(insert(deployment).values(id=1).on_conflict_do_nothing())
    _swap(
        connection,
        expected_revision,
        {"champion": version, "previous": way_back, "deployed_at": func.now(), **_NO_CHALLENGER},
    )
    versions.note_served(connection, version)
    audit.append(
        connection,
        actor=actor,
        action=action,
        subject=f"version {version}",
        reason=reason,
        evidence={"previous": before.champion, "revision": expected_revision + 1, **evidence},
    )
    changes.publish(connection, "deployment")
    return get(connection)


def set_trial(
    connection: Connection,
    *,
    challenger: int,
    rollout: int,
    mode: Mode,
    step: int,
    share: float,
    salt: str,
    expected_revision: int,
) -> None:
    """Put a challenger beside the champion; the caller writes the audit.

    Raises:
        Conflict: somebody changed the deployment meanwhile; nothing was done.
    """
    trial = {"challenger": challenger, "rollout": rollout, "mode": mode, "step": step, "share": share}
    _swap(connection, expected_revision, {**trial, "salt": salt})
    changes.publish(connection, "deployment")


def end_trial(connection: Connection, *, expected_revision: int) -> None:
    """Let the champion serve everybody; the caller writes the audit.

    Raises:
        Conflict: somebody changed the deployment meanwhile; nothing was done.
    """
    _swap(connection, expected_revision, _NO_CHALLENGER)
    changes.publish(connection, "deployment")


def set_mirrored(connection: Connection, *, champion: int | None, challenger: int | None) -> None:
    """Remember what the registry's aliases point at now."""
    connection.execute(update(deployment).values(mirrored=champion, mirrored_challenger=challenger))


def _swap(connection: Connection, expected_revision: int, values: Mapping[str, Any]) -> None:
    """Change the row, if it is at that revision still."""
    audit.lock(connection)
    result = connection.execute(
        update(deployment)
        .where(deployment.c.revision == expected_revision)
        .values(**values, revision=deployment.c.revision + 1)
    )
    if result.rowcount == 0:
        now = get(connection).revision
        raise Conflict(
            f"The deployment was changed meanwhile (revision {now}, not {expected_revision}).",
            hint="Look at it again and retry.",
        )
