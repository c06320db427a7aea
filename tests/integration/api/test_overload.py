"""More than the service can do: it says so at once, and goes on with what it can."""

import os
import resource
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import orjson
import psutil
import psycopg2
import pytest
from app.serving import deadline
from sqlalchemy import text

from marquee.stack.postgres import Server
from tests.support.raw import Raw
from tests.support.service import Service, eventually, path_of

NewService = Callable[..., Service]
LIST = path_of("u000", "recommendations")
_PILE = 700


@pytest.fixture
def one_worker(new_service: NewService) -> Service:
    """It serves version 1."""
    service = new_service(MARQUEE_WORKERS="1")
    service.deploy(1)
    with service.client() as client:
        eventually(lambda: client.get("/api/v1/health/ready").json()["status"] == "ready")
    return service


def _piled_up(service: Service) -> list[httpx.Response]:
    with service.client() as client:
        worker = int(client.get("/api/v1/health/live").headers["x-marquee-worker"])
    with ExitStack() as stack:
        lists = [stack.enter_context(Raw(service)) for _ in range(_PILE)]
        health = stack.enter_context(Raw(service))
        os.kill(worker, signal.SIGSTOP)
        for connection in lists:
            connection.get(LIST, key=service.keys["read"])
        health.get("/api/v1/health/ready")
        os.kill(worker, signal.SIGCONT)
        answers = [connection.answer() for connection in lists]
        assert health.answer().status_code == 200
        return answers


def test_requests_beyond_what_a_worker_can_hold_are_told_to_come_again(one_worker: Service) -> None:
    """They pile up while the worker is stopped, and are all there when it goes on.

    A busy machine may hand them over in small portions, none of which is too large: then they pile up again.
    """
    answers: list[httpx.Response] = []
    while not any(answer.status_code == 429 for answer in answers):
        assert len(answers) < 10 * _PILE, "No pile of requests was ever too large."
        answers += _piled_up(one_worker)

    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) == {200, 429}
    assert counted[200] >= 256
    for answer in answers:
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["content-type"] == "application/problem+json"
    with one_worker.client("read") as client:
        assert (
            f'marquee_requests_shed_total{{full="requests"}} {counted[429]}.0' in client.get("/metrics").text
        )
        assert client.get(LIST).status_code == 200


@contextmanager
def _ratings_locked(service: Service) -> Iterator[None]:
    """Every statement about ratings waits, as behind somebody's long transaction."""
    with service.engine.connect() as connection:
        connection.execute(text("LOCK TABLE ratings IN ACCESS EXCLUSIVE MODE"))
        yield
        connection.rollback()


def _put(service: Service, item_id: str, user_id: str) -> tuple[int, float, str | None]:
    began = time.monotonic()
    with service.client("write") as client:
        answer = client.put(path_of(user_id, "ratings", item_id), json={"rating": 5})
    return answer.status_code, time.monotonic() - began, answer.headers.get("retry-after")


def test_a_database_that_is_slow_is_not_waited_for_and_lists_go_on(one_worker: Service) -> None:
    people = [f"slow {number}" for number in range(160)]
    with ThreadPoolExecutor(len(people)) as pool, one_worker.client("read") as client:
        with _ratings_locked(one_worker):
            puts = [pool.submit(_put, one_worker, "i001", user_id) for user_id in people]
            slowest = _slowest_while(client, lambda: not all(put.done() for put in puts))
        outcomes = [put.result() for put in puts]

    assert {status for status, _, _ in outcomes} == {429, 503}
    assert all(retry is not None and int(retry) > 0 for _, _, retry in outcomes)
    assert max(seconds for _, seconds, _ in outcomes) < 12
    assert slowest < 1.0
    with one_worker.engine.connect() as connection:
        kept = connection.scalar(text("SELECT count(*) FROM ratings WHERE user_id LIKE 'slow %'"))
    assert kept == 0
    assert _put(one_worker, "i001", "slow 0")[0] == 201


def _slowest_while(client: httpx.Client, goes_on: Callable[[], bool]) -> float:
    """Ask for what must always be answered; returns the longest that one of it took, in seconds."""
    slowest = 0.0
    while goes_on():
        for path in (LIST, "/api/v1/health/live", "/api/v1/health/ready", "/metrics"):
            began = time.monotonic()
            assert client.get(path).status_code == 200
            slowest = max(slowest, time.monotonic() - began)
    return slowest


PEOPLE = [f"u{number:03d}" for number in range(1000)]
BATCH = ("recommendations/batch", orjson.dumps({"user_ids": PEOPLE, "n": 100, "explain": True}))
VISIT = ("sessions/recommendations", b'{"n": 5}')


def _posted(client: httpx.Client, path: str, body: bytes) -> tuple[int, float, str | None]:
    began = time.monotonic()
    answer = client.post(f"/api/v1/{path}", content=body, headers={"Content-Type": "application/json"})
    return answer.status_code, time.monotonic() - began, answer.headers.get("retry-after")


def test_who_asks_for_more_than_can_be_computed_is_refused_in_time_and_lists_go_on(
    one_worker: Service,
) -> None:
    """A hundred batches of a thousand lists with reasons, at once."""
    with (
        ThreadPoolExecutor(100) as pool,
        one_worker.client("read") as flood,
        one_worker.client("read") as client,
    ):
        asked = [pool.submit(_posted, flood, *BATCH) for _ in range(100)]
        slowest = _slowest_while(client, lambda: not all(one.done() for one in asked))
        outcomes = [one.result() for one in asked]

        assert 200 in {status for status, _, _ in outcomes} <= {200, 429, 503}
        assert all(retry is not None for status, _, retry in outcomes if status != 200)
        assert max(seconds for _, seconds, _ in outcomes) < 20  # of which 10 are a request's time
        assert slowest < 5.0
        assert _posted(flood, *BATCH)[0] == 200  # nobody is still at what nobody waits for


def test_visitors_wait_for_nobody_who_waits_for_the_database(one_worker: Service) -> None:
    people = [f"held up {number}" for number in range(90)]
    with (
        ThreadPoolExecutor(len(people)) as pool,
        one_worker.client("read") as client,
        _ratings_locked(one_worker),
    ):
        puts = [pool.submit(_put, one_worker, "i001", user_id) for user_id in people]
        slowest = 0.0
        while not all(put.done() for put in puts):
            status, seconds, _ = _posted(client, *VISIT)
            assert status == 200
            slowest = max(slowest, seconds)
    assert slowest < 1.5


def test_a_query_ends_with_the_request_that_asked_for_it(api_server: Server) -> None:
    deadline.install(6.0)
    connection = psycopg2.connect(api_server.url("postgres").replace("+psycopg2", ""))
    token = deadline.request_ends.set(time.monotonic() + 0.3)
    began = time.monotonic()
    try:
        with (
            connection.cursor() as cursor,
            pytest.raises(psycopg2.OperationalError, match="not answered in time"),
        ):
            cursor.execute("SELECT pg_sleep(5)")
    finally:
        deadline.request_ends.reset(token)
        psycopg2.extensions.set_wait_callback(None)
    assert 0.25 < time.monotonic() - began < 2
    assert connection.closed


def test_connections_that_rest_give_way_to_new_ones(one_worker: Service) -> None:
    """The worker may open 300 files here, of which it keeps 44 for connections; it gets 200."""
    with one_worker.client() as client:
        before = client.get("/api/v1/health/live").headers["x-marquee-worker"]
    resource.prlimit(one_worker.child.pid, resource.RLIMIT_NOFILE, (300, 300))
    os.kill(int(before), signal.SIGKILL)
    eventually(lambda: _worker(one_worker) not in (None, before))
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(Raw(one_worker)).get("/api/v1/health/live")
        for _ in range(20):
            with one_worker.client("read") as client:
                assert client.get(LIST).status_code == 200
        files = psutil.Process(int(str(_worker(one_worker)))).num_fds()
    assert files < 150


def _worker(service: Service) -> str | None:
    """Who answers; None while nobody does."""
    try:
        with service.client() as client:
            return client.get("/api/v1/health/live").headers["x-marquee-worker"]
    except httpx.TransportError:
        return None


def test_while_it_drains_nobody_new_is_let_in_and_the_end_comes_in_time(one_worker: Service) -> None:
    """A body that never comes whole would hold it for ever."""
    path = path_of("u000", "ratings", "i001")
    with Raw(one_worker) as slow:
        slow.send(
            f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {one_worker.keys['write']}\r\n"
            'Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{"rating"'.encode()
        )
        time.sleep(0.3)
        began = time.monotonic()
        os.kill(one_worker.child.pid, signal.SIGTERM)
        time.sleep(1.5)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(slow.address, timeout=2)
        assert one_worker.child.exit_status() is None
        eventually(lambda: one_worker.child.exit_status() is not None, within=20)
        assert time.monotonic() - began < 20  # what `make up` waits; containers have 30 s
        assert slow.answer().status_code == 503
    assert one_worker.child.exit_status() == 0


def test_a_worker_that_is_killed_under_load_loses_no_acknowledged_write(new_service: NewService) -> None:
    """What was acknowledged stands in a ledger outside; the other worker goes on meanwhile."""
    service = new_service(MARQUEE_WORKERS="2")
    service.deploy(1)
    eventually(lambda: service.serves(1))
    writers = [_Writer(service, number) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(3):
            time.sleep(0.7)
            with service.client() as client:
                os.kill(int(client.get("/api/v1/health/live").headers["x-marquee-worker"]), signal.SIGKILL)
            begun = time.monotonic()
            eventually(lambda: _is_written_since(writers, begun), within=10)  # noqa: B023
            eventually(lambda: service.serves(1), within=30)
    finally:
        for writer in writers:
            writer.stop()

    ledger = {key: stars for writer in writers for key, stars in writer.ledger.items()}
    with service.engine.connect() as connection:
        rows = connection.execute(text("SELECT user_id, item_id, rating FROM ratings")).all()
    kept = {(user_id, item_id): rating for user_id, item_id, rating in rows}
    assert len(ledger) > 50
    assert {key: kept.get(key) for key in ledger} == ledger


class _Writer(threading.Thread):
    """Rates one item after the other, for people of its own, and keeps a ledger of what was acknowledged."""

    def __init__(self, service: Service, number: int) -> None:
        super().__init__(daemon=True)
        self._service, self._number = service, number
        self._stopping = threading.Event()
        self.ledger: dict[tuple[str, str], float] = {}
        self.newest = 0.0

    def run(self) -> None:
        count = 0
        while not self._stopping.is_set():
            with self._service.client("write") as client:
                try:
                    while not self._stopping.is_set():
                        count += 1
                        self._write(client, count)
                except httpx.TransportError:
                    continue  # not acknowledged: the worker is gone

    def _write(self, client: httpx.Client, count: int) -> None:
        user_id, item_id = f"killed {self._number} {count // 20}", f"i{count % 20:03d}"
        stars = 0.5 + count % 10 / 2
        answer = client.put(path_of(user_id, "ratings", item_id), json={"rating": stars})
        if answer.status_code in (200, 201):
            self.ledger[user_id, item_id] = stars
            self.newest = time.monotonic()

    def stop(self) -> None:
        self._stopping.set()
        self.join()


def _is_written_since(writers: list[_Writer], moment: float) -> bool:
    return any(writer.newest > moment for writer in writers)
