"""Models change places under load, again and again, and their memory is the machine's, not each worker's."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest

from marquee.stack.postgres import Server
from tests.support.large_world import load_large_catalogue, write_large_bundle
from tests.support.service import Service, eventually, path_of, running_service

N_ITEMS = 4000  # EASE has 64 MB of weights then
SWAPS = 20
PEOPLE = [f"u{number:03d}" for number in range(40)]
MB = 1e6
EDGES = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, float("inf")]  # of the histogram, in ms


@contextmanager
def _large_service(home: Path, server: Server, database: str, workers: int) -> Iterator[Service]:
    home.mkdir()
    with running_service(home, server, database, MARQUEE_WORKERS=str(workers)) as service:
        with service.engine.begin() as connection:
            load_large_catalogue(connection, N_ITEMS)
        yield service


def _workers(service: Service) -> list[psutil.Process]:
    """Only workers map Python's own extension of the event loop; the launcher's other child is a tracker."""
    children = psutil.Process(service.child.pid).children(recursive=True)
    return [child for child in children if any("uvloop" in each.path for each in child.memory_maps())]


def _mapped(process: psutil.Process, field: str) -> dict[str, int]:
    """Bytes of each bundle that a process maps, by the bundle's folder."""
    mapped: dict[str, int] = {}
    for each in process.memory_maps():
        path = Path(each.path)
        if path.parent.parent.name == "bundles":
            mapped[path.parent.name] = mapped.get(path.parent.name, 0) + getattr(each, field)
    return mapped


def test_twenty_swaps_under_load_fail_no_request_and_free_what_they_replace(
    api_server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with _large_service(tmp_path / "home", api_server, "swaps", workers=2) as service:
        for version in (1, 2):
            write_large_bundle(service.home / "bundles" / str(version), N_ITEMS, seed=version)
        expected = {}
        for version in (1, 2):
            service.promote(version, is_new=True)
            eventually(lambda version=version: service.serves(version), within=90)  # type: ignore[misc]
            expected[version] = _lists(service)
        assert expected[1] != expected[2]

        with _asked(service, expected) as asked:
            time.sleep(2)
            began = time.monotonic()
            held = []
            for swap in range(SWAPS):
                version = 1 + swap % 2
                service.promote(version)
                eventually(lambda version=version: service.serves(version), within=90)  # type: ignore[misc]
                held.append(sum(worker.memory_full_info().uss for worker in _workers(service)))
            ended = time.monotonic()
        answers = np.array(asked["answers"])
        during = (answers[:, 0] >= began) & (answers[:, 0] <= ended)
        with capsys.disabled():
            sys.stdout.write(_histogram(answers[~during, 1], answers[during, 1], ended - began))

        assert asked["failures"] == []
        assert set(answers[:, 2]) == {1, 2}
        assert during.sum() > 1000
        _check_no_cliff(answers[~during, 1], answers[during, 1])
        assert max(held[-5:]) - max(held[:5]) < 25 * MB
        eventually(lambda: _all_map(service, {"1", "2"}), within=90)  # the previous champion is kept hot
        write_large_bundle(service.home / "bundles" / "3", N_ITEMS, seed=3)
        service.promote(3, is_new=True)
        eventually(lambda: _all_map(service, {"2", "3"}), within=90)


def _all_map(service: Service, versions: set[str]) -> bool:
    """Whether every worker maps these bundles, and no other."""
    return all(set(_mapped(worker, "rss")) == versions for worker in _workers(service))


def _check_no_cliff(quiet: Any, swapping: Any) -> None:
    """While models change, answers are not much later; there is room for what else the machine does."""
    assert np.median(swapping) < 5 * np.median(quiet) + 0.010
    assert np.quantile(swapping, 0.99) < 5 * np.quantile(quiet, 0.99) + 0.100
    assert swapping.max() < 2.0


def _lists(service: Service) -> dict[str, list[str]]:
    """What everybody's list holds, by target."""
    with service.client("read") as client:
        bodies = {target: client.get(target).json() for target in map(_target, PEOPLE)}
    return {target: [item["item_id"] for item in body["items"]] for target, body in bodies.items()}


def _target(user_id: str) -> str:
    return f"{path_of(user_id, 'recommendations')}?n=10"


@contextmanager
def _asked(service: Service, expected: dict[int, dict[str, list[str]]]) -> Iterator[dict[str, Any]]:
    """Another process asks meanwhile; what it found is in the dictionary afterwards."""
    plan = {
        "port": httpx.URL(service.url).port,
        "headers": {"Authorization": f"Bearer {service.keys['read']}"},
        "targets": [_target(user_id) for user_id in PEOPLE],
        "expected": expected,
        "pause": 0.005,
    }
    command = (sys.executable, "-m", "tests.support.asking")
    found: dict[str, Any] = {}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as asker:
        assert asker.stdin is not None
        assert asker.stdout is not None
        asker.stdin.write(json.dumps(plan) + "\n")
        asker.stdin.flush()
        try:
            yield found
        finally:
            asker.stdin.close()
            found.update(json.load(asker.stdout))


def _histogram(quiet: Any, swapping: Any, seconds: float) -> str:
    lines = [f"\n{SWAPS} swaps in {seconds:.1f} s; answers by how long they took:\n"]
    lines.append(f"{'ms':>12}{'no swap':>12}{'swaps':>12}\n")
    counts = [np.histogram(waits * 1000, EDGES)[0] for waits in (quiet, swapping)]
    for low, high, before, within in zip(EDGES, EDGES[1:], *counts, strict=False):
        lines.append(f"{f'{low:g} to {high:g}':>12}{before:>12}{within:>12}\n")
    for name, share in (("median", 0.5), ("p99", 0.99), ("longest", 1.0)):
        values = (np.quantile(waits, share) * 1000 for waits in (quiet, swapping))
        lines.append(f"{name:>12}" + "".join(f"{value:>12.2f}" for value in values) + "\n")
    return "".join(lines)


def test_four_workers_hold_the_model_once(
    api_server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with _large_service(tmp_path / "home", api_server, "shared", workers=4) as service:
        eventually(lambda: len(_workers(service)) == 4, within=90)
        without = [worker.memory_full_info().uss for worker in _workers(service)]
        size = write_large_bundle(service.home / "bundles" / "1", N_ITEMS, seed=1)
        service.promote(1, is_new=True)
        eventually(
            lambda: all(_mapped(worker, "rss").get("1", 0) > 0.9 * size for worker in _workers(service))
        )
        _ask_everybody(service)
        workers = _workers(service)
        proportional = sum(_mapped(worker, "pss")["1"] for worker in workers)
        own = [worker.memory_full_info().uss for worker in workers]

    with capsys.disabled():
        sys.stdout.write(
            f"\nThe model has {size / MB:.0f} MB; four workers hold {proportional / MB:.0f} MB of it.\n"
            f"A worker's own: {max(without) / MB:.0f} MB without it, {max(own) / MB:.0f} MB with it.\n"
        )
    assert 0.9 * size < proportional < 1.1 * size
    assert max(own) - min(without) < 0.5 * size


def _status_of_all(service: Service) -> set[str]:
    answers = service.on_every_worker(lambda client: client.get("/api/v1/health/ready"), workers=4)
    return {answer.json()["status"] for answer in answers.values()}


def _ask_everybody(service: Service) -> None:
    """So that every worker has computed lists."""

    def ask(client: httpx.Client) -> httpx.Response:
        for user_id in PEOPLE:
            answer = client.get(_target(user_id)).raise_for_status()
        return answer

    service.on_every_worker(ask, workers=4)
