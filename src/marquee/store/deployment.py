"""Which model serves: one row, changed only by compare-and-swap, audited in the same transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from marquee.domain.errors import Conflict
from marquee.store import audit, changes
from marquee.store.tables import deployment


@dataclass(frozen=True, slots=True)
class Deployment:
    """`mirrored` is the champion that the registry's alias was last set to."""

    champion: int | None
    previous: int | None
    revision: int
    deployed_at: datetime | None
    mirrored: int | None


NOTHING_DEPLOYED = Deployment(None, None, 0, None, None)


def get(connection: Connection) -> Deployment:
    row = connection.execute(
        select(
            deployment.c.champion,
            deployment.c.previous,
            deployment.c.revision,
            deployment.c.deployed_at,
            deployment.c.mirrored,
        )
    ).first()
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
) -> Deployment:
    """Make a version the champion, if the deployment still is at the revision the caller saw.

    Raises:
        Conflict: somebody changed the deployment meanwhile; nothing was done.
    """
    before = get(connection)
    connection.execute(insert(deployment).values(id=1).on_conflict_do_nothing())
    result = connection.execute(
        update(deployment)
        .where(deployment.c.revision == expected_revision)
        .values(
            champion=version,
            previous=before.champion,
            revision=deployment.c.revision + 1,
            deployed_at=func.now(),
        )
    )
    if result.rowcount == 0:
        raise Conflict(
            f"The deployment was changed meanwhile (revision {before.revision}, not {expected_revision}).",
            hint="Look at it again and retry.",
        )
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


def set_mirrored(connection: Connection, version: int) -> None:
    """Remember that the registry's alias now points at this version."""
    connection.execute(update(deployment).values(mirrored=version))
