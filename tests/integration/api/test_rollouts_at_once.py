"""Operators who decide on one rollout at the same moment, over HTTP, with two workers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest

from marquee.lifecycle.conductor import conduct
from marquee.settings import load_serving
from marquee.stack.postgres import Server
from marquee.store import audit
from tests.support.service import Service, running_service
from tests.support.trials import follow, plant_challenger

SERVING = load_serving(Path(__file__).parents[3] / "configs" / "serving.yaml")


@pytest.fixture(scope="module")
def service(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("at-once"), api_server, "at-once") as started:
        started.deploy(1)
        plant_challenger(started, 2)
        follow(started, champion=1, challenger=None)
        yield started


@pytest.fixture
def rollout(service: Service) -> Iterator[dict[str, Any]]:
    """In the shadow: every worker has version 2."""
    with service.client("operate") as client:
        body = {"version": 2, "preset": "canary", "reason": "a test"}
        started = client.post("/api/v1/rollouts", json=body).raise_for_status().json()
        follow(service, champion=1, challenger=2)
        conduct(service.engine, SERVING)
        path = f"/api/v1/rollouts/{started['rollout_id']}"
        yield client.get(path).json()
        client.post(f"{path}/abort", json={"reason": "the test is over"})


def _at_once(service: Service, rollout: dict[str, Any], *actions: str) -> list[httpx.Response]:
    """Each action by an operator of its own, who saw the same revision."""
    together = Barrier(len(actions))

    def act(action: str) -> httpx.Response:
        with service.client("operate") as client:
            client.get("/api/v1/deployment")  # connected
            together.wait()
            body = {"reason": f"to {action}", "expected_revision": rollout["revision"]}
            return client.post(f"/api/v1/rollouts/{rollout['rollout_id']}/{action}", json=body)

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))


def _moves(service: Service, rollout: dict[str, Any]) -> int:
    with service.engine.connect() as connection:
        entries = audit.latest(connection, limit=100)
    return sum(entry.subject == f"rollout {rollout['rollout_id']}" for entry in entries)


def test_three_who_advance_at_once_take_it_on_by_one_stage(service: Service, rollout: dict[str, Any]) -> None:
    assert rollout["state"] == "shadow"
    for stage in range(1, 4):
        before = _moves(service, rollout)
        answers = _at_once(service, rollout, "advance", "advance", "advance")
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        assert _moves(service, rollout) == before + 1
        (won,) = (answer.json() for answer in answers if answer.status_code == 200)
        for lost in (answer.json() for answer in answers if answer.status_code == 409):
            assert f"at revision {won['revision']}, not {rollout['revision']}" in lost["detail"]
        assert (won["state"], won["step"]) == ("canary", stage)
        rollout = won


def test_of_one_who_advances_and_one_who_aborts_one_is_told(
    service: Service, rollout: dict[str, Any]
) -> None:
    answers = dict(zip(("advance", "abort"), _at_once(service, rollout, "advance", "abort"), strict=True))
    assert sorted(answer.status_code for answer in answers.values()) == [200, 409]
    (won,) = (action for action, answer in answers.items() if answer.status_code == 200)
    with service.client("read") as client:
        state = client.get(f"/api/v1/rollouts/{rollout['rollout_id']}").json()["state"]
    assert state == {"advance": "canary", "abort": "aborted"}[won]
