"""The change feed: nothing that commits late is skipped, nothing is said twice, nobody is held up."""

from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import Engine

from marquee.domain.records import Rating
from marquee.store import changes, items, ratings
from marquee.store.changes import ChangeReader

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _reader(engine: Engine) -> ChangeReader:
    reader = ChangeReader()
    with engine.connect() as connection:
        reader.start(connection)
    return reader


def _read(engine: Engine, reader: ChangeReader) -> list[tuple[str, str | None]]:
    with engine.connect() as connection:
        return [(change.kind, change.key) for change in reader.read(connection)]


def test_a_change_is_told_once_and_only_after_its_commit(engine: Engine) -> None:
    reader = _reader(engine)
    with engine.connect() as writer:
        changes.publish(writer, "rating", ["u/1"])
        assert _read(engine, reader) == []
        writer.commit()

    assert _read(engine, reader) == [("rating", "u/1")]
    assert _read(engine, reader) == []


def test_what_was_committed_before_the_start_is_not_told(engine: Engine) -> None:
    with engine.begin() as writer:
        changes.publish(writer, "item", ["early"])

    assert _read(engine, _reader(engine)) == []


def test_a_transaction_that_commits_late_is_not_skipped_and_holds_nobody_up(engine: Engine) -> None:
    reader = _reader(engine)
    with engine.connect() as slow:
        changes.publish(slow, "rating", ["slow"])  # takes the lower id and the older transaction id
        with engine.begin() as quick:
            changes.publish(quick, "rating", ["quick"])

        assert _read(engine, reader) == [("rating", "quick")]
        assert _read(engine, reader) == []
        slow.commit()

    assert _read(engine, reader) == [("rating", "slow")]
    assert _read(engine, reader) == []


def test_a_rolled_back_change_is_never_told(engine: Engine) -> None:
    reader = _reader(engine)
    with engine.connect() as writer:
        changes.publish(writer, "rating", ["undone"])
        writer.rollback()

    assert _read(engine, reader) == []


def test_a_bulk_load_writes_one_row_not_one_a_rating(engine: Engine) -> None:
    with engine.begin() as connection:
        items.ensure(connection, ["1", "2"])
        ratings.put(connection, Rating("u", "1", 4.0, NOW))
    reader = _reader(engine)
    with engine.begin() as connection:
        ratings.copy_in(
            connection,
            pd.DataFrame(
                {
                    "user_id": ["u", "u"],
                    "item_id": ["1", "2"],
                    "rating": [3.0, 2.0],
                    "timestamp": [2**31, 5],
                }
            ),
        )

    assert _read(engine, reader) == [("ratings", None)]
