"""The lists that were shown: one row a list, a partition a day (UTC), dropped whole when its time is over."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from psycopg2.errors import LockNotAvailable
from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.exc import OperationalError

from marquee.domain.errors import Conflict
from marquee.store.impression_rows import ERASURE_LOCK, Impression
from marquee.store.tables import impressions

DAYS_AHEAD = 2  # partitions made before they are needed
_PARTITION_LOCK = 7_205_759_407  # held while partitions are made or dropped
_LOCK_WAIT_MS = 2_000
_LATER = "The next time may find them free."
_PREFIX = "impressions_"
_DAY = "%Y%m%d"


def day_of(moment: datetime) -> date:
    """The day in UTC to whose partition a list belongs."""
    return moment.astimezone(UTC).date()


def days(connection: Connection) -> list[date]:
    """The days that have a partition, oldest first."""
    names = connection.scalars(
        text(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
            "WHERE inhparent = CAST('impressions' AS regclass) ORDER BY child.relname"
        )
    )
    return [datetime.strptime(name.removeprefix(_PREFIX), _DAY).replace(tzinfo=UTC).date() for name in names]


def make_days(connection: Connection, wanted: Iterable[date]) -> list[date]:
    """Make the partitions of some days where they are missing, in this transaction; returns those made.

    A partition is attached rather than made in its place, because that lets others read and write meanwhile.
    """
    _keep_others_out(connection)
    missing = sorted(set(wanted) - set(days(connection)))
    for day in missing:
        name, until = _name(day), day + timedelta(days=1)
        connection.execute(text(f"CREATE TABLE {name} (LIKE impressions INCLUDING DEFAULTS)"))
        connection.execute(
            text(
                f"ALTER TABLE impressions ATTACH PARTITION {name} "
                f"FOR VALUES FROM ('{day}T00:00:00Z') TO ('{until}T00:00:00Z')"
            )
        )
    return missing


def drop_days(connection: Connection, *, now: datetime, keep_days: int) -> list[date]:
    """Drop the partitions of days that ended `keep_days` or longer ago; returns those dropped.

    Raises:
        Conflict: somebody has been reading them for longer than this waits; nothing is dropped.
    """
    first_kept = day_of(now) - timedelta(days=keep_days)
    try:
        _keep_others_out(connection)
        over = [day for day in days(connection) if day < first_kept]
        for day in over:
            connection.execute(text(f"DROP TABLE {_name(day)}"))
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise Conflict("Old impressions are being read, and not dropped now.", hint=_LATER) from error
        raise
    return over


def written(connection: Connection, request_ids: Iterable[str]) -> set[tuple[str, str | None]]:
    """(request id, user id) of those lists among some that are in the table."""
    rows = connection.execute(
        text(
            "SELECT pg_advisory_xact_lock_shared(:lock); "  # before any of the table's, as whoever writes
            "SELECT request_id, user_id FROM impressions WHERE request_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"ids": list(set(request_ids)), "lock": ERASURE_LOCK},
    )
    return {(str(row.request_id), row.user_id) for row in rows}


def shown_since(
    connection: Connection, moment: datetime, *, most: int
) -> list[tuple[str, str, datetime, list[str]]]:
    """(request id, user id, when, items) of the lists shown to people since then, oldest first.

    Found by the request ids, which sort by time: there is an index on them. Of more than `most`, the newest.
    """
    rows = connection.execute(
        text(
            "SELECT request_id, user_id, at, item_ids FROM impressions "
            "WHERE request_id >= CAST(:first AS uuid) AND at >= :moment AND user_id IS NOT NULL "
            "ORDER BY request_id DESC LIMIT :most"
        ),
        {"first": first_uuid7(moment), "moment": moment, "most": most},
    ).all()
    return [(str(row.request_id), row.user_id, row.at, row.item_ids) for row in reversed(rows)]


def are_many(connection: Connection, number: int, since: datetime) -> bool:
    """Whether at least so many lists were shown to people since then; reads no more than are needed."""
    shown = (
        select(impressions.c.at)
        .where(impressions.c.at >= since, impressions.c.user_id.is_not(None))
        .limit(number)
        .subquery()
    )
    return (connection.scalar(select(func.count()).select_from(shown)) or 0) >= number


def of_user(connection: Connection, user_id: str) -> Iterator[Impression]:
    """Everything shown to a person, oldest first."""
    query = select(impressions).where(impressions.c.user_id == user_id).order_by(impressions.c.at)
    for row in connection.execution_options(stream_results=True, yield_per=1_000).execute(query):
        yield Impression(**{**row._mapping, "request_id": str(row.request_id)})


def forget(connection: Connection, user_id: str) -> int:
    """Delete what was shown to a person, and have nothing of it written later; returns how many lists it was.

    Lists of the next second are not written either, for clocks differ.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ERASURE_LOCK})
    forgotten = connection.execute(delete(impressions).where(impressions.c.user_id == user_id)).rowcount
    connection.execute(_ERASED, {"user_id": user_id})
    return int(forgotten)


# `now()` is when the transaction began: lists may have been shown since.
_ERASED = text("INSERT INTO changes (kind, key, at) VALUES ('user_erased', :user_id, clock_timestamp())")


def _keep_others_out(connection: Connection) -> None:
    """Take the lock on partitions until the transaction ends, and wait for other locks a moment only."""
    connection.execute(text(f"SET LOCAL lock_timeout = {_LOCK_WAIT_MS}"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _PARTITION_LOCK})


def _name(day: date) -> str:
    return f"{_PREFIX}{day.strftime(_DAY)}"


def first_uuid7(moment: datetime) -> str:
    """The smallest UUID of version 7 made at that time (RFC 9562: 48 bits of milliseconds, then the rest)."""
    milliseconds = f"{int(moment.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-000000000000"
