"""Events against a real PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from marquee.domain.columns import EVENT_COLUMNS
from marquee.domain.records import Event
from marquee.store import events, items, users
from marquee.store.changes import ChangeReader
from marquee.store.copying import Loaded
from marquee.store.events import Outcome

NOW = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _only_two_items(engine: Engine) -> None:
    ids = ["i1", "i2"]
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE users, items, events CASCADE"))
        items.upsert_frame(
            connection,
            pd.DataFrame({"item_id": ids, "title": ids, "year": [None] * 2, "genres": [[], []]}),
        )


def _event(event_id: str, user_id: str = "u1", item_id: str = "i1", **more: Any) -> Event:
    return Event(
        **{"event_id": event_id, "kind": "click", "user_id": user_id, "item_id": item_id, "at": NOW} | more
    )


def _add(engine: Engine, *batch: Event) -> list[Outcome]:
    with engine.begin() as connection:
        return events.add_many(connection, batch)


def _all(engine: Engine) -> list[Event]:
    with engine.connect() as connection:
        return list(events.stream(connection))


def test_an_event_is_kept_as_it_came(engine: Engine) -> None:
    whole = _event(
        "a", value=1.5, request_id=UUID(int=7), model_version=3, variant="champion", kind="odd 🎬 'kind'"
    )
    assert _add(engine, whole, _event("b")) == [Outcome("a", "accepted"), Outcome("b", "accepted")]
    assert _all(engine) == [whole, _event("b")]


def test_the_first_event_with_an_id_stands(engine: Engine) -> None:
    first = _event("a", kind="like")
    assert _add(engine, first, _event("a", kind="play")) == [
        Outcome("a", "accepted"),
        Outcome("a", "duplicate"),
    ]
    assert _add(engine, _event("a", user_id="u2", item_id="no such item")) == [Outcome("a", "duplicate")]
    assert _all(engine) == [first]
    with engine.connect() as connection:
        assert users.get(connection, "u2") is None


def test_one_bad_event_does_not_keep_out_the_others(engine: Engine) -> None:
    outcomes = _add(engine, _event("a", item_id="i9"), _event("b"), _event("c", user_id=" u "), _event("d"))
    assert [outcome.status for outcome in outcomes] == ["refused", "accepted", "refused", "accepted"]
    assert outcomes[0].reason == "There is no item 'i9'."
    assert outcomes[2].reason == "' u ' cannot name a new user: the id begins or ends with white space."
    assert [event.event_id for event in _all(engine)] == ["b", "d"]


def test_unknown_people_are_made_and_workers_hear_of_each_person_once(engine: Engine) -> None:
    with engine.begin() as connection:
        users.ensure(connection, ["u1"])
    reader = ChangeReader()
    with engine.connect() as connection:
        reader.start(connection)
        connection.rollback()
        _add(engine, _event("a"), _event("b"), _event("c", user_id="u2"), _event("d", item_id="i9"))
        told = [(change.kind, change.key) for change in reader.read(connection)]
    assert sorted(told) == [("event", "u1"), ("event", "u2"), ("user", "u2")]


def test_a_batch_of_nothing_new_tells_nobody(engine: Engine) -> None:
    _add(engine, _event("a"))
    reader = ChangeReader()
    with engine.connect() as connection:
        reader.start(connection)
        connection.rollback()
        _add(engine, _event("a"), _event("b", item_id="i9"))
        assert _add(engine) == []
        assert reader.read(connection) == []


def test_pages_go_from_the_newest_back(engine: Engine) -> None:
    _add(engine, *(_event(str(n), at=NOW + timedelta(seconds=n // 2)) for n in range(5)))
    with engine.connect() as connection:
        first = events.of_user(connection, "u1", limit=3)
        rest = events.of_user(connection, "u1", limit=3, after=(first[-1].at, first[-1].event_id))
        assert [event.event_id for event in first + rest] == ["4", "3", "2", "1", "0"]
        assert events.of_user(connection, "u2", limit=3) == []


def test_only_the_person_whose_event_it_is_can_have_it_removed(engine: Engine) -> None:
    _add(engine, _event("a"))
    with engine.begin() as connection:
        assert not events.remove(connection, "u2", "a")
        assert events.remove(connection, "u1", "a")
        assert not events.remove(connection, "u1", "a")
        assert events.count(connection) == 0


@pytest.mark.parametrize(
    "gone", ["DELETE FROM users WHERE user_id = 'u1'", "DELETE FROM items WHERE item_id = 'i1'"]
)
def test_events_go_with_their_person_or_item(engine: Engine, gone: str) -> None:
    _add(engine, _event("a"), _event("b", user_id="u2", item_id="i2"))
    with engine.begin() as connection:
        connection.execute(text(gone))
    assert [event.event_id for event in _all(engine)] == ["b"]


def test_a_stream_may_begin_at_a_moment(engine: Engine) -> None:
    _add(engine, *(_event(str(n), at=NOW + timedelta(hours=n)) for n in range(4)))
    with engine.connect() as connection:
        assert [e.event_id for e in events.stream(connection, since=NOW + timedelta(hours=2))] == ["2", "3"]


def test_a_bulk_load_brings_back_what_a_stream_gave(engine: Engine) -> None:
    whole = [_event("a\t\\N", value=0.1, request_id=UUID(int=9), model_version=2, variant="v"), _event("b")]
    _add(engine, *whole)
    frame = pd.DataFrame([{name: getattr(event, name) for name in EVENT_COLUMNS} for event in whole])
    frame = frame.astype({"model_version": "Int64"})
    with engine.begin() as connection:
        assert events.copy_in(connection, frame) == Loaded(0, 0, 2)
        connection.execute(text("DELETE FROM events"))
        assert events.copy_in(connection, frame) == Loaded(2, 0, 0)
    assert _all(engine) == whole
