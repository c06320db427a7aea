"""What was trained on, by the hash of its sorted rows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from marquee.store.tables import model_versions, snapshots


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    hash: str
    ratings: int
    users: int
    items: int
    first_rated_at: datetime
    trained_through: datetime
    taken_at: datetime


def record(
    connection: Connection,
    *,
    hash: str,  # noqa: A002 - the table's word
    ratings: int,
    users: int,
    items: int,
    first_rated_at: datetime,
    trained_through: datetime,
    taken_at: datetime,
) -> None:
    """Remember a snapshot; one that was taken before gets the new `taken_at`."""
    statement = insert(snapshots).values(
        hash=hash,
        ratings=ratings,
        users=users,
        items=items,
        first_rated_at=first_rated_at,
        trained_through=trained_through,
        taken_at=taken_at,
    )
    connection.execute(statement.on_conflict_do_update(index_elements=["hash"], set_={"taken_at": taken_at}))


def get(connection: Connection, snapshot_hash: str) -> SnapshotRecord | None:
    row = connection.execute(select(snapshots).where(snapshots.c.hash == snapshot_hash)).first()
    return None if row is None else SnapshotRecord(**row._mapping)


def last_trained_on(connection: Connection) -> datetime | None:
    """When the data was taken that a version was last made of; ratings received later are new.

    What a training took that came to nothing is new still.
    """
    made_of = snapshots.c.hash.in_(select(model_versions.c.snapshot))
    newest: datetime | None = connection.scalar(select(func.max(snapshots.c.taken_at)).where(made_of))
    return newest
