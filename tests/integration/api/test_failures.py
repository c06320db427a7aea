"""What breaks: models swapped and damaged, Postgres gone, workers killed. The service goes on."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from marquee.stack.ports import free_port
from marquee.stack.postgres import Cluster, Server
from marquee.stack.processes import Child
from tests.support.service import Service, eventually, path_of, running_service
from tests.support.world import write_world_bundle

NewService = Callable[..., Service]
LIST = path_of("u000", "recommendations")


class Load:
    """Clients that ask for lists all the time, and keep count of the answers."""

    def __init__(self, service: Service, clients: int = 4) -> None:
        self._service = service
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        self.answers: Counter[tuple[int, int | None]] = Counter()  # by status and model version
        self.errors: list[str] = []

    def _ask(self) -> None:
        with self._service.client("read") as client:
            while not self._stop.is_set():
                try:
                    answer = client.get(LIST, params={"n": 5})
                except httpx.TransportError as error:
                    self.errors.append(repr(error))
                    continue
                version = answer.json().get("model_version")
                self.answers[answer.status_code, version] += 1

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_swapping_models_under_load_fails_no_request(new_service: NewService) -> None:
    service = new_service()
    service.deploy(1)
    eventually(lambda: service.serves(1))
    with Load(service) as load:
        for version in range(2, 6):
            service.deploy(version)
            eventually(lambda version=version: service.serves(version))  # type: ignore[misc]

    assert not load.errors
    assert {status for status, _ in load.answers} == {200}
    assert {version for _, version in load.answers} == set(range(1, 6))
    kept = {int(path.name) for path in (service.home / "bundles").iterdir() if path.name.isdigit()}
    assert {4, 5} <= kept
    assert len(kept) == 4


def test_without_a_model_lists_are_popular_and_ready_says_why(new_service: NewService) -> None:
    service = new_service(MARQUEE_WORKERS="1")
    with service.client("write") as client:
        ready = client.get("/api/v1/health/ready")
        assert ready.status_code == 503
        assert ready.json()["checks"]["model"] == {"ok": False, "detail": "no model deployed yet"}

        body = client.get(LIST, params={"n": 4}).json()
        assert body["model_version"] is None
        assert body["notice"].startswith("No model is deployed yet")
        assert [item["source"] for item in body["items"]] == ["popular"] * 4
        counts = [
            client.get(f"/api/v1/items/{item['item_id']}").json()["rating_count"] for item in body["items"]
        ]
        assert counts == [item["score"] for item in body["items"]]
        assert counts == sorted(counts, reverse=True)

        first = body["items"][0]["item_id"]
        client.put(path_of("u000", "ratings", first), json={"rating": 1}).raise_for_status()
        assert first not in [item["item_id"] for item in client.get(LIST).json()["items"]]
        wars = client.get("/api/v1/leaderboards/popular", params={"category": "War"}).json()
        assert all("War" in item["genres"] for item in wars["items"])
        pairs = {"pairs": [{"user_id": "u000", "item_id": "i001"}]}
        assert client.post("/api/v1/predictions", json=pairs).status_code == 503
        assert client.get("/api/v1/items/i001/similar").status_code == 200
        visitor = {"ratings": [{"item_id": first, "rating": 5}]}
        assert client.post("/api/v1/sessions/recommendations", json=visitor).json()["model_version"] is None


def test_a_damaged_bundle_is_refused_and_the_old_model_goes_on(new_service: NewService) -> None:
    """The registry is away here, so the damaged copy cannot be replaced."""
    service = new_service()
    service.deploy(1)
    eventually(lambda: service.serves(1))
    bundle = service.home / "bundles" / "2"
    write_world_bundle(bundle)
    array = next(bundle.glob("ranking.*.npy"))
    content = array.read_bytes()
    array.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # one bit
    service.promote(2, is_new=True)

    def refused() -> bool:
        answers = service.on_every_worker(lambda client: client.get("/api/v1/health/ready")).values()
        return all(answer.json()["status"] == "degraded" for answer in answers)

    eventually(refused, within=30)
    for ready in service.on_every_worker(lambda client: client.get("/api/v1/health/ready")).values():
        assert ready.status_code == 200
        assert ready.json()["model_version"] == 1
        assert "damaged" in ready.json()["checks"]["model"]["detail"]
        assert array.name in ready.json()["checks"]["model"]["detail"]
    with service.client("read") as client:
        assert client.get(LIST).json()["model_version"] == 1
        assert client.get("/api/v1/deployment").json()["champion"]["version"] == 2
        assert "damaged" in client.get("/api/v1/deployment").json()["worker"]["problem"]
    with service.client("operate") as client:
        rolled_back = client.post("/api/v1/deployment/rollback", json={"reason": "it is damaged"})
        assert rolled_back.json()["champion"] == {"version": 1, "semantic_version": "1.0.1"}
        stale = client.post("/api/v1/deployment/rollback", json={"reason": "again", "expected_revision": 1})
        assert stale.status_code == 409
        newest = client.get("/api/v1/audit", params={"limit": 1}).json()["entries"][0]
        assert (newest["action"], newest["actor"], newest["reason"]) == (
            "rollback",
            "key:operate",
            "it is damaged",
        )
    eventually(lambda: _status(service) == "ready")


def test_a_service_that_starts_with_a_damaged_model_lists_popular_items_and_says_so(
    new_service: NewService,
) -> None:
    """The registry is away, and there is no other version that could stand in."""
    service = new_service(MARQUEE_WORKERS="1")
    write_world_bundle(service.home / "bundles" / "1")
    (service.home / "bundles" / "1" / "items.json").write_text("[]")
    service.promote(1, is_new=True)
    eventually(lambda: _status(service) == "degraded")
    with service.client("read") as client:
        ready = client.get("/api/v1/health/ready")
        assert ready.status_code == 200
        assert "popular items are listed instead of version 1" in ready.json()["checks"]["model"]["detail"]
        body = client.get(LIST).json()
        assert body["model_version"] is None
        assert body["notice"].startswith("The deployed model cannot be used at the moment")
        assert {item["source"] for item in body["items"]} == {"popular"}


def _status(service: Service) -> str:
    with service.client() as client:
        return str(client.get("/api/v1/health/ready").json()["status"])


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Child]]:
    """A server that a test may stop."""
    folder = tmp_path_factory.mktemp("own-postgres")
    cluster = Cluster.at(folder / "data")
    cluster.create("secret")
    server = Server(free_port(), "secret")
    child = Child(cluster.child(server, folder / "postgres.log"))
    child.start()
    try:
        child.wait_ready()
        yield server, child
    finally:
        child.stop()


@pytest.fixture
def on_own_postgres(own_postgres: tuple[Server, Child], tmp_path: Path) -> Iterator[Service]:
    """One worker on that server; it serves version 1."""
    database = f"own_{tmp_path.name[-30:]}"
    with running_service(tmp_path, own_postgres[0], database, MARQUEE_WORKERS="1") as service:
        service.deploy(1)
        eventually(lambda: _status(service) == "ready")
        service.engine.dispose()
        yield service


def test_without_postgres_lists_go_on_and_writes_are_refused_until_it_is_back(
    own_postgres: tuple[Server, Child], on_own_postgres: Service
) -> None:
    service, (_, postgres) = on_own_postgres, own_postgres
    with service.client("write") as client:
        before = client.get(LIST).json()["items"]
        postgres.stop()
        eventually(lambda: _status(service) == "degraded", within=15)

        _check_degraded(client, before)
        postgres.start()
        postgres.wait_ready()
        eventually(lambda: _status(service) == "ready", within=15)
        assert client.put(path_of("u000", "ratings", "i001"), json={"rating": 5}).status_code == 201
        after = [item["item_id"] for item in client.get(LIST, params={"n": 20}).json()["items"]]
        assert "i001" not in after


def _check_degraded(client: httpx.Client, before: list[dict[str, object]]) -> None:
    assert client.get(LIST).json()["items"] == before
    unknown = client.get(path_of("never seen", "recommendations")).json()
    assert (unknown["known"], unknown["items"][0]["source"]) == (False, "popular")
    assert client.get("/api/v1/items", params={"q": "film"}).json()["total"] == 20
    assert client.get("/api/v1/items/i000").json()["mean_rating"] == 5
    for answer in (
        client.put(path_of("u000", "ratings", "i001"), json={"rating": 5}),
        client.delete(path_of("u000", "ratings", "i001")),
        client.get("/api/v1/users"),
    ):
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_worker_that_starts_without_postgres_leaves_requests_to_the_other(
    own_postgres: tuple[Server, Child], tmp_path: Path
) -> None:
    server, postgres = own_postgres
    with running_service(tmp_path, server, "two_workers", MARQUEE_WORKERS="2") as service:
        service.deploy(1)
        eventually(lambda: service.serves(1))
        workers = service.on_every_worker(lambda client: client.get(LIST))
        service.engine.dispose()
        postgres.stop()
        try:
            eventually(lambda: _status(service) == "degraded", within=15)
            _replace(service, workers)
            with Load(service, clients=2) as load:
                time.sleep(2.0)
            assert {status for status, _ in load.answers} == {200}
            assert not load.errors
            fresh = [service.client("read").get(LIST) for _ in range(60)]
            assert {answer.status_code for answer in fresh} == {200}
        finally:
            postgres.start()
            postgres.wait_ready()
        eventually(lambda: service.serves(1), within=15)

        postgres.stop()
        try:
            eventually(lambda: _status(service) == "degraded", within=15)
            _replace(service, service.on_every_worker(lambda client: client.get(LIST)))
            began = time.monotonic()
            service.child.stop()  # the new one, too, which is still waiting
            assert time.monotonic() - began < 10
        finally:
            postgres.start()
            postgres.wait_ready()


def _replace(service: Service, workers: Iterable[str]) -> None:
    """Kill a worker; returns when another process is in its place, and has had the time to start."""
    launcher, before = psutil.Process(service.child.pid), set(map(int, workers))
    os.kill(min(before), signal.SIGKILL)
    eventually(lambda: bool({child.pid for child in launcher.children()} - before))
    time.sleep(1.5)


def test_a_postgres_that_hangs_is_not_waited_for(
    own_postgres: tuple[Server, Child], on_own_postgres: Service
) -> None:
    """Its processes are stopped: connections stay open and nothing answers."""
    service, postgres = on_own_postgres, psutil.Process(own_postgres[1].pid)
    processes = [postgres, *postgres.children(recursive=True)]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # a session that has just ended
            process.suspend()
    try:
        with service.client("write") as client:
            began = time.monotonic()
            refused = client.put(path_of("u000", "ratings", "i001"), json={"rating": 5})
            assert refused.status_code == 503
            assert time.monotonic() - began < 15
            eventually(lambda: _status(service) == "degraded", within=15)
            began = time.monotonic()
            assert client.get(LIST).status_code == 200
            assert client.get("/api/v1/users").status_code == 503
            assert time.monotonic() - began < 1
    finally:
        for process in reversed(processes):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
    eventually(lambda: _status(service) == "ready", within=20)


def test_a_worker_that_is_killed_is_replaced_and_none_outlives_its_launcher(new_service: NewService) -> None:
    service = new_service()
    service.deploy(1)
    eventually(lambda: service.serves(1))
    before = service.on_every_worker(lambda client: client.get(LIST))
    killed = next(iter(before))
    os.kill(int(killed), signal.SIGKILL)

    def replaced() -> bool:
        try:
            workers = service.on_every_worker(lambda client: client.get("/api/v1/health/ready"))
        except httpx.TransportError:  # the socket of the killed worker
            return False
        return killed not in workers and all(answer.status_code == 200 for answer in workers.values())

    eventually(replaced, within=30)
    with service.client() as client:
        figures = client.get("/metrics").text
    assert f'marquee_model_version{{pid="{killed}"}}' not in figures
    assert figures.count("marquee_model_version{pid=") == 2

    workers = [int(pid) for pid in service.on_every_worker(lambda client: client.get("/api/v1/health/live"))]
    os.kill(service.child.pid, signal.SIGKILL)
    eventually(lambda: not any(psutil.pid_exists(pid) for pid in workers), within=15)
    with pytest.raises(httpx.ConnectError), service.client() as client:
        client.get("/api/v1/health/live")


def test_a_worker_that_is_killed_again_and_again_is_replaced_each_time(new_service: NewService) -> None:
    """The launcher once in a while asked the dying one how it was, and waited for the answer."""
    service = new_service(MARQUEE_WORKERS="1")
    service.deploy(1)
    eventually(lambda: service.serves_alone(1))
    killed = set()
    for _ in range(12):
        with service.client() as client:
            ready = client.get("/api/v1/health/ready")
        worker = int(ready.headers["x-marquee-worker"])
        assert worker not in killed
        assert psutil.Process(worker).ppid() == service.child.pid  # forked: what it needs is imported
        os.kill(worker, signal.SIGKILL)
        killed.add(worker)
        eventually(lambda: service.serves_alone(1), within=4)


def test_on_sighup_every_worker_is_replaced_and_lists_go_on(new_service: NewService) -> None:
    service = new_service()
    service.deploy(1)
    eventually(lambda: service.serves(1))
    before = set(service.on_every_worker(lambda client: client.get(LIST)))
    os.kill(service.child.pid, signal.SIGHUP)

    def replaced() -> bool:
        with service.client("read") as client:
            answer = client.get(LIST)
        assert answer.status_code == 200
        return not before.intersection(service.on_every_worker(lambda client: client.get(LIST)))

    eventually(replaced, within=30)
    assert service.serves(1)


def test_on_sigterm_a_client_that_has_just_connected_is_answered(new_service: NewService) -> None:
    service = new_service(MARQUEE_WORKERS="1")
    address = httpx.URL(service.url)
    silent, asks = (
        socket.create_connection((address.host, address.port or 80), timeout=10) for _ in range(2)
    )
    ports = {silent.getsockname()[1], asks.getsockname()[1]}
    with silent, asks:
        eventually(lambda: ports <= _taken(service))
        os.kill(service.child.pid, signal.SIGTERM)
        eventually(lambda: not _listens(service))
        asks.sendall(b"GET /api/v1/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b"".join(iter(lambda: asks.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer.lower()
        assert silent.recv(1) == b""  # nobody waits for it
    eventually(lambda: service.child.exit_status() is not None, within=10)


def _taken(service: Service) -> set[int]:
    """Ports of the clients whose connections a worker has accepted."""
    workers = psutil.Process(service.child.pid).children()
    return {link.raddr.port for worker in workers for link in worker.net_connections() if link.raddr}


def _listens(service: Service) -> bool:
    address = httpx.URL(service.url)
    try:
        socket.create_connection((address.host, address.port or 80), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_on_sigterm_what_has_begun_is_finished(new_service: NewService) -> None:
    service = new_service(MARQUEE_WORKERS="1")
    where = httpx.URL(service.url)
    body = b'{"rating": 5}'
    path = path_of("u000", "ratings", "i001")
    with socket.create_connection((where.host, where.port or 80), timeout=20) as slow:
        head = (
            f"PUT {path} HTTP/1.1\r\nHost: {where.host}\r\nAuthorization: Bearer {service.keys['write']}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        slow.sendall(head.encode() + body[:5])
        time.sleep(0.3)
        os.kill(service.child.pid, signal.SIGTERM)
        time.sleep(1.0)
        slow.sendall(body[5:])
        answer = slow.recv(4096)
    assert answer.startswith(b"HTTP/1.1 201")
    eventually(lambda: service.child.exit_status() is not None, within=15)
    assert service.child.exit_status() == 0


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"MARQUEE_PORT": "TAKEN"}, ["cannot listen", "MARQUEE_PORT"]),
        ({"MARQUEE_COLOUR": "red"}, ["Unknown setting MARQUEE_COLOUR"]),
        ({"MARQUEE_WORKERS": "many"}, ["MARQUEE_WORKERS"]),
        ({"MARQUEE_CONFIGS_DIR": "/no/such/folder"}, ["/no/such/folder/serving.yaml"]),
        ({"MARQUEE_SECRETS_DIR": "/no/such/folder"}, ["/no/such/folder"]),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    service: Service, variables: dict[str, str], words: list[str]
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")}
    environment |= {
        "MARQUEE_HOME": str(service.home),
        "MARQUEE_PORT": str(free_port()),
        "MARQUEE_DATABASE_URL": "postgresql://marquee@127.0.0.1:1/marquee",
    }
    taken = str(httpx.URL(service.url).port)
    environment |= {name: value.replace("TAKEN", taken) for name, value in variables.items()}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "app"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]
