"""What surrounds every request: whom the service answers to, and how long it waits for a body."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import httpx
import pytest
import yaml
from app import problems
from app.__main__ import DRAIN_SECONDS
from app.connections import QUEUED
from app.frame import Frame
from app.limits import ORDINARY, Allowance
from app.main import create_app
from app.security.hosts import Hosts
from app.serving.worker import Worker
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from marquee.settings import load_settings
from marquee.settings.environment import CHECKOUT
from marquee.stack import services

_HURRY = Allowance(body_seconds=0.1)


def _allows(host: str | None, *names: str) -> bool:
    headers = [] if host is None else [(b"host", host.encode("latin-1"))]
    return Hosts(names).allow({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "localhost.",
        "127.0.0.1:8000",
        "[::1]:8000",
        "192.168.1.5:8000",
        None,
        "",
    ],
)
def test_this_machine_and_addresses_in_numbers_are_answered_to(host: str | None) -> None:
    assert _allows(host)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "1.2.3"]
)
def test_another_sites_name_is_not_answered_to(host: str) -> None:
    assert not _allows(host)
    assert _allows(host, "*")


def test_names_can_be_allowed() -> None:
    assert _allows("films.example:443", "other.example", " Films.Example ")
    assert not _allows("x.films.example", "films.example")


@pytest.mark.parametrize(
    ("allowed", "path", "status"),
    [
        ("", "/api/v1/health/live", 421),
        ("", "/docs", 421),
        ("films.example", "/api/v1/health/live", 200),
        ("*", "/docs", 200),
    ],
)
def test_a_request_for_another_name_is_told_the_setting(allowed: str, path: str, status: int) -> None:
    app = create_app(load_settings({"MARQUEE_ALLOWED_HOSTS": allowed}))
    answer = asyncio.run(_ask(app, "GET", path))
    assert answer.status_code == status
    if status == 421:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "MARQUEE_ALLOWED_HOSTS" in answer.json()["detail"]


def test_a_body_that_never_arrives_is_not_waited_for() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"rating":'
        await asyncio.sleep(60)

    answer = asyncio.run(_ask(_echo(allowance=_HURRY), "PUT", "/", content=endless()))
    assert answer.status_code == 408
    assert answer.json()["detail"] == "The body did not arrive in time."
    assert answer.headers["connection"] == "close"


def test_a_body_that_arrives_in_time_is_read_however_long_the_answer_takes() -> None:
    answer = asyncio.run(_ask(_echo(pause=0.3, allowance=_HURRY), "PUT", "/", content=b"12345"))
    assert answer.json() == 5


def test_an_answer_that_takes_too_long_is_given_up() -> None:
    app = _echo(pause=60, allowance=Allowance(answer_seconds=0.1))
    answer = asyncio.run(_ask(app, "PUT", "/", content=b"1"))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "took too long" in answer.json()["detail"]
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


def test_an_answer_that_has_begun_takes_the_time_it_needs() -> None:
    app = _echo(allowance=Allowance(answer_seconds=0.1))

    @app.get("/long")
    async def long() -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"line\n"
                await asyncio.sleep(0.1)

        return StreamingResponse(lines())

    assert asyncio.run(_ask(app, "GET", "/long")).text == "line\n" * 3


def test_an_import_may_be_larger_and_take_longer_than_other_requests() -> None:
    app = _echo(pause=0.2, allowance=Allowance(body_bytes=10, answer_seconds=0.1))

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"12345"
            await asyncio.sleep(0.05)

    assert asyncio.run(_ask(app, "PUT", "/api/v1/imports/x", content=slow())).json() == 25
    assert asyncio.run(_ask(app, "PUT", "/", content=slow())).status_code == 413


@pytest.mark.parametrize("path", ["/", "/api/v1/imports/x", "/whole"])
def test_a_client_that_hangs_up_while_it_sends_is_no_error_of_ours(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the route reads the body or FastAPI does; an error would be raised on, and logged."""
    app, counted = _echo(), []
    monkeypatch.setattr("app.frame.observe_request", lambda *facts: counted.append(facts[2]))

    @app.put("/whole")
    async def whole(body: dict[str, int]) -> int:
        return len(body)

    asyncio.run(_hang_up(app, path))
    assert counted == [499]


def test_what_waits_for_its_client_does_not_keep_others_out() -> None:
    """Of ten requests that a worker has, nine wait for a body."""
    app = _echo(most_requests=5)

    async def run() -> list[int]:
        arrived = asyncio.Event()

        async def held() -> AsyncIterator[bytes]:
            await arrived.wait()
            yield b"x"

        slow = [asyncio.ensure_future(_ask(app, "PUT", "/", content=held())) for _ in range(9)]
        await asyncio.sleep(0.1)
        taken = await _ask(app, "PUT", "/", queued=10, content=b"1")
        refused = await _ask(app, "PUT", "/", queued=20, content=b"1")
        arrived.set()
        return [taken.status_code, refused.status_code] + [
            answer.status_code for answer in await asyncio.gather(*slow)
        ]

    assert asyncio.run(run()) == [200, 429, *[200] * 9]


def test_health_and_figures_are_never_refused_for_load() -> None:
    app = _echo(most_requests=5)
    for path in ("/api/v1/health/live", "/api/v1/health/ready", "/metrics"):
        assert asyncio.run(_ask(app, "GET", path, queued=1000)).status_code == 404  # this one has none
    assert asyncio.run(_ask(app, "GET", "/api/v1/items", queued=1000)).status_code == 429


def test_a_worker_that_stops_says_so_to_whom_it_cannot_answer_any_more() -> None:
    async def run() -> httpx.Response:
        asked = asyncio.ensure_future(_ask(_echo(pause=60), "PUT", "/", content=b"1"))
        await asyncio.sleep(0.1)
        asked.cancel()
        return await asked

    answer = asyncio.run(run())
    assert answer.status_code == 503
    assert "about to stop" in answer.json()["detail"]


def test_draining_ends_before_those_who_wait_for_it_kill() -> None:
    compose = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
    container = int(compose["services"]["back-end"]["stop_grace_period"].removesuffix("s"))
    embedded = services.back_end(load_settings({})).stop_seconds
    assert ORDINARY.answer_seconds is not None
    assert ORDINARY.answer_seconds < DRAIN_SECONDS
    assert min(container, embedded) > DRAIN_SECONDS + Worker.STOP_SECONDS


def _echo(pause: float = 0, allowance: Allowance = ORDINARY, most_requests: int = 256) -> FastAPI:
    """Answers with the length of the body."""
    app = FastAPI()

    @app.put("/")
    @app.put("/api/v1/imports/x")
    async def length(request: Request) -> int:
        body = await request.body()
        await asyncio.sleep(pause)
        return len(body)

    app.add_middleware(Frame, hosts=Hosts(["*"]), ordinary=allowance, most_requests=most_requests)
    problems.install(app)
    return app


async def _hang_up(app: Any, path: str) -> None:
    """Send a part of a body, and go."""
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Message:
        return next(messages)

    async def send(_: Message) -> None:
        pass

    scope = {"type": "http", "http_version": "1.1", "scheme": "http", "method": "PUT", "path": path}
    scope |= {"raw_path": path.encode(), "query_string": b"", "root_path": ""}
    scope["headers"] = [(b"host", b"films.example"), (b"content-type", b"application/json")]
    await app(scope, receive, send)


def _ask(app: Any, method: str, path: str, *, queued: int = 0, **sent: Any) -> Awaitable[httpx.Response]:
    """Ask an application; `queued`: how many requests the server says it has."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {QUEUED: queued}}, receive, send)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(served)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://films.example") as client:
            return await client.request(method, path, **sent)

    return ask()
