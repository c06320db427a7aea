"""What the tests of impressions share: a look at the table, and its partitions dropped again."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import Engine, text

from marquee.store import impressions

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


def without_partitions(engine: Engine) -> Iterator[None]:
    """A fixture's body: those that a test made are dropped."""
    yield
    with engine.begin() as connection:
        for day in impressions.days(connection):
            connection.execute(text(f"DROP TABLE impressions_{day:%Y%m%d}"))
