"""The challenger in the shadow: its figures against lists that are asked for one by one."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from marquee.recommend.agreement import kendall_tau
from marquee.stack.postgres import Server
from tests.support.service import Service, eventually, path_of, running_service
from tests.support.trials import end_trial, follow, logged, plant_challenger, shadow_figures, start_trial

PEOPLE = [f"u{number:03d}" for number in range(40)]


@pytest.fixture(scope="module")
def stage(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One worker; version 1 serves, version 2 may be tried."""
    home = tmp_path_factory.mktemp("shadow")
    with running_service(home, api_server, "shadow", MARQUEE_WORKERS="1") as service:
        service.deploy(1)
        plant_challenger(service, 2)
        follow(service, workers=1, champion=1)
        yield service


@pytest.fixture
def rollout(stage: Service) -> Iterator[int]:
    number = start_trial(stage, 2, "shadow", share=1.0)
    follow(stage, workers=1, challenger=2)
    yield number
    end_trial(stage)
    follow(stage, workers=1, challenger=None)


def _by_version(client: httpx.Client, version: int, person: str, **query: int) -> list[dict[str, Any]]:
    path = f"/api/v1/models/{version}/users/{person}/recommendations"
    items: list[dict[str, Any]] = client.get(path, params=query).raise_for_status().json()["items"]
    return items


def test_the_figures_are_those_of_the_lists(stage: Service, rollout: int) -> None:
    sums = dict.fromkeys(("overlap", "rank_correlation", "stars_shift", "score_shift"), 0.0)
    with stage.client("read") as client:
        for person in PEOPLE:
            made = client.get(path_of(person, "recommendations"), params={"n": 6}).raise_for_status().json()
            assert (made["variant"], made["model_version"]) == ("champion", 1)
            champion = {item["item_id"]: item for item in made["items"]}
            challenger = {item["item_id"]: item for item in _by_version(client, 2, person, n=6)}
            common = [item_id for item_id in champion if item_id in challenger]
            sums["overlap"] += len(common) / 6
            sums["rank_correlation"] += kendall_tau([challenger[one]["rank"] for one in common]) or 0.0
            for name, figure in (("stars_shift", "stars"), ("score_shift", "score")):
                shifts = [challenger[one][figure] - champion[one][figure] for one in common]
                sums[name] += sum(shifts) / len(shifts) if shifts else 0.0
    eventually(lambda: shadow_figures(stage.engine, rollout).get("compared") == len(PEOPLE), within=5)
    found = shadow_figures(stage.engine, rollout)
    assert (found["errors"], found["dropped"]) == (0, 0)
    assert 0 < found["correlated"] <= found["starred"] == found["scored"] <= len(PEOPLE)
    for name, expected in sums.items():
        assert found[name] == pytest.approx(expected, abs=len(PEOPLE) * 0.002), name
    assert sums["score_shift"] != 0
    assert found["champion_ms"] > 0
    assert found["challenger_ms"] > 0


def test_nobody_sees_them_and_the_log_does_not_know_of_a_rollout(stage: Service, rollout: int) -> None:
    with stage.client("read") as client:
        made = client.get(path_of("u001", "recommendations")).json()
    eventually(lambda: shadow_figures(stage.engine, rollout).get("compared") == 1, within=5)
    (row,) = logged(stage.engine, made["request_id"])
    assert (row.variant, row.model_version, row.rollout, row.step) == ("champion", 1, None, None)


def test_under_load_lists_are_dropped_and_every_request_is_answered(stage: Service, rollout: int) -> None:
    async def ask_all() -> list[int]:
        headers = {"Authorization": f"Bearer {stage.keys['read']}"}
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(
            base_url=stage.url, headers=headers, limits=limits, timeout=30
        ) as client:
            answers = await asyncio.gather(
                *(client.get(path_of(person, "recommendations")) for person in PEOPLE * 10)
            )
        return [answer.status_code for answer in answers]

    assert set(asyncio.run(ask_all())) == {200}

    def seen() -> float:
        found = shadow_figures(stage.engine, rollout)
        return found.get("compared", 0) + found.get("dropped", 0)

    eventually(lambda: seen() == 400, within=20)
    found = shadow_figures(stage.engine, rollout)
    assert found["dropped"] > 0
    assert found["errors"] == 0
