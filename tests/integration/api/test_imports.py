"""Imports over HTTP: good rows in, every bad one told, the same rows twice change nothing."""

import gzip
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from marquee.data import validation
from marquee.data.catalogue import NOT_A_YEAR, NOT_AN_AGE, NOT_ATTRIBUTES
from marquee.data.imports.catalogue import BEYOND, NOT_A_CHOICE
from marquee.data.imports.events import NOT_A_REQUEST, UNKNOWN_KIND
from marquee.data.parsing import LATE_KEY, NOT_AN_OBJECT, RAGGED, TOO_LONG, UNCLOSED
from marquee.data.rejects import NOT_DECODABLE
from marquee.domain import ids
from marquee.settings import RatingScale
from marquee.stack.postgres import Server
from tests.support.service import Service, path_of, running_service
from tests.support.transfers import (
    JSONL,
    RATINGS,
    as_lines,
    counts,
    export,
    faults,
    report,
    send,
    stored_ratings,
)

OFF_SCALE = validation.RatingRules(RatingScale(), datetime(2026, 1, 1, tzinfo=UTC)).off_scale
_people = itertools.count(1)


@pytest.fixture(scope="module")
def service(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two workers on a world of their own; no model."""
    with running_service(tmp_path_factory.mktemp("imports"), api_server, "imports") as started:
        yield started


@pytest.fixture
def person() -> str:
    """Somebody nobody has heard of."""
    return f"import-{next(_people)}"


# ---- ratings ----


def test_ratings_come_in_as_csv_and_make_people(service: Service, person: str) -> None:
    told = report(
        service, "ratings", f"{RATINGS}{person},i001,4.5,881250949\n{person},i002,3,1700000000.25\n"
    )
    assert counts(told) == (2, 0, 0, 0)
    assert (told["created_users"], told["created_items"]) == (1, 0)
    assert told["rejects"] == []
    assert stored_ratings(service.engine, person) == [
        ("i001", 4.5, "1997-12-04 15:55:49+00"),
        ("i002", 3.0, "2023-11-14 22:13:20.25+00"),
    ]


def test_ratings_come_in_as_jsonl(service: Service, person: str) -> None:
    body = (
        f'{{"user_id": "{person}", "item_id": "i001", "rating": 4.5, "timestamp": "2026-03-01T20:15+01"}}\n'
        f'{{"item_id": "i002", "rating": 3, "user_id": "{person}", "timestamp": 100, "note": "x"}}\n'
    )
    told = report(service, "ratings", body, media_type=JSONL)
    assert counts(told) == (2, 0, 0, 0)
    assert told["ignored_columns"] == ["note"]
    assert stored_ratings(service.engine, person) == [
        ("i001", 4.5, "2026-03-01 19:15:00+00"),
        ("i002", 3.0, "1970-01-01 00:01:40+00"),
    ]


def test_a_bad_row_of_any_sort_is_told_and_the_good_ones_are_kept(service: Service, person: str) -> None:
    rows = [
        b"%s,i000,4,100" % person.encode(),
        b"",  # 3: blank lines are nothing
        b"%s,i001,4" % person.encode(),
        b"%s,i001,nan,100" % person.encode(),
        b"%s,i001,four,100" % person.encode(),
        b"%s,i001,4.25,100" % person.encode(),
        b"%s,i001,6,100" % person.encode(),
        b"%s\0,i001,4,100" % person.encode(),
        b"\xff\xfe,i001,4,100",
        b"%s,i001,4,yesterday" % person.encode(),
        b"%s,i001,4,99999999999" % person.encode(),
        b"%s,i001,4," % person.encode(),
        b"%s,i001,4,-3000000000" % person.encode(),
        b"%s,no such item,4,100" % person.encode(),
        b"%s,,4,100" % person.encode(),
        b'%s,"i001",4,100' % person.encode(),
        b"%s,i002,%s,100" % (person.encode(), b"x" * 3_000_000),
        b"%s,i003,4,100" % person.encode(),
        b'%s,"i004,4,100' % person.encode(),
    ]
    body = RATINGS.encode() + b"\r\n".join(rows)
    told = report(service, "ratings", body)
    assert faults(told) == [
        (4, "", RAGGED),
        (5, "rating", validation.NOT_FINITE),
        (6, "rating", validation.NOT_A_NUMBER),
        (7, "rating", OFF_SCALE),
        (8, "rating", OFF_SCALE),
        (9, "user_id", ids.NUL),
        (10, "user_id", NOT_DECODABLE),
        (11, "timestamp", validation.not_a_time("timestamp")),
        (12, "timestamp", validation.IN_THE_FUTURE),
        (13, "timestamp", validation.no_time("timestamp")),
        (14, "timestamp", validation.BEFORE_1900),
        (15, "item_id", validation.UNKNOWN_ITEM),
        (16, "item_id", ids.EMPTY),
        (18, "", TOO_LONG),
        (20, "", UNCLOSED),
    ]
    assert counts(told) == (3, 0, 0, 15)
    assert sum(told["reasons"].values()) == 15
    assert [item for item, _, _ in stored_ratings(service.engine, person)] == ["i000", "i001", "i003"]


def test_a_bad_line_of_jsonl_is_told(service: Service, person: str) -> None:
    body = (
        f'{{"user_id": "{person}", "item_id": "i001", "rating": 4, "timestamp": 100}}\n'
        "not json\n"
        "[1, 2]\n"
        f'{{"user_id": "{person}", "item_id": "i001", "timestamp": 100}}\n'
        f'{{"user_id": "{person}", "item_id": 1.5, "rating": 4, "timestamp": 100}}\n'
        f'{{"user_id": "{person}", "item_id": "i002", "rating": null, "timestamp": 100}}\n'
    )
    told = report(service, "ratings", body, media_type=JSONL)
    assert [(line, field) for line, field, _ in faults(told)] == [
        (2, "column 1"),
        (3, ""),
        (4, "rating"),
        (5, "item_id"),
        (6, "rating"),
    ]
    assert faults(told)[1][2] == NOT_AN_OBJECT
    assert counts(told) == (1, 0, 0, 5)


def test_a_time_that_only_later_rows_have_is_a_fault_of_theirs(service: Service, person: str) -> None:
    """Without a time in the first thousand rows, ratings are of now; a time must not be passed over."""
    line = f'{{"user_id": "{person}", "item_id": "i001", "rating": 4}}\n'
    late = line.replace("i001", "i002").replace("}", ', "ratedAt": 1000}')
    told = report(service, "ratings", line * 2000 + late, media_type=JSONL)
    assert counts(told) == (1, 0, 1999, 1)
    assert told["rejects"] == [{"line": 2001, "field": "timestamp", "value": "ratedAt", "reason": LATE_KEY}]
    nothing = late.replace("1000", "null")
    assert counts(report(service, "ratings", line * 2000 + nothing, media_type=JSONL))[3] == 0
    spelt = line.replace("item_id", "itemId")
    assert faults(
        report(service, "ratings", line * 2000 + line[:-2] + f", {spelt[1:]}", media_type=JSONL)
    ) == [(2001, "item_id", LATE_KEY)]


def test_a_key_without_end_is_told_in_short(service: Service, person: str) -> None:
    """What a client sends goes into lines that have a length."""
    line = f'{{"user_id": "{person}", "item_id": "i001", "rating": 4}}\n'
    long = line.replace("}", f', "rated{"_" * 70_000}at": 1, "{"x" * 70_000}": 2}}')
    told = report(service, "ratings", line * 2000 + long, media_type=JSONL)
    assert counts(told) == (1, 0, 1999, 1)
    assert len(told["rejects"][0]["value"]) < 500
    told = report(service, "ratings", line[:-2] + f', "{"y" * 70_000}": 2}}\n', media_type=JSONL)
    assert counts(told) == (0, 0, 1, 0)
    assert len(told["ignored_columns"][0]) < 500


def test_what_events_need_not_have_may_come_in_later_rows(service: Service, person: str) -> None:
    head = f'{{"kind": "play", "user_id": "{person}", "item_id": "i001", "at": 100, "event_id": "{person}'
    lines = [f'{head}-{n}"}}\n' for n in range(2000)]
    lines += [f'{head}-x", "value": 0.5}}\n', f'{head}-y", "Value": 0.5}}\n']
    told = report(service, "events", "".join(lines), media_type=JSONL)
    assert counts(told) == (2001, 0, 0, 1)
    assert faults(told) == [(2002, "value", LATE_KEY)]
    assert f"{person}-x,play,{person},i001,100,0.5,,,".encode() in export(service, "events").replace(
        b'"', b""
    )


def test_a_byte_order_mark_and_crlf_are_nothing(service: Service, person: str) -> None:
    body = b"\xef\xbb\xbf" + f"{RATINGS}{person},i001,4,100\n".replace("\n", "\r\n").encode()
    assert counts(report(service, "ratings", body)) == (1, 0, 0, 0)


def test_an_encoding_may_be_named(service: Service) -> None:
    body = "user_id,item_id,rating,timestamp\nZoë,i001,4,100\n".encode("latin-1")
    told = report(service, "ratings", body, media_type="text/csv; charset=latin-1")
    assert counts(told) == (1, 0, 0, 0)
    assert stored_ratings(service.engine, "Zoë") == [("i001", 4.0, "1970-01-01 00:01:40+00")]


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_may_be_compressed(service: Service, person: str, announced: bool) -> None:
    body = gzip.compress(f"{RATINGS}{person},i001,4,100\n".encode())
    headers = {"Content_Encoding": "gzip"} if announced else {}
    assert counts(report(service, "ratings", body, **headers)) == (1, 0, 0, 0)


def test_the_same_rows_twice_change_nothing(service: Service, person: str) -> None:
    body = f"{RATINGS}{person},i001,4,100\n{person},i002,3,200.5\n"
    report(service, "ratings", body)
    before = _everything(service)
    assert counts(report(service, "ratings", body)) == (0, 0, 2, 0)
    assert _everything(service) == before


def test_the_same_untimed_rows_twice_change_nothing(service: Service, person: str) -> None:
    body = f"user_id,item_id,rating\n{person},i001,4\n"
    report(service, "ratings", body)
    before = stored_ratings(service.engine, person)
    assert counts(report(service, "ratings", body)) == (0, 0, 1, 0)
    assert stored_ratings(service.engine, person) == before


def test_the_later_rating_wins_within_a_file_and_over_what_stood(service: Service, person: str) -> None:
    body = f"{RATINGS}{person},i001,1,300\n{person},i001,2,200\n{person},i002,1,100\n{person},i002,5,100\n"
    assert counts(report(service, "ratings", body)) == (2, 0, 2, 0)
    told = report(service, "ratings", f"{RATINGS}{person},i001,5,299\n{person},i002,4,101\n")
    assert counts(told) == (0, 1, 1, 0)
    assert [(item, stars) for item, stars, _ in stored_ratings(service.engine, person)] == [
        ("i001", 1.0),
        ("i002", 4.0),
    ]


def test_items_are_made_where_that_is_asked_for(service: Service, person: str) -> None:
    body = f"{RATINGS}{person},made-{person},4,100\n"
    assert counts(report(service, "ratings", body)) == (0, 0, 0, 1)
    with service.client("read") as client:
        assert client.get(path_of(person)).status_code == 404  # nobody is made of bad rows alone
    told = report(service, "ratings", body, query="?create_items=true")
    assert (counts(told), told["created_items"], told["created_users"]) == ((1, 0, 0, 0), 1, 1)


def test_what_was_imported_shows_on_every_worker_at_once(service: Service, person: str) -> None:
    """Some few people, and so many that they are told as a whole."""
    few = f"{RATINGS}{person},i003,5,100\n"
    many = RATINGS + "".join(f"{person}-{n},i{n % 20:03d},5,100\n" for n in range(3_000))
    for body, who, item in ((few, person, "i003"), (many, f"{person}-2999", "i019")):
        assert counts(report(service, "ratings", body))[3] == 0
        lists = service.on_every_worker(lambda client, who=who: client.get(path_of(who, "recommendations")))
        for answer in lists.values():
            assert answer.json()["known"] is True
            assert item not in [entry["item_id"] for entry in answer.json()["items"]]


# ---- items, users, events ----


def test_items_are_made_and_replaced(service: Service, person: str) -> None:
    body = f'item_id,title,year,genres,director\n{person},"A, ""b""",1990,Drama|War,"Lucas, George"\n'
    assert counts(report(service, "items", body)) == (1, 0, 0, 0)
    assert counts(report(service, "items", body)) == (0, 0, 1, 0)
    with service.client("read") as client:
        item = client.get(f"/api/v1/items/{person}").json()
    assert (item["title"], item["year"], item["genres"]) == ('A, "b"', 1990, ["Drama", "War"])
    assert item["attributes"] == {"director": "Lucas, George"}
    attributes = '"seats": 4, "attributes": {"x": [1]}'
    line = f'{{"item_id": "{person}", "title": "Other", "genres": ["a|b"], {attributes}}}\n'
    assert counts(report(service, "items", line, media_type=JSONL)) == (0, 1, 0, 0)
    with service.client("read") as client:
        item = client.get(f"/api/v1/items/{person}").json()
    assert (item["title"], item["year"], item["genres"]) == ("Other", None, ["a|b"])
    assert item["attributes"] == {"seats": 4, "x": [1]}


def test_bad_items_are_told(service: Service, person: str) -> None:
    body = (
        "item_id,title,year,hidden,attributes\n"
        f"{person},One,MM,,\n{person},Two,,perhaps,\n{person},Three,,,{{broken\n{person},Four,,false,\n"
    )
    told = report(service, "items", body)
    assert faults(told)[:2] == [(2, "year", NOT_A_YEAR), (3, "hidden", NOT_A_CHOICE)]
    assert faults(told)[2] == (4, "attributes", NOT_ATTRIBUTES)
    assert counts(told) == (1, 0, 0, 3)


def test_items_of_a_time_that_no_calendar_has_are_told_and_lists_go_on(service: Service, person: str) -> None:
    """Such a row once stood in Postgres, where no worker could read it."""
    moments = ["-99999999999", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
    rows = [f"{person}-{n},title,{moment}\n" for n, moment in enumerate([*moments, "-3000000000"])]
    told = report(service, "items", "item_id,title,created_at\n" + "".join(rows))
    assert faults(told) == [(line, "created_at", BEYOND) for line in (2, 3, 4)]
    assert counts(told) == (1, 0, 0, 3)
    with service.client("read") as client:
        assert client.get(f"/api/v1/items/{person}-3").status_code == 200
        assert client.get(path_of("u001", "recommendations")).status_code == 200


def test_an_import_hides_an_item_and_leaves_it_hidden(service: Service, person: str) -> None:
    report(service, "items", f"item_id,title,hidden\n{person},A,true\n")
    report(service, "items", f"item_id,title\n{person},B\n")
    with service.client("read") as client:
        assert client.get(f"/api/v1/items/{person}").status_code == 404


def test_users_are_made_and_replaced(service: Service, person: str) -> None:
    told = report(service, "users", f"user_id,age,gender,plan\n{person},31,F,gold\n{person}x,old,,\n")
    assert counts(told) == (1, 0, 0, 1)
    assert faults(told) == [(3, "age", NOT_AN_AGE)]
    with service.client("read") as client:
        user = client.get(path_of(person)).json()
    assert (user["age"], user["gender"], user["attributes"]) == (31, "F", {"plan": "gold"})


def test_of_events_with_one_id_the_first_stands(service: Service, person: str) -> None:
    body = (
        "event_id,kind,user_id,item_id,at,value,request_id\n"
        f"{person}-1,click,{person},i001,100.5,,\n{person}-1,play,{person},i001,100.5,,\n"
        f"{person}-2,play,{person},i002,200,0.5,not-a-uuid\n{person}-3,sing,{person},i002,200,,\n"
        f"{person}-4,play,{person},no such item,200,,\n"
    )
    told = report(service, "events", body)
    assert counts(told) == (1, 0, 1, 3)
    assert faults(told) == [
        (4, "request_id", NOT_A_REQUEST),
        (5, "kind", UNKNOWN_KIND),
        (6, "item_id", validation.UNKNOWN_ITEM),
    ]
    assert counts(report(service, "events", body)) == (0, 0, 2, 3)
    assert f"{person}-1,click,{person},i001,100.5,,,,".encode() in export(service, "events").replace(
        b'"', b""
    )


# ---- what cannot be read at all ----


@pytest.mark.parametrize(
    ("body", "media_type", "status", "words"),
    [
        (b"", "text/csv", 422, "empty"),
        (b"  \n\n", "text/csv", 422, "empty"),
        (b"a,b\n1,2\n", "text/csv", 422, "no column for the user"),
        (b"1,2,3\n1,2,3\n", "text/csv", 422, "no header"),
        (b'{"user_id": "1"}\n', "text/csv", 422, "begins like JSON"),
        (b"user_id,item_id,rating\n", "application/x-ndjson", 422, "one object a line"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 20, "text/csv", 422, "not text"),
        (b"PK\x03\x04" + bytes(range(32)) * 20, "text/csv", 422, "plain or compressed with gzip"),
        (b"\x1f\x8b broken", "text/csv", 422, "gzip"),
        (gzip.compress(b"user_id,item_id,rating\n" * 5000)[:-20], "text/csv", 422, "gzip"),
        (b"user_id,item_id,rating,user_id\n", "text/csv", 422, "2 columns named"),
        (b"user_id,item_id,rating\n", "application/json", 415, "Content-Type"),
        (b"user_id,item_id,rating\n", "text/csv; charset=klingon", 422, "klingon"),
        (b"user_id,item_id,rating\n", "text/csv; charset=rot13", 422, "rot13"),
        (b"user_id,item_id,rating\n", "text/csv; charset=utf-16", 422, "not in"),
        (b"user_id,item_id,rating\n", "text/csv; charset=punycode", 422, "punycode"),
    ],
)
def test_a_body_that_is_no_table_is_refused(
    service: Service, body: bytes, media_type: str, status: int, words: str
) -> None:
    answer = send(service, "ratings", body, media_type=media_type)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_a_header_alone_is_nothing_to_import(service: Service) -> None:
    assert counts(report(service, "ratings", RATINGS)) == (0, 0, 0, 0)


def test_imports_need_a_key_that_may_write(service: Service) -> None:
    assert send(service, "ratings", RATINGS, scope="read").status_code == 403
    with service.client() as client:
        headers = {"Content-Type": "text/csv"}
        assert client.post("/api/v1/imports/ratings", content=RATINGS, headers=headers).status_code == 401
    assert send(service, "people", RATINGS).status_code == 422


def test_exports_need_the_scope_of_what_they_tell(service: Service) -> None:
    with service.client("read") as client:
        assert client.get("/api/v1/exports/items").status_code == 200
        assert client.get("/api/v1/exports/ratings").status_code == 403
        assert client.get("/api/v1/exports/items?format=xml").status_code == 422


# ---- streams ----


def test_the_answer_may_be_a_stream_of_bad_rows_and_progress(service: Service, person: str) -> None:
    rows = [f"{person},i{n % 20:03d},{'x' if n % 1000 == 7 else 4},{n}\n" for n in range(100_000)]
    answer = send(service, "ratings", RATINGS + "".join(rows), Accept="application/x-ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = as_lines(answer)
    assert lines[0]["type"] == "started"
    assert [line["line"] for line in lines if line["type"] == "reject"] == [n * 1000 + 9 for n in range(100)]
    progress = [line["rows"] for line in lines if line["type"] == "progress"]
    assert progress == sorted(progress)
    assert len(progress) > 1
    assert lines[-1]["type"] == "report"
    assert (lines[-1]["inserted"], counts(lines[-1])[3]) == (20, 100)


def test_a_stream_has_one_report_also_where_nothing_changes(service: Service, person: str) -> None:
    row = f"{RATINGS}{person},i001,4,1\n"
    for _ in range(5):
        types = [line["type"] for line in as_lines(send(service, "ratings", row, Accept=JSONL))]
        assert types[-1] == "report"
        assert types.count("report") == 1


def test_the_bad_rows_of_a_small_import_are_in_its_stream(service: Service) -> None:
    for _ in range(5):
        lines = as_lines(send(service, "ratings", RATINGS + "u,i,bad,1\n", Accept=JSONL))
        assert [line["line"] for line in lines if line["type"] == "reject"] == [2]


def test_a_stream_that_cannot_be_read_on_ends_with_the_problem(service: Service, person: str) -> None:
    whole = gzip.compress((RATINGS + "".join(f"{person},i001,4,{n}\n" for n in range(200_000))).encode())
    lines = as_lines(send(service, "ratings", whole[:-1000], Accept="application/x-ndjson"))
    assert lines[-1]["type"] == "error"
    assert lines[-1]["problem"]["status"] == 422
    assert "gzip stream is damaged" in lines[-1]["problem"]["detail"]
    assert "were dealt with" in lines[-1]["problem"]["detail"]


def test_every_one_of_very_many_bad_rows_is_told(service: Service) -> None:
    told = report(service, "ratings", RATINGS + "u,i,bad,1\n" * 60_000)
    assert len(told["rejects"]) == told["rejected"] == 60_000
    assert told["rejects"][-1]["line"] == 60_001


def _everything(service: Service) -> list[object]:
    query = text("SELECT (SELECT max(id) FROM changes), count(*), max(received_at), sum(rating) FROM ratings")
    with service.engine.connect() as connection:
        return list(connection.execute(query).one())


def test_the_folder_of_spools_stays_empty(service: Service) -> None:
    report(service, "ratings", RATINGS + "u,i,bad,1\n")
    assert not [path for path in Path(service.home / "run").iterdir() if path.name.startswith("tmp")]
