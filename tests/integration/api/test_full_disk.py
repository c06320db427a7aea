"""Disks that are full, for real: file systems of a few megabytes. Only root may mount them."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from marquee.stack.ports import free_port
from marquee.stack.postgres import Cluster, Server
from marquee.stack.processes import Child
from tests.support.service import Service, eventually, path_of, running_service
from tests.support.world import write_world_bundle

LIST = path_of("u000", "recommendations")


@contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small file system")
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes one small disk of so many megabytes."""
    contexts = []

    def make(megabytes: int) -> Path:
        context = _small_disk(tmp_path / "disk", megabytes)
        contexts.append(context)
        return context.__enter__()

    yield make
    for context in contexts:
        context.__exit__(None, None, None)


def _fill(disk: Path) -> Path:
    """Leave not a byte free."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return filler


def _status(client: httpx.Client) -> str:
    return str(client.get("/api/v1/health/ready").json()["status"])


def test_a_full_disk_keeps_the_old_model_and_hurts_no_request(
    small_disk: Callable[[int], Path], api_server: Server
) -> None:
    """The state folder's disk is full: models, metrics, and the bell of the feed are on it."""
    disk = small_disk(24)
    home = disk / "home"
    home.mkdir()
    with (
        running_service(home, api_server, "full_home", MARQUEE_WORKERS="2") as service,
        service.client("write") as client,
    ):
        service.deploy(1)
        eventually(lambda: service.serves(1))
        filler = _fill(disk)
        service.promote(2, is_new=True)  # there is no copy of it, and no room for one
        eventually(lambda: _status(client) == "degraded")
        _check_everything_goes_on(service, client)

        filler.unlink()
        write_world_bundle(home / "bundles" / "2")
        eventually(lambda: service.serves(2), within=30)


def _check_everything_goes_on(service: Service, client: httpx.Client) -> None:
    for number in range(30):
        assert client.get(path_of(f"u{number:03d}", "recommendations")).json()["model_version"] == 1
    assert client.put(path_of("u000", "ratings", "i001"), json={"rating": 5}).status_code == 201
    assert "i001" not in [item["item_id"] for item in client.get(LIST, params={"n": 20}).json()["items"]]
    for path in ("/api/v1/items", "/api/v1/users", "/api/v1/categories", "/metrics", "/api/v1/nothing"):
        assert client.get(path).status_code < 500
    before = set(service.on_every_worker(lambda each: each.get("/api/v1/health/live")))
    assert len(before) == 2


def test_workers_start_on_a_full_disk(small_disk: Callable[[int], Path], api_server: Server) -> None:
    """A worker that dies while the disk is full is replaced all the same."""
    disk = small_disk(24)
    home = disk / "home"
    home.mkdir()
    with (
        running_service(home, api_server, "full_start", MARQUEE_WORKERS="1") as service,
        service.client("read") as client,
    ):
        service.deploy(1)
        eventually(lambda: service.serves_alone(1))
        killed = int(client.get("/api/v1/health/live").headers["x-marquee-worker"])
        _fill(disk)
        os.kill(killed, 9)
        eventually(lambda: service.serves_alone(1), within=30)
        with service.client("write") as again:
            assert again.put(path_of("u000", "ratings", "i001"), json={"rating": 5}).status_code == 201
            assert again.get("/metrics").status_code == 200


def test_a_database_whose_disk_is_full_refuses_writes_and_loses_none(
    small_disk: Callable[[int], Path], tmp_path: Path
) -> None:
    disk = small_disk(200)
    cluster = Cluster.at(disk / "data")
    cluster.create("secret")
    server = Server(free_port(), "secret")
    child = Child(cluster.child(server, tmp_path / "postgres.log"))
    child.start()
    try:
        child.wait_ready()
        home = tmp_path / "home"
        home.mkdir()
        with running_service(home, server, "full", MARQUEE_WORKERS="1") as service:
            _check_full_database(service, disk, child)
    finally:
        child.stop()


def _check_full_database(service: Service, disk: Path, postgres: Child) -> None:
    service.deploy(1)
    eventually(lambda: service.serves_alone(1))
    filler = _fill(disk)
    acknowledged: set[str] = set()
    refused = 0
    with service.client("write") as client:
        for number in range(5000):
            user_id = f"disk {number} " + "x" * 200
            answer = client.put(path_of(user_id, "ratings", "i001"), json={"rating": 5})
            assert answer.status_code in (201, 503), answer.text
            assert client.get(LIST).status_code == 200
            if answer.status_code == 201:
                acknowledged.add(user_id)
            else:
                assert int(answer.headers["retry-after"]) > 0
                refused += 1
            if refused == 20:
                break
        assert refused == 20
        filler.unlink()
        if postgres.exit_status() is not None:  # it ends itself when there is no room for its log
            postgres.start()
        postgres.wait_ready()
        eventually(lambda: _status(client) == "ready", within=60)
        assert client.put(path_of("u000", "ratings", "i001"), json={"rating": 5}).status_code == 201
        kept = {user_id for user_id in acknowledged if client.get(path_of(user_id)).status_code == 200}
    assert kept == acknowledged
