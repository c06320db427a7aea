"""What the tests of impressions share: a look at the table, and its partitions dropped again."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from sqlalchemy import Connection, Engine, text

from marquee.store import impression_rows, impressions
from marquee.store.impression_rows import Impression

# Also what arrays and JSON write in a way of their own.
ITEMS = ("a", "b/c", "🎬", '"', "{}", "\\", "a,b", "null", "\\n", '{"x"}', "'", "\b\n\t\x1f")


def days_of(engine: Engine) -> list[date]:
    """The days that have a partition."""
    with engine.connect() as connection:
        return impressions.days(connection)


def written_to(engine: Engine) -> list[tuple[str | None, list[str]]]:
    """User id and items of every list, oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT user_id, item_ids FROM impressions ORDER BY at, user_id"))
        return [(row.user_id, row.item_ids) for row in rows]


def write(connection: Connection, shown: Sequence[Impression], unheard: timedelta = timedelta(0)) -> int:
    """Write lists within a transaction; see `impression_rows.write`."""
    session = connection.connection.cursor()
    if "impressions prepared" not in connection.info:
        impression_rows.prepare(session)
        connection.info["impressions prepared"] = True
    return impression_rows.write(session, shown, unheard)


def without_partitions(engine: Engine) -> Iterator[None]:
    """A fixture's body: those that a test made are dropped."""
    yield
    with engine.begin() as connection:
        for day in impressions.days(connection):
            connection.execute(text(f"DROP TABLE impressions_{day:%Y%m%d}"))
