"""Exports: what goes out comes in again, and goes out the same."""

from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, settings
from sqlalchemy import text

from marquee.stack.postgres import Server
from marquee.store import changes
from tests.support.service import Service, eventually, running_service
from tests.support.tables import KINDS, emptied, fill, tables
from tests.support.transfers import CSV, JSONL, counts, export, report

MEDIA_TYPES = {"csv": CSV, "jsonl": JSONL}


@pytest.fixture(scope="module")
def service(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two workers on a world of their own; no model."""
    with running_service(tmp_path_factory.mktemp("exports"), api_server, "exports") as started:
        yield started


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_round_trip_over_http_loses_nothing(service: Service, form: str) -> None:
    """Everything goes out, into an empty platform, and out again: byte for byte the same."""

    @settings(max_examples=1, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(tables(least=20))
    def goes_round(rows: dict[str, list[dict[str, object]]]) -> None:
        fill(service.engine, rows)
        first = {kind: export(service, kind, form) for kind in KINDS}
        emptied(service.engine)
        for kind in KINDS:
            told = report(service, kind, first[kind], media_type=MEDIA_TYPES[form])
            assert told["rejects"] == []
            assert counts(told)[0] == len(rows[kind])
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

    def nobody_exports() -> bool:
        with service.engine.connect() as connection:
            return bool(connection.execute(query).scalar_one() == 0)

    eventually(nobody_exports, what="the end of the export")
