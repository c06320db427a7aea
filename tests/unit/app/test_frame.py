"""What surrounds every request: whom the service answers to, and how long it waits for a body."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import httpx
import pytest
from app import problems
from app.frame import Frame
from app.limits import Allowance
from app.main import create_app
from app.security.hosts import Hosts
from fastapi import FastAPI, Request

from marquee.settings import load_settings


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

    answer = asyncio.run(_ask(_echo(), "PUT", "/", content=endless()))
    assert answer.status_code == 408
    assert answer.json()["detail"] == "The body did not arrive in time."
    assert answer.headers["connection"] == "close"


def test_a_body_that_arrives_in_time_is_read_however_long_the_answer_takes() -> None:
    answer = asyncio.run(_ask(_echo(pause=0.3), "PUT", "/", content=b"12345"))
    assert answer.json() == 5


def _echo(pause: float = 0) -> FastAPI:
    """Answers with the length of the body, of which it waits for a tenth of a second."""
    app = FastAPI()

    @app.put("/")
    async def length(request: Request) -> int:
        body = await request.body()
        await asyncio.sleep(pause)
        return len(body)

    app.add_middleware(Frame, hosts=Hosts(["*"]), ordinary=Allowance(body_seconds=0.1))
    problems.install(app)
    return app


def _ask(app: Any, method: str, path: str, **sent: Any) -> Awaitable[httpx.Response]:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://films.example") as client:
            return await client.request(method, path, **sent)

    return ask()
