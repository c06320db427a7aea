"""Exports: what goes out comes in again, and goes out the same."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from marquee.domain.ids import fault_of_new
from marquee.stack.postgres import Server
from marquee.store import changes
from tests.support.service import Service, running_service
from tests.support.transfers import CSV, JSONL, counts, emptied, export, report

KINDS = ("items", "users", "ratings", "events")
MEDIA_TYPES = {"csv": CSV, "jsonl": JSONL}

NASTY = [
    "a/b",
    "\\N",
    "\\",
    '"quoted"',
    "it's",
    "two words",
    "🎬",
    "%2F",
    "a,b",
    "ابن",
    "👨‍👩‍👧",
    "-1",
    "NULL",
    "{}",
    "[x",
]

_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
_ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(
    lambda id: fault_of_new(id) is None
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_attributes = st.dictionaries(_texts, _json, max_size=3)
_titles = _texts.filter(lambda title: title.strip() != "")
_genres = st.lists(
    st.sampled_from(["Drama", "Sci-Fi", "unknown", "a|b", "a, b", " x ", "[y", "日本"]) | _titles, max_size=4
)
_moments = st.integers(0, 1_700_000_000_000_000).map(lambda us: us / 1e6)


@pytest.fixture(scope="module")
def service(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two workers on a world of their own; no model."""
    with running_service(tmp_path_factory.mktemp("exports"), api_server, "exports") as started:
        yield started


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[dict[str, object]]]:
    """A platform's rows, as Postgres is given them."""
    items = draw(st.lists(_ids, min_size=1, max_size=8, unique=True)) + NASTY
    users = draw(st.lists(_ids, min_size=1, max_size=8, unique=True)) + NASTY
    pairs = draw(
        st.lists(st.tuples(st.sampled_from(users), st.sampled_from(items)), max_size=12, unique=True)
    )
    return {
        "items": [
            {
                "item_id": item,
                "title": draw(_titles),
                "year": draw(st.none() | st.integers(1000, 2100)),
                "genres": draw(_genres),
                "attributes": json.dumps(draw(_attributes)),
                "hidden": draw(st.booleans()),
                "at": draw(_moments),
            }
            for item in dict.fromkeys(items)
        ],
        "users": [
            {
                "user_id": user,
                "age": draw(st.none() | st.integers(0, 150)),
                "gender": draw(st.none() | _titles),
                "attributes": json.dumps(draw(_attributes)),
            }
            for user in dict.fromkeys(users)
        ],
        "ratings": [
            {"user_id": user, "item_id": item, "rating": draw(st.integers(1, 10)) / 2, "at": draw(_moments)}
            for user, item in pairs
        ],
        "events": [
            {
                "event_id": f"e{n}",
                "user_id": user,
                "item_id": item,
                "at": draw(_moments),
                "value": draw(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
                "variant": draw(st.none() | st.just("champion")),
            }
            for n, (user, item) in enumerate(pairs)
        ],
    }


_INSERTS = {
    "items": "INSERT INTO items (item_id, title, year, genres, attributes, hidden, created_at) VALUES "
    "(:item_id, :title, :year, :genres, CAST(:attributes AS jsonb), :hidden, to_timestamp(:at))",
    "users": "INSERT INTO users (user_id, age, gender, attributes) VALUES "
    "(:user_id, :age, :gender, CAST(:attributes AS jsonb))",
    "ratings": "INSERT INTO ratings (user_id, item_id, rating, rated_at) VALUES "
    "(:user_id, :item_id, :rating, to_timestamp(:at))",
    "events": "INSERT INTO events (event_id, kind, user_id, item_id, at, value, variant) VALUES "
    "(:event_id, 'play', :user_id, :item_id, to_timestamp(:at), :value, :variant)",
}


def fill(service: Service, rows: dict[str, list[dict[str, object]]]) -> None:
    """Put rows into an emptied platform."""
    emptied(service.engine)
    with service.engine.begin() as connection:
        for kind in KINDS:
            if rows[kind]:
                connection.execute(text(_INSERTS[kind]), rows[kind])


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_round_trip_loses_nothing(service: Service, form: str) -> None:
    """Everything goes out, into an empty platform, and out again: byte for byte the same."""

    @settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(tables())
    def goes_round(rows: dict[str, list[dict[str, object]]]) -> None:
        fill(service, rows)
        first = {kind: export(service, kind, form) for kind in KINDS}
        emptied(service.engine)
        for kind in KINDS:
            told = (
                report(service, kind, first[kind] or b"\n", media_type=MEDIA_TYPES[form])
                if first[kind]
                else None
            )
            assert told is None or told["rejects"] == []
            assert told is None or counts(told)[0] == len(rows[kind])
        assert {kind: export(service, kind, form) for kind in KINDS} == first

    goes_round()


def test_csv_is_quoted_as_it_must_be(service: Service) -> None:
    emptied(service.engine)
    with service.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO items (item_id, title, year, genres, created_at) VALUES "
                 "('a,b', E'He said \"no\"\\n', 1999, '{Drama,Sci-Fi}', to_timestamp(1.5)), "
                 "('🎬', ' x', NULL, '{\"a|b\"}', to_timestamp(0))")
        )  # fmt: skip
    assert export(service, "items").decode() == (
        "item_id,title,year,genres,hidden,created_at,attributes\n"
        '"a,b","He said ""no""\n",1999,"Drama|Sci-Fi",false,1.5,\n'
        '🎬," x",,"[""a|b""]",false,0,\n'
    )


def test_an_empty_table_is_a_header_or_nothing(service: Service) -> None:
    emptied(service.engine)
    assert export(service, "ratings") == b"user_id,item_id,rating,timestamp\n"
    assert export(service, "ratings", "jsonl") == b""


def test_an_export_is_named_and_typed(service: Service) -> None:
    with service.client("read") as client:
        answer = client.get("/api/v1/exports/items?format=jsonl")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="items.jsonl"'


def test_an_export_that_nobody_takes_further_ends(service: Service) -> None:
    with service.engine.begin() as connection:
        connection.execute(text("INSERT INTO items (item_id, title) SELECT 'z' || n, repeat('x', 400) "
                                "FROM generate_series(1, 100000) n"))  # fmt: skip
        changes.publish(connection, "items")
    with service.client("read") as client, client.stream("GET", "/api/v1/exports/items") as answer:
        assert next(answer.iter_bytes(1000)).startswith(b"item_id,")
    query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'marquee-export'")
    for _ in range(300):
        with service.engine.connect() as connection:
            if connection.execute(query).scalar_one() == 0:
                return
    raise AssertionError("the export goes on")
