"""Clients that send too much, too slowly, or half: they are answered or let go of, and others are served."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import httpx
import psutil
import pytest

from marquee.stack.postgres import Server
from tests.support.raw import Raw
from tests.support.service import Service, eventually, path_of, running_service

NewService = Callable[..., Service]
LIST = path_of("u000", "recommendations")
RATING = path_of("u020", "ratings", "i001")
HUNDRED_MB = 100_000_000


@pytest.fixture(scope="module")
def service(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two workers of this module's own: new people are made here."""
    with running_service(tmp_path_factory.mktemp("hostile"), api_server, "hostile") as started:
        started.deploy(1)
        eventually(lambda: started.serves(1))
        yield started


@pytest.fixture(scope="module")
def memory(service: Service) -> Callable[[], int]:
    """How much memory the service's processes have to themselves, in bytes."""

    def measure() -> int:
        launcher = psutil.Process(service.child.pid)
        processes = [launcher, *launcher.children(recursive=True)]
        return sum(process.memory_full_info().uss for process in processes)

    return measure


def _head(service: Service, *lines: str, method: str = "PUT", path: str = RATING) -> bytes:
    fixed = (f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {service.keys['write']}")
    return "\r\n".join((*fixed, "Content-Type: application/json", *lines, "", "")).encode()


def _pour(connection: Raw, piece: bytes, pieces: int) -> threading.Thread:
    def pour() -> None:
        with contextlib.suppress(OSError):  # the service has let go
            for _ in range(pieces):
                connection.send(piece)

    thread = threading.Thread(target=pour, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_body_of_a_hundred_megabytes_is_refused_and_not_kept(
    service: Service, memory: Callable[[], int], chunked: bool
) -> None:
    before = memory()
    piece = b"x" * 1_000_000
    with Raw(service) as connection:
        connection.send(
            _head(service, "Transfer-Encoding: chunked" if chunked else f"Content-Length: {HUNDRED_MB}")
        )
        pouring = _pour(connection, b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece, 100)
        answer = connection.answer()
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["connection"] == "close"
        assert memory() - before < 30_000_000
        pouring.join(20)
        assert not pouring.is_alive()


def test_whoever_sends_on_after_a_refusal_is_cut_off(service: Service) -> None:
    with Raw(service) as connection:
        connection.send(_head(service, f"Content-Length: {HUNDRED_MB}"))
        assert connection.answer().status_code == 413
        began = time.monotonic()
        assert connection.ends()
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("opening", [b"[", b'{"rating":', b'[{"a":['])
def test_json_of_any_depth_is_refused(service: Service, opening: bytes) -> None:
    with service.client("write") as client:
        answer = client.put(RATING, content=opening * 90_000, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["detail"]


@pytest.mark.parametrize(
    "user_id",
    ["مستخدم", "א\u200f\u202eב", "👩‍👩‍👧‍👦", "日本/語", "a%2Fb", "-", "x" * 255, "\uff21"],
)
def test_ids_of_any_script_name_somebody(service: Service, user_id: str) -> None:
    with service.client("write") as client:
        put = client.put(path_of(user_id, "ratings", "i001"), json={"rating": 5})
        if "\u202e" in user_id:  # it would turn what follows around, wherever it is shown
            assert put.status_code == 422
            return
        assert put.status_code in (200, 201), put.text
        body = client.get(path_of(user_id, "recommendations"), params={"n": 20}).json()
        assert (body["user_id"], body["known"]) == (user_id, True)
        assert "i001" not in [item["item_id"] for item in body["items"]]
        assert client.get(path_of(user_id)).json()["user_id"] == user_id
        assert client.delete(path_of(user_id, "ratings", "i001")).status_code == 204


@pytest.mark.parametrize("n", ["0", "-1", "1000000000", "1e9", "0x10", "\u0661\u0660", "10.0", "", "null"])
def test_a_size_that_no_list_can_have_is_refused(service: Service, n: str) -> None:
    with service.client("read") as client:
        for path in (LIST, "/api/v1/items/i001/similar", "/api/v1/leaderboards/popular"):
            answer = client.get(path, params={"n": n})
            if answer.status_code == 200:  # pydantic reads 10.0 and other scripts' digits as ten
                assert len(answer.json()["items"]) == 10
            else:
                assert answer.status_code == 422
                assert "query.n" in answer.text or "at most 100" in answer.text


def test_heads_that_trickle_are_not_waited_for(service: Service) -> None:
    """Slowloris: forty connections send a byte now and then, and never a whole head."""
    with ExitStack() as stack, service.client("read") as client:
        slow = [stack.enter_context(Raw(service)) for _ in range(40)]
        began = time.monotonic()
        for connection in slow:
            connection.send(b"GET /api/v1/items HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        while time.monotonic() - began < 9:
            assert client.get(LIST).status_code == 200
            for connection in slow:
                connection.send(b"x")
            time.sleep(0.5)
        answers = [connection.answer() for connection in slow]
        assert {answer.status_code for answer in answers} == {408}
        assert time.monotonic() - began < 14


def test_connections_on_which_nothing_comes_are_closed(service: Service) -> None:
    with ExitStack() as stack, service.client("read") as client:
        idle = [stack.enter_context(Raw(service)) for _ in range(1000)]
        began = time.monotonic()
        assert client.get(LIST).status_code == 200
        assert time.monotonic() - began < 1
        assert all(connection.ends() for connection in idle)
        assert 8 < time.monotonic() - began < 15


def test_a_client_that_has_closed_its_side_gets_its_answer(service: Service) -> None:
    with Raw(service) as connection:
        body = b'{"rating": 5}'
        connection.send(
            _head(service, f"Content-Length: {len(body)}", path=path_of("half", "ratings", "i001")) + body
        )
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.answer().status_code == 201
        assert connection.ends()


def test_half_a_request_is_dropped_with_its_client(service: Service) -> None:
    files = _files(service)
    for _ in range(50):
        with Raw(service) as connection:
            connection.send(_head(service, "Content-Length: 100") + b'{"rating":')
            connection.socket.shutdown(socket.SHUT_WR)
            assert connection.ends()
    eventually(lambda: _files(service) <= files + 2, within=5)


def _files(service: Service) -> int:
    return sum(process.num_fds() for process in psutil.Process(service.child.pid).children(recursive=True))


def test_a_client_that_never_reads_costs_no_memory(service: Service, memory: Callable[[], int]) -> None:
    """It asks for ten thousand pages of items; the answers would be some 100 MB."""
    before = memory()
    request = _head(service, method="GET", path="/api/v1/items?limit=200")
    with ExitStack() as stack, service.client("read") as client:
        for _ in range(5):
            _pour(stack.enter_context(Raw(service)), request * 20, 100)
        for _ in range(20):
            assert client.get(LIST).status_code == 200
            time.sleep(0.1)
        assert memory() - before < 40_000_000


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Large: " + b"x" * 300_000, 431),
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"GET / HTTP/1.1\r\nHost: local\0host\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", 400),
    ],
    ids=["a long address", "a large head", "two lengths", "a NUL", "TLS", "a negative length"],
)
def test_what_is_no_request_gets_a_problem(service: Service, content: bytes, status: int) -> None:
    with Raw(service) as connection:
        connection.send(content)
        answer = connection.answer()
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert answer.json()["request_id"]
        assert connection.ends()


CLOCK = """
import datetime, os, pathlib, time
import marquee.domain.clock as clock

offset = pathlib.Path(os.environ["MARQUEE_TEST_CLOCK"])
real = time.time

def jumped():
    return real() + float(offset.read_text())

class Moment(datetime.datetime):
    @classmethod
    def now(cls, zone=None):
        return cls.fromtimestamp(jumped(), zone)

time.time, clock.datetime = jumped, Moment
"""
TEN_YEARS = 10 * 365 * 86400


def test_when_the_clock_jumps_every_worker_still_follows(new_service: NewService, tmp_path: Path) -> None:
    """The processes' wall clock is moved while they run: ten years on, ten years back."""
    folder = tmp_path / "clock"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(CLOCK)
    (folder / "offset").write_text("0")
    service = new_service(PYTHONPATH=str(folder), MARQUEE_TEST_CLOCK=str(folder / "offset"))
    service.deploy(1)
    eventually(lambda: service.serves(1))
    with service.client("write") as client:
        for version, offset in enumerate((TEN_YEARS, -TEN_YEARS, 0), start=2):
            (folder / "offset").write_text(str(offset))
            rated_at = _check_writes_show(service, client, f"i{version:03d}")
            assert abs(rated_at.timestamp() - time.time() - offset) < 3600  # the jump did happen
            service.deploy(version)
            eventually(lambda version=version: service.serves(version))  # type: ignore[misc]
            for ready in service.on_every_worker(lambda each: each.get("/api/v1/health/ready")).values():
                assert ready.json()["status"] == "ready", ready.text


def _check_writes_show(service: Service, client: httpx.Client, item_id: str) -> datetime:
    """A rating shows on every worker; returns when the service says that it was given."""
    put = client.put(path_of("u001", "ratings", item_id), json={"rating": 5})
    assert put.status_code in (200, 201), put.text
    lists = service.on_every_worker(
        lambda each: each.get(path_of("u001", "recommendations"), params={"n": 20})
    )
    for answer in lists.values():
        assert item_id not in [item["item_id"] for item in answer.json()["items"]]
    return datetime.fromisoformat(put.json()["rated_at"])
