"""Model versions: what was registered, with what figures, in which state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from marquee.domain.errors import Conflict, NotFound
from marquee.store.tables import model_versions


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of `marquee-recommender`.

    Attributes:
        version: the registry's number.
        facts: seed, sizes, environment, code version: what else is known of how it was made.
        requested_by: who had it trained or registered it.
        purge_after: until when a rollback may return to it; None while it serves, or if it never did.
    """

    version: int
    semantic_version: str
    state: str
    run_id: str
    snapshot: str
    trained_through: datetime
    algorithms: Mapping[str, str]
    hyperparameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    gates: tuple[Mapping[str, Any], ...]
    created_at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    requested_by: str = ""
    purge_after: datetime | None = None


def add(
    connection: Connection,
    *,
    version: int,
    semantic_version: str,
    state: str,
    run_id: str,
    snapshot: str,
    trained_through: datetime,
    algorithms: Mapping[str, str],
    hyperparameters: Mapping[str, Any],
    metrics: Mapping[str, Any],
    gates: list[Mapping[str, Any]],
    facts: Mapping[str, Any] | None = None,
    requested_by: str = "",
) -> None:
    """Record a version that the registry has just numbered; its snapshot must be recorded."""
    connection.execute(
        insert(model_versions).values(
            version=version,
            semantic_version=semantic_version,
            state=state,
            run_id=run_id,
            snapshot=snapshot,
            trained_through=trained_through,
            algorithms=dict(algorithms),
            hyperparameters=dict(hyperparameters),
            metrics=dict(metrics),
            gates=[dict(gate) for gate in gates],
            facts=dict(facts or {}),
            requested_by=requested_by,
        )
    )


def get(connection: Connection, version: int) -> ModelVersion:
    """Raises NotFound."""
    row = connection.execute(select(model_versions).where(model_versions.c.version == version)).first()
    if row is None:
        raise NotFound(
            f"There is no model version {version}.", hint="The list of versions shows those there are."
        )
    return ModelVersion(**row._mapping)


def list_all(connection: Connection) -> list[ModelVersion]:
    """Newest first."""
    rows = connection.execute(select(model_versions).order_by(model_versions.c.version.desc()))
    return [ModelVersion(**row._mapping) for row in rows]


def approved(connection: Connection) -> list[int]:
    """The numbers of the versions that may serve, newest first."""
    query = select(model_versions.c.version).where(model_versions.c.state == "approved")
    return list(connection.scalars(query.order_by(model_versions.c.version.desc())))


def of_snapshot(connection: Connection, snapshot: str) -> list[int]:
    """The versions that were trained on the data of that hash, oldest first."""
    query = select(model_versions.c.version).where(model_versions.c.snapshot == snapshot)
    return list(connection.scalars(query.order_by(model_versions.c.version)))


def set_judgement(
    connection: Connection,
    version: int,
    *,
    expected: str,
    state: str,
    metrics: Mapping[str, Any],
    gates: list[Mapping[str, Any]],
) -> None:
    """`set_state`, with the figures and gates that it rests on."""
    set_state(connection, version, expected=expected, state=state)
    values = {"metrics": dict(metrics), "gates": [dict(gate) for gate in gates]}
    connection.execute(update(model_versions).where(model_versions.c.version == version).values(values))


def set_state(connection: Connection, version: int, *, expected: str, state: str) -> None:
    """Move a version on, if it still is where the caller believes; raises Conflict otherwise."""
    result = connection.execute(
        update(model_versions)
        .where(model_versions.c.version == version, model_versions.c.state == expected)
        .values(state=state)
    )
    if result.rowcount == 0:
        raise Conflict(f"Version {version} is not {expected} (any more).", hint="Look at it again and retry.")


def set_purge_after(connection: Connection, version: int, moment: datetime | None) -> None:
    """Until when a rollback may return to a version that stopped serving; None: it serves."""
    connection.execute(
        update(model_versions).where(model_versions.c.version == version).values(purge_after=moment)
    )
