"""The processes that serve, and what each of them has in memory."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from marquee.store.tables import workers

ALIVE_SECONDS = 15.0  # since it was last seen; a worker reports every few seconds


@dataclass(frozen=True, slots=True)
class ServingWorker:
    """One worker of the inference service.

    Attributes:
        worker_id: a new one at each start.
        revision: of the deployment that it has followed.
        champion, challenger: the versions in its memory, warm; None: none.
        problem: why it does not have what it should.
        refusal: why it gave up the challenger, which is broken; None for one that cannot be had as yet.
    """

    worker_id: str
    host: str
    pid: int
    started_at: datetime
    revision: int
    champion: int | None
    challenger: int | None
    problem: str | None
    refusal: str | None = None


_COLUMNS = [workers.c[field.name] for field in fields(ServingWorker)]


def report(connection: Connection, worker: ServingWorker) -> None:
    """Say that a worker lives, and what it serves."""
    values = {**asdict(worker), "seen_at": func.now()}
    statement = insert(workers).values(**values)
    connection.execute(statement.on_conflict_do_update(index_elements=["worker_id"], set_=values))


def leave(connection: Connection, worker_id: str) -> None:
    connection.execute(delete(workers).where(workers.c.worker_id == worker_id))


def alive(connection: Connection) -> list[ServingWorker]:
    """Those seen lately, by Postgres' clock."""
    since = func.now() - timedelta(seconds=ALIVE_SECONDS)
    query = select(*_COLUMNS).where(workers.c.seen_at >= since).order_by(workers.c.worker_id)
    return [ServingWorker(**row._mapping) for row in connection.execute(query)]


def prune(connection: Connection) -> None:
    """Forget those that were killed."""
    since = func.now() - timedelta(seconds=20 * ALIVE_SECONDS)
    connection.execute(delete(workers).where(workers.c.seen_at < since))
