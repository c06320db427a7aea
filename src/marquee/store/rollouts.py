"""Rollouts: a challenger's way to champion or back, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from marquee.domain.errors import Conflict, NotFound
from marquee.store.tables import rollout_steps, rollouts

ACTIVE = ("planned", "shadow", "canary")


@dataclass(frozen=True, slots=True)
class Rollout:
    """One rollout.

    Attributes:
        plan: of `policy.yaml`, as it was at the start.
        step: 0 before the first share of the people.
        salt: of the hash that draws the people.
        revision: grows with each change.
        counted_until: lists older than this are in the outcomes.
        verdict: the judge's last; None before the first.
        outcome: why it ended; None while it goes.
    """

    rollout_id: int
    challenger: int
    champion: int
    preset: str
    plan: Mapping[str, Any]
    state: str
    step: int
    salt: str
    revision: int
    requested_by: str
    reason: str
    created_at: datetime
    counted_until: datetime | None
    verdict: Mapping[str, Any] | None
    judged_at: datetime | None
    ended_at: datetime | None
    outcome: str | None

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of a rollout in which nothing changed; `share` of the people had the challenger."""

    step: int
    state: str
    share: float
    began_at: datetime
    ended_at: datetime | None


_COLUMNS = [rollouts.c[field.name] for field in fields(Rollout)]


def add(
    connection: Connection,
    *,
    challenger: int,
    champion: int,
    preset: str,
    plan: Mapping[str, Any],
    salt: str,
    requested_by: str,
    reason: str,
    at: datetime,
) -> Rollout:
    """Record a planned rollout.

    Raises:
        Conflict: another one goes.
    """
    going = active(connection, for_update=True)
    if going is not None:
        raise Conflict(
            f"Rollout {going.rollout_id} of version {going.challenger} goes already.",
            hint="Wait for its end, or abort it.",
        )
    values = {"challenger": challenger, "champion": champion, "preset": preset, "plan": dict(plan)}
    row = connection.execute(
        insert(rollouts)
        .values(**values, state="planned", salt=salt, requested_by=requested_by, reason=reason, created_at=at)
        .returning(*_COLUMNS)
    ).one()
    return Rollout(**row._mapping)


def get(connection: Connection, rollout_id: int) -> Rollout:
    """Raises NotFound."""
    row = connection.execute(select(*_COLUMNS).where(rollouts.c.rollout_id == rollout_id)).first()
    if row is None:
        raise NotFound(f"There is no rollout {rollout_id}.", hint="The list shows those there were.")
    return Rollout(**row._mapping)


def active(connection: Connection, *, for_update: bool = False) -> Rollout | None:
    """The rollout that goes, if one does."""
    query = select(*_COLUMNS).where(rollouts.c.state.in_(ACTIVE))
    row = connection.execute(query.with_for_update() if for_update else query).first()
    return None if row is None else Rollout(**row._mapping)


def hold_counting(connection: Connection) -> None:
    """Wait for a count of outcomes that is under way, and let none begin until the transaction ends."""
    query = select(rollouts.c.rollout_id).where(rollouts.c.state.in_(ACTIVE))
    connection.execute(query.with_for_update(read=True))  # beside others who only hold it


def list_page(connection: Connection, *, limit: int, before: int | None = None) -> list[Rollout]:
    """Newest first; `before` is the id of the last one already had."""
    query = select(*_COLUMNS).order_by(rollouts.c.rollout_id.desc()).limit(limit)
    if before is not None:
        query = query.where(rollouts.c.rollout_id < before)
    return [Rollout(**row._mapping) for row in connection.execute(query)]


def of_version(connection: Connection, version: int) -> list[Rollout]:
    """Those in which a version was the challenger, oldest first."""
    query = select(*_COLUMNS).where(rollouts.c.challenger == version).order_by(rollouts.c.rollout_id)
    return [Rollout(**row._mapping) for row in connection.execute(query)]


def change(connection: Connection, rollout_id: int, *, expected_revision: int, **values: Any) -> Rollout:
    """Change a rollout, if it is where the caller believes; raises Conflict otherwise."""
    row = connection.execute(
        update(rollouts)
        .where(rollouts.c.rollout_id == rollout_id, rollouts.c.revision == expected_revision)
        .values(**values, revision=rollouts.c.revision + 1)
        .returning(*_COLUMNS)
    ).first()
    if row is None:
        raise Conflict(f"Rollout {rollout_id} was changed meanwhile.", hint="Look at it again and retry.")
    return Rollout(**row._mapping)


def note_verdict(connection: Connection, rollout_id: int, verdict: Mapping[str, Any], at: datetime) -> None:
    """Keep the judge's last word of a rollout that goes; changes nothing else."""
    connection.execute(
        update(rollouts)
        .where(rollouts.c.rollout_id == rollout_id, rollouts.c.ended_at.is_(None))
        .values(verdict=dict(verdict), judged_at=at)
    )


def begin_step(
    connection: Connection, rollout_id: int, *, step: int, state: str, share: float, at: datetime
) -> None:
    """End the step that goes, and begin another."""
    end_step(connection, rollout_id, at)
    connection.execute(
        insert(rollout_steps).values(rollout_id=rollout_id, step=step, state=state, share=share, began_at=at)
    )


def end_step(connection: Connection, rollout_id: int, at: datetime) -> None:
    connection.execute(
        update(rollout_steps)
        .where(rollout_steps.c.rollout_id == rollout_id, rollout_steps.c.ended_at.is_(None))
        .values(ended_at=func.greatest(at, rollout_steps.c.began_at))
    )


def steps(connection: Connection, rollout_id: int) -> list[Step]:
    """In their order."""
    query = (
        select(*(rollout_steps.c[field.name] for field in fields(Step)))
        .where(rollout_steps.c.rollout_id == rollout_id)
        .order_by(rollout_steps.c.step)
    )
    return [Step(**row._mapping) for row in connection.execute(query)]
