"""Bad input: each gets a problem document that says what is wrong, and never a 5xx."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.service import Service, path_of

RATING = path_of("u020", "ratings", "i001")
RECOMMENDATIONS = path_of("u020", "recommendations")
MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}


def _check(answer: httpx.Response, status: int, *words: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem.keys() >= MEMBERS
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    for word in words:
        assert word in answer.text
    return problem


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        (f"{RECOMMENDATIONS}?n=0", 422, ["query.n", "greater than or equal to 1"]),
        (f"{RECOMMENDATIONS}?n={10**23}", 422, ["at most 100"]),
        (f"{RECOMMENDATIONS}?n=101", 422, ["at most 100"]),
        ("/api/v1/leaderboards/popular?n=101", 422, ["at most 100"]),
        (f"/api/v1/items/i001/similar?n={10**23}", 422, ["at most 100"]),
        (f"{RECOMMENDATIONS}?n=ten", 422, ["query.n", "valid integer"]),
        (f"{RECOMMENDATIONS}?m=10", 422, ["query.m", "there is attribute, category"]),
        (f"{RECOMMENDATIONS}?n=5&n=6", 422, ["query.n", "given once"]),
        ("/api/v1/items?n=5", 422, ["query.n", "there is category, cursor, hidden, limit, q"]),
        ("/api/v1/items?limit=5&limit=6", 422, ["query.limit", "given once"]),
        ("/api/v1/items/i001?verbose", 422, ["query.verbose", "there is none at all"]),
        ("/api/v1/health/live?x=1", 422, ["query.x"]),
        ("/api/v1/items?q=%FF", 422, ["UTF-8"]),
        (f"{RECOMMENDATIONS}?category=%FF", 422, ["UTF-8"]),
        (f"{RECOMMENDATIONS}?exclude=a%00b", 422, ["query.exclude", "NUL"]),
        ("/api/v1/users/%00/recommendations", 422, ["path.user_id", "NUL"]),
        ("/api/v1/users/%FF/recommendations", 422, ["path.user_id", "UTF-8"]),
        ("/api/v1/users/%ED%A0%80/recommendations", 422, ["path.user_id", "UTF-8"]),
        (f"/api/v1/users/{'x' * 256}/recommendations", 422, ["path.user_id", "255"]),
        ("/api/v1/users/100%25%/recommendations", 400, ["%25"]),
        ("/api/v1/users/%zz/ratings", 400, ["hexadecimal"]),
        ("/api/v1/users/%00", 422, ["path.user_id", "NUL"]),
        ("/api/v1/items/%00", 422, ["path.item_id", "NUL"]),
        ("/api/v1/items/no-such-item", 404, ["'no-such-item'"]),
        ("/api/v1/items/no%2Fsuch/similar", 404, ["'no/such'"]),
        ("/api/v1/items/i001/similar?n=0", 422, ["query.n"]),
        ("/api/v1/items?limit=0", 422, ["query.limit"]),
        ("/api/v1/items?limit=201", 422, ["query.limit"]),
        ("/api/v1/items?q=a%00b", 422, ["query.q", "NUL"]),
        ("/api/v1/items?cursor=nonsense", 422, ["cursor"]),
        ("/api/v1/items?cursor=WzEsMl0", 422, ["cursor"]),
        ("/api/v1/users?cursor=WzEsMl0", 422, ["cursor"]),
        ("/api/v1/users?cursor=IlxcdTAwMDAi", 200, []),
        ("/api/v1/users/u001/ratings?cursor=eyI", 422, ["cursor"]),
        ("/api/v1/leaderboards/popular?n=abc", 422, ["query.n"]),
        ("/api/v1/leaderboards/unheard-of", 404, ["/openapi.json"]),
        ("/api/v1/models/0", 422, ["path.version"]),
        ("/api/v1/models/999", 404, ["version 999"]),
        ("/api/v1/models/compare?a=1&b=999", 404, ["version 999"]),
        ("/api/v1/models/compare?a=1", 422, ["query.b"]),
        ("/api/v1/snapshots/nonsense", 422, ["path.snapshot_hash"]),
        (f"/api/v1/snapshots/{'6' * 64}", 404, ["no snapshot"]),
        ("/api/v1/nothing/here", 404, ["/openapi.json"]),
        ("/api/v1/items/", 404, ["/openapi.json"]),
        ("/api/v1/predictions", 405, ["GET"]),
    ],
)
def test_a_bad_get(reader: httpx.Client, path: str, status: int, words: list[str]) -> None:
    answer = _get_as_it_is(reader, path)
    if status == 200:
        assert answer.status_code == 200
    else:
        _check(answer, status, *words)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b'{"rating": NaN}', 400, ["not JSON"]),
        (b'{"rating": Infinity}', 400, ["not JSON"]),
        (b'{"rating": 1e999}', 400, ["not JSON"]),
        (b'{"rating": 4', 400, ["not JSON"]),
        (b"", 422, ["body"]),
        (b"\xff\xfe", 400, ["not JSON"]),
        (b"[" * 5000 + b"]" * 5000, 400, ["not JSON"]),
        (b'{"rating": "4"}', 422, ["body.rating", "valid number"]),
        (b'{"rating": true}', 422, ["body.rating"]),
        (b'{"rating": null}', 422, ["body.rating"]),
        (b"{}", 422, ["body.rating", "required"]),
        (b'{"rating": 11}', 422, ["11 is not on the scale", "0.5 to 5"]),
        (b'{"rating": 0}', 422, ["not on the scale"]),
        (b'{"rating": 3.3}', 422, ["not on the scale", "steps of 0.5"]),
        (b'{"rating": 4, "stars": 4}', 422, ["body.stars", "not permitted"]),
        (b'{"rating": 4, "rated_at": "yesterday"}', 422, ["body.rated_at"]),
        (b'{"rating": 4, "rated_at": "2026-01-01T00:00:00"}', 422, ["body.rated_at", "timezone"]),
        (b'{"rating": 4, "rated_at": "2999-01-01T00:00:00Z"}', 422, ["in the future"]),
        (b'{"rating": 4, "rated_at": "0001-01-01T00:00:00Z"}', 422, ["before 1900"]),
        (b"[1, 2]", 422, ["body"]),
        (b'{"rating": 4, "note": "' + b"x" * 1_000_001 + b'"}', 413, ["1,000,000"]),
    ],
)
def test_a_bad_rating(writer: httpx.Client, body: bytes, status: int, words: list[str]) -> None:
    answer = writer.put(RATING, content=body, headers={"Content-Type": "application/json"})
    _check(answer, status, *words)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("PUT", path_of("u020", "ratings", "no such item"), {"rating": 4}, 404, ["'no such item'"]),
        ("DELETE", path_of("u020", "ratings", "i019"), None, 404, ["has not rated"]),
        ("POST", "/api/v1/predictions", {"pairs": []}, 422, ["body.pairs"]),
        ("POST", "/api/v1/predictions", {"pairs": [{"user_id": "a\0", "item_id": "i001"}]}, 422, ["NUL"]),
        ("POST", "/api/v1/predictions", {"pairs": [{"user_id": "u020", "item_id": ""}]}, 422, ["item_id"]),
        ("POST", "/api/v1/predictions", {"pairs": [{"user_id": "u", "item_id": "i"}] * 1001}, 422, ["1000"]),
        (
            "POST",
            "/api/v1/sessions/recommendations",
            {"ratings": [{"item_id": "no such", "rating": 4}]},
            422,
            ["'no such'"],
        ),
        (
            "POST",
            "/api/v1/sessions/recommendations",
            {"ratings": [{"item_id": "i001", "rating": 6}]},
            422,
            ["not on the scale"],
        ),
        ("POST", "/api/v1/session", {"user_id": "no such person"}, 404, ["'no such person'"]),
        ("POST", "/api/v1/session", {"name": "operator"}, 422, ['"detail":"body.password: Field required"']),
        ("POST", "/api/v1/session", {"user_id": 7}, 422, ['"detail":"body.user_id: Input should be']),
        ("POST", "/api/v1/session", {}, 422, ["Give either `user_id`, or `name` and `password`"]),
        ("POST", "/api/v1/session", {"user_id": "u001", "name": "x"}, 422, ["Give either"]),
        ("POST", "/api/v1/session", [], 422, ["Give either"]),
        (
            "POST",
            "/api/v1/session",
            {"name": "x" * 101, "password": "y"},
            422,
            ["body.name", "at most 100 characters"],
        ),
        ("PATCH", "/api/v1/items", {}, 405, ["PATCH"]),
        ("PUT", "/", {}, 405, ["PUT"]),
    ],
)
def test_another_bad_request(
    writer: httpx.Client, method: str, path: str, body: Any, status: int, words: list[str]
) -> None:
    _check(writer.request(method, path, json=body), status, *words)


def test_lone_surrogates_are_no_text(writer: httpx.Client) -> None:
    body = b'{"pairs": [{"user_id": "\\ud800", "item_id": "i001"}]}'
    answer = writer.post("/api/v1/predictions", content=body, headers={"Content-Type": "application/json"})
    _check(answer, 400, "not JSON")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_must_say_that_it_is_json(writer: httpx.Client, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    _check(writer.put(RATING, content=b'{"rating": 4}', headers=headers), 415, "application/json")


def test_a_body_without_a_length_is_limited_too(writer: httpx.Client) -> None:
    def pieces() -> Any:
        for _ in range(40):
            yield b"x" * 50_000

    _check(writer.put(RATING, content=pieces(), headers={"Content-Type": "application/json"}), 413)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (RATING, "DELETE, PUT"),
        ("/api/v1/session", "DELETE, GET, POST"),
        ("/api/v1/items", "GET"),
        ("/docs", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_all_that_the_path_takes(
    writer: httpx.Client, path: str, methods: str
) -> None:
    answer = writer.patch(path, json={})
    _check(answer, 405, "PATCH")
    assert answer.headers["allow"] == methods


def test_nothing_of_a_refused_request_is_kept(reader: httpx.Client) -> None:
    assert reader.get(path_of("u020")).status_code == 200
    assert all(
        rating["item_id"] != "i001" for rating in reader.get(path_of("u020", "ratings")).json()["ratings"]
    )


def test_a_request_has_an_id_of_its_own_that_sorts_by_time(reader: httpx.Client) -> None:
    ids = [reader.get("/api/v1/health/live").headers["x-request-id"] for _ in range(20)]
    assert len(set(ids)) == 20
    assert all(request_id[14] == "7" for request_id in ids)  # the version of a UUID stands there


def test_what_is_no_http_is_refused_and_hurts_nobody(service: Service, reader: httpx.Client) -> None:
    where = urlsplit(service.url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=10)
    connection.connect()
    connection.sock.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    assert connection.sock.recv(1000).startswith(b"HTTP/1.1 400")
    connection.close()
    assert reader.get("/api/v1/health/live").json() == {"status": "ok"}


def test_every_problem_that_is_documented_has_its_media_type(anybody: httpx.Client) -> None:
    document = anybody.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and (path, status) != ("/api/v1/health/ready", "503"):
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
    assert "HTTPValidationError" not in json.dumps(document)


def _get_as_it_is(client: httpx.Client, path: str) -> httpx.Response:
    """A GET whose path is sent letter by letter: httpx itself would correct some of them."""
    where = urlsplit(str(client.base_url))
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=10)
    connection.request("GET", path, headers={"Authorization": client.headers["Authorization"]})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return httpx.Response(answer.status, headers=answer.getheaders(), content=content)
