"""A challenger that breaks, one that cannot be had, and workers that are killed: people notice nothing."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marquee.store import workers
from tests.integration.api.conftest import NewService
from tests.support.draws import in_challenger
from tests.support.service import Service, eventually, path_of
from tests.support.trials import (
    follow,
    in_memory,
    logged,
    plant_challenger,
    shadow_figures,
    start_trial,
    tallies,
)

BATCH = "/api/v1/recommendations/batch"
HEADER = "X-Marquee-Variant"
PEOPLE = [f"u{number:03d}" for number in range(40)]
SHARE = 0.5


@pytest.fixture
def start(new_service: NewService, tmp_path: Path) -> Callable[..., Service]:
    """A service in which version 1 serves, and version 2 may be tried; lists begin with similar items."""
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "serving.yaml").write_text("fallback: [similar, popular]\n")

    def start(n_workers: int) -> Service:
        service = new_service(MARQUEE_WORKERS=str(n_workers), MARQUEE_CONFIGS_DIR=str(configs))
        service.deploy(1)
        plant_challenger(service, 2)
        follow(service, workers=n_workers, champion=1)
        return service

    return start


def _break(service: Service, version: int) -> None:
    """Let a disk fail under a model that is in memory: its similar items are none of the catalogue's."""
    path = service.home / "bundles" / str(version) / "fallback.neighbours.rows.npy"
    rows = np.load(path, mmap_mode="r+")
    rows[:] = 1_000_000
    rows.flush()


def test_people_get_the_champions_list_where_the_challenger_fails(start: Callable[..., Service]) -> None:
    service = start(1)
    rollout = start_trial(service, 2, "canary", share=SHARE)
    follow(service, workers=1, challenger=2)
    _break(service, 2)
    with service.client("operate") as client:
        for person in PEOPLE:
            made = client.get(path_of(person, "recommendations"), params={"n": 3}).raise_for_status().json()
            theirs = client.get(
                path_of(person, "recommendations"), params={"n": 3}, headers={HEADER: "champion"}
            ).json()
            assert made["variant"] == ("challenger" if in_challenger(person, "salt", SHARE) else "champion")
            assert made["model_version"] == 1
            assert made["items"] == theirs["items"]
        batch = client.post(BATCH, json={"user_ids": PEOPLE, "n": 3, "log": True}).raise_for_status().json()
        by_request = client.get(path_of("u000", "recommendations"), headers={HEADER: "challenger"}).json()
        figures = client.get("/metrics").text
    assert [(made["variant"], made["model_version"]) for made in batch["lists"]] == [
        ("challenger" if in_challenger(person, "salt", SHARE) else "champion", 1) for person in PEOPLE
    ]
    assert (by_request["variant"], by_request["model_version"]) == ("challenger", 1)

    request_id = batch["lists"][0]["request_id"]
    eventually(lambda: len(logged(service.engine, request_id)) == len(PEOPLE))
    for row in logged(service.engine, request_id):
        assert row.variant == ("challenger" if in_challenger(row.user_id, "salt", SHARE) else "champion")
        assert (row.model_version, row.rollout, row.step) == (1, rollout, 0)

    theirs = sum(in_challenger(person, "salt", SHARE) for person in PEOPLE)

    def errors(variant: str) -> tuple[float, float]:
        counted = tallies(service.engine, rollout).get((0, variant), {})
        return sum(counted.get("errors", [])), sum(counted.get("requests", []))

    eventually(lambda: errors("challenger") == (2 * theirs, 2 * theirs), within=5)
    assert errors("champion") == (0, 2 * (len(PEOPLE) - theirs))
    assert f'marquee_list_errors_total{{variant="challenger"}} {2 * theirs}.0' in figures
    log = (service.home / "service.log").read_text()
    assert log.count("The challenger failed to make a list; the champion made it.") == 1


def test_the_champions_own_failure_stays_one(start: Callable[..., Service]) -> None:
    service = start(1)
    rollout = start_trial(service, 2, "canary", share=SHARE)
    follow(service, workers=1, challenger=2)
    _break(service, 1)
    for person in PEOPLE[:20]:
        with service.client("read") as client:  # a defect ends the connection
            status = client.get(path_of(person, "recommendations")).status_code
        assert status == (200 if in_challenger(person, "salt", SHARE) else 500)
    failed = sum(not in_challenger(person, "salt", SHARE) for person in PEOPLE[:20])
    eventually(
        lambda: sum(tallies(service.engine, rollout).get((0, "champion"), {}).get("errors", [])) == failed
    )


def test_a_challenger_that_fails_in_the_shadow_is_counted(start: Callable[..., Service]) -> None:
    service = start(1)
    rollout = start_trial(service, 2, "shadow")
    follow(service, workers=1, challenger=2)
    _break(service, 2)
    with service.client("read") as client:
        for person in PEOPLE[:10]:
            made = client.get(path_of(person, "recommendations")).raise_for_status().json()
            assert (made["variant"], made["model_version"]) == ("champion", 1)
    eventually(lambda: shadow_figures(service.engine, rollout).get("errors") == 10, within=5)
    assert shadow_figures(service.engine, rollout)["compared"] == 0


def test_a_challenger_that_cannot_be_loaded_is_a_problem_and_touches_nothing(
    start: Callable[..., Service],
) -> None:
    service = start(2)
    (service.home / "bundles" / "2" / "items.json").write_text("[]")
    start_trial(service, 2, "warming")
    eventually(lambda: all(worker["problem"] is not None for worker in in_memory(service)))
    for worker in in_memory(service):
        assert worker["problem"].startswith("Version 2 is not in memory")
        assert "items.json" in worker["problem"]
        assert (worker["champion"], worker["challenger"]) == (1, None)
    with service.client("read") as client:
        assert client.get("/api/v1/health/ready").json()["status"] == "ready"
        assert client.get(path_of("u000", "recommendations")).json()["model_version"] == 1


def test_what_a_killed_worker_had_written_stays(start: Callable[..., Service]) -> None:
    service = start(2)
    rollout = start_trial(service, 2, "canary", share=SHARE)
    follow(service, challenger=2)
    asked = 0

    def ask() -> None:
        nonlocal asked
        for person in PEOPLE:
            with service.client("read") as client:  # a connection each, so that both workers have some
                client.get(path_of(person, "recommendations")).raise_for_status()
        asked += len(PEOPLE)

    def counted() -> float:
        return sum(sum(found["requests"]) for found in tallies(service.engine, rollout).values())

    ask()
    eventually(lambda: counted() == asked, within=5)
    before = {worker["worker_id"] for worker in in_memory(service)}
    killed = in_memory(service)[0]
    os.kill(killed["pid"], signal.SIGKILL)

    def another_has_come() -> bool:
        fresh = [worker for worker in in_memory(service) if worker["worker_id"] not in before]
        return [worker["challenger"] for worker in fresh] == [2]

    eventually(another_has_come)
    ask()
    eventually(lambda: counted() == asked, within=5)


def _names(service: Service) -> set[Any]:
    return {worker["worker_id"] for worker in in_memory(service)}


def test_workers_take_leave(start: Callable[..., Service]) -> None:
    service = start(2)
    assert len(_names(service)) == 2
    for worker in in_memory(service):
        assert worker["host"]
        assert worker["pid"] != service.child.pid
        assert (worker["champion"], worker["problem"]) == (1, None)
    service.child.stop()
    with service.engine.connect() as connection:
        assert workers.alive(connection) == []
