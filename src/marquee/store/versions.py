"""Model versions: what was registered, with what figures, in which state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from marquee.domain.errors import Conflict, NotFound
from marquee.store.tables import model_versions, rollouts


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of `marquee-recommender`.

    Attributes:
        version: the registry's number.
        facts: seed, sizes, environment, code version: what else is known of how it was made.
        requested_by: who had it trained or registered it.
        served_at: when it first was the champion; None: it never was.
        sent_back: by what, such as `by rollout 3: …`; None: it was not, or has served since.
        purge_after: until when a rollback may return to it, or another rollout may try it; None while it
            serves, or before anybody has tried it.
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
    served_at: datetime | None = None
    sent_back: str | None = None
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
    """The numbers of the versions that may serve, newest first; not those that were sent back."""
    query = select(model_versions.c.version).where(
        model_versions.c.state == "approved", model_versions.c.sent_back.is_(None)
    )
    return list(connection.scalars(query.order_by(model_versions.c.version.desc())))


def untried(connection: Connection) -> list[int]:
    """The numbers of the approved versions that no rollout has tried and that never served, newest first."""
    query = select(model_versions.c.version).where(
        model_versions.c.state == "approved",
        model_versions.c.served_at.is_(None),
        model_versions.c.version.not_in(select(rollouts.c.challenger)),
    )
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


def note_served(connection: Connection, version: int) -> None:
    """Remember that a version is the champion; of several times the first stands."""
    connection.execute(
        update(model_versions)
        .where(model_versions.c.version == version, model_versions.c.served_at.is_(None))
        .values(served_at=func.now())
    )


def way_back(connection: Connection, champion: int, moment: datetime) -> int | None:
    """The version that served last beside the champion, was not sent back, and may still be returned to."""
    query = select(model_versions.c.version).where(
        model_versions.c.version != champion,
        model_versions.c.state == "approved",
        model_versions.c.served_at.is_not(None),
        model_versions.c.sent_back.is_(None),
        or_(model_versions.c.purge_after.is_(None), model_versions.c.purge_after > moment),
    )
    newest = (model_versions.c.purge_after.desc().nulls_last(), model_versions.c.version.desc())
    found: int | None = connection.scalar(query.order_by(*newest).limit(1))
    return found


def set_sent_back(connection: Connection, version: int, by: str | None) -> None:
    """Remember what sent a version back; None: it serves."""
    connection.execute(update(model_versions).where(model_versions.c.version == version).values(sent_back=by))


def set_purge_after(connection: Connection, version: int, moment: datetime | None) -> None:
    """Until when a version that does not serve (any more) is kept to serve again; None: it serves."""
    connection.execute(
        update(model_versions).where(model_versions.c.version == version).values(purge_after=moment)
    )
