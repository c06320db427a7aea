"""Ratings of an import into the table, where some are new, some stand, and others come at the same moment."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text

from marquee.store import imports
from marquee.store.copying import Touched

HOUR = 3_600_000_000  # microseconds


@pytest.fixture(autouse=True)
def nobody_has_rated(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM ratings"))
        imports.make(connection, "users", ["ann", "bob"])
        imports.make(connection, "items", ["apple", "fig", "pear"])


def _merge(engine: Engine, *rows: tuple[str, str, float, int]) -> Touched:
    with engine.begin() as connection:
        return _merge_within(connection, rows)


def _merge_within(connection: Connection, rows: Iterable[tuple[str, str, float, int]]) -> Touched:
    lines = [f'"{user}","{item}",{stars},{hours * HOUR}\n' for user, item, stars, hours in rows]
    return imports.merge_ratings(connection, "".join(lines).encode(), timed=True, fresh=True)


def _standing(engine: Engine) -> dict[tuple[str, str], float]:
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT user_id, item_id, rating FROM ratings")).all()
    return {(row.user_id, row.item_id): row.rating for row in rows}


def test_what_is_new_is_inserted(engine: Engine) -> None:
    touched = _merge(engine, ("ann", "apple", 5, 1), ("bob", "fig", 4, 1))
    assert (touched.inserted, touched.fresh) == (2, True)
    assert _standing(engine) == {("ann", "apple"): 5, ("bob", "fig"): 4}


def test_rows_that_are_new_later_earlier_and_the_same_come_together(engine: Engine) -> None:
    _merge(engine, ("ann", "apple", 1, 5), ("ann", "fig", 1, 5), ("ann", "pear", 1, 5))
    touched = _merge(
        engine,
        *[("ann", "apple", 2, 6), ("ann", "fig", 2, 4), ("ann", "pear", 1, 5), ("bob", "apple", 2, 4)],
    )
    assert (touched.inserted, touched.updated, sorted(touched.keys)) == (1, 1, ["ann", "bob"])
    assert _standing(engine) == {
        ("ann", "apple"): 2,
        ("ann", "fig"): 1,
        ("ann", "pear"): 1,
        ("bob", "apple"): 2,
    }


@pytest.mark.parametrize(("hours", "stars", "updated"), [(9, 5.0, 1), (1, 3.0, 0)])
def test_a_rating_that_another_inserts_at_this_moment_is_merged_with(
    engine: Engine, hours: int, stars: float, updated: int
) -> None:
    with ThreadPoolExecutor(1) as thread, engine.connect() as other:
        _merge_within(other, [("ann", "fig", 3, 5)])
        merging = thread.submit(_merge, engine, ("ann", "apple", 5, hours), ("ann", "fig", 5, hours))
        _await_somebody_waiting(engine)
        other.commit()
        touched = merging.result(timeout=30)
    assert (touched.inserted, touched.updated, touched.fresh) == (1, updated, False)
    assert _standing(engine) == {("ann", "apple"): 5, ("ann", "fig"): stars}


def _await_somebody_waiting(engine: Engine) -> None:
    ends = time.monotonic() + 30
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while time.monotonic() < ends:
        with engine.begin() as connection:
            if connection.scalar(text(query)):
                return
        time.sleep(0.02)
    pytest.fail("Nobody waits for the row.")
