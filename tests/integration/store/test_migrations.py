"""What the migrations do to rows that stand."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from marquee.stack import postgres as embedded
from marquee.store import items
from marquee.store.engine import connect, migrate


@pytest.fixture
def unmigrated(postgres: embedded.Server) -> Iterator[Engine]:
    name = f"unmigrated_{uuid4().hex[:12]}"
    postgres.ensure_databases(name)
    engine = connect(postgres.url(name), application_name="tests")
    yield engine
    engine.dispose()


def test_an_item_whose_time_no_calendar_has_is_read_again(unmigrated: Engine) -> None:
    migrate(unmigrated, to="0003")
    written = {
        "old": "1201-01-01Z BC",
        "far": "12000-05-05Z",
        "never": "infinity",
        "ever": "-infinity",
        "first": "0002-01-01Z",
        "last": "9998-12-31Z",
        "known": "1995-06-07Z",
    }
    add = text("INSERT INTO items (item_id, title, created_at) VALUES (:id, :id, CAST(:at AS timestamptz))")
    with unmigrated.begin() as connection:
        for item_id, at in written.items():
            connection.execute(add, {"id": item_id, "at": at})

    migrate(unmigrated)

    with unmigrated.connect() as connection:
        found = {record.item_id: record.created_at for record in items.all_items(connection)}
    assert found == {
        "old": datetime(2, 1, 1, tzinfo=UTC),
        "far": datetime(9998, 12, 31, tzinfo=UTC),
        "never": datetime(9998, 12, 31, tzinfo=UTC),
        "ever": datetime(2, 1, 1, tzinfo=UTC),
        "first": datetime(2, 1, 1, tzinfo=UTC),
        "last": datetime(9998, 12, 31, tzinfo=UTC),
        "known": datetime(1995, 6, 7, tzinfo=UTC),
    }
    for at in written["old"], written["never"], "0001-12-31Z", "9999-01-01Z":
        with pytest.raises(IntegrityError, match="items_created_at_check"), unmigrated.begin() as connection:
            connection.execute(add, {"id": "new", "at": at})


def test_texts_with_line_breaks_become_lines(unmigrated: Engine) -> None:
    migrate(unmigrated, to="0004")
    with unmigrated.begin() as connection:
        connection.execute(
            text("INSERT INTO items (item_id, title, genres) VALUES (:id, :title, :genres)"),
            [
                {"id": "broken", "title": "two\n\tlines\u2028", "genres": ["b\r\nc", " ", "a", "\u0085"]},
                {"id": "nothing", "title": "\n", "genres": []},
                {"id": "sound", "title": "  as it stands ✨ ", "genres": [" x ", "a|b"]},
            ],
        )
        connection.execute(
            text("INSERT INTO users (user_id, gender, occupation) VALUES (:id, :gender, :work)"),
            [
                {"id": "broken", "gender": "\n", "work": "tech\nnician"},
                {"id": "sound", "gender": " F ", "work": None},
            ],
        )

    migrate(unmigrated)

    with unmigrated.connect() as connection:
        found = {record.item_id: (record.title, record.genres) for record in items.all_items(connection)}
        people = connection.execute(text("SELECT user_id, gender, occupation FROM users ORDER BY 1")).all()
    assert found == {
        "broken": ("two lines", ("b c", "a")),
        "nothing": ("nothing", ()),
        "sound": ("  as it stands ✨ ", (" x ", "a|b")),
    }
    assert [tuple(person) for person in people] == [
        ("broken", None, "tech nician"),
        ("sound", " F ", None),
    ]
