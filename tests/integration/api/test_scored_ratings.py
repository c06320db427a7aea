"""Ratings that come while two versions are in memory, beside what each had predicted."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from marquee.stack.postgres import Server
from marquee.store import tables
from tests.support.service import Service, eventually, path_of, running_service
from tests.support.trials import end_trial, follow, plant_challenger, start_trial

SETTINGS = "feedback: {kinds: {love: {stars: 5}, click: {weight: 0.1}}}\n"


@pytest.fixture(scope="module")
def stage(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One worker; version 1 serves, version 2 may be tried, which has never heard of item 0."""
    home: Path = tmp_path_factory.mktemp("scored")
    configs = tmp_path_factory.mktemp("configs")
    (configs / "serving.yaml").write_text(SETTINGS)
    settings = {"MARQUEE_WORKERS": "1", "MARQUEE_CONFIGS_DIR": str(configs)}
    with running_service(home, api_server, "scored", **settings) as service:
        service.deploy(1)
        plant_challenger(service, 2)
        follow(service, workers=1, champion=1)
        yield service


@pytest.fixture
def rollout(stage: Service) -> Iterator[int]:
    number = start_trial(stage, 2, "shadow")
    follow(stage, workers=1, challenger=2)
    yield number
    end_trial(stage)
    follow(stage, workers=1, challenger=None)


def _scored(service: Service, rollout: int) -> dict[tuple[str, str], Any]:
    table = tables.scored_ratings
    with service.engine.connect() as connection:
        rows = connection.execute(select(table).where(table.c.rollout_id == rollout)).all()
    return {(row.user_id, row.item_id): row for row in rows}


def _stars(client: httpx.Client, version: int, person: str) -> dict[str, float]:
    path = f"/api/v1/models/{version}/users/{person}/recommendations"
    items = client.get(path, params={"n": 20}).raise_for_status().json()["items"]
    return {item["item_id"]: item["stars"] for item in items}


def _rate(client: httpx.Client, person: str, item_id: str, stars: float) -> None:
    client.put(path_of(person, "ratings", item_id), json={"rating": stars}).raise_for_status()


def test_a_first_rating_is_predicted_by_both_before_they_learn_of_it(stage: Service, rollout: int) -> None:
    with stage.client("write") as client:
        champion, challenger = _stars(client, 1, "u000"), _stars(client, 2, "u000")
        first, second = list(champion)[:2]
        _rate(client, "u000", first, 1)
        eventually(lambda: ("u000", first) in _scored(stage, rollout), within=5)
        row = _scored(stage, rollout)["u000", first]
        assert (row.stars, row.step) == (1.0, 0)
        assert row.champion == pytest.approx(champion[first], abs=0.0006)
        assert row.challenger == pytest.approx(challenger[first], abs=0.0006)

        _rate(client, "u000", first, 5)  # not for the first time
        champion = _stars(client, 1, "u000")  # which has learnt of the first
        _rate(client, "u000", second, 4)
        eventually(lambda: ("u000", second) in _scored(stage, rollout), within=5)
        rows = _scored(stage, rollout)
        assert rows["u000", first].stars == 1.0
        assert rows["u000", second].champion == pytest.approx(champion[second], abs=0.0006)


def test_events_that_stand_for_stars_are_scored_and_others_are_not(stage: Service, rollout: int) -> None:
    with stage.client("write") as client:
        item_ids = list(_stars(client, 1, "u002"))[:2]
        events = [
            {"event_id": f"e {kind}", "kind": kind, "user_id": "u002", "item_id": item_id}
            for kind, item_id in zip(("love", "click"), item_ids, strict=True)
        ]
        refused = {**events[0], "event_id": "e refused", "item_id": "no such item"}
        client.post("/api/v1/events", json={"events": [*events, refused]}).raise_for_status()
        _rate(client, "newcomer", "i003", 2)  # of whom nothing is known
        eventually(lambda: ("newcomer", "i003") in _scored(stage, rollout), within=5)
    rows = _scored(stage, rollout)
    assert {key for key in rows if key[0] == "u002"} == {("u002", item_ids[0])}
    assert rows["u002", item_ids[0]].stars == 5.0
    assert rows["newcomer", "i003"].stars == 2.0


def test_events_that_clients_of_gorse_send_are_scored_likewise(stage: Service, rollout: int) -> None:
    with stage.client("write") as client:
        item_id = next(iter(_stars(client, 1, "u008")))
        feedback = [
            {"FeedbackType": kind, "UserId": "u008", "ItemId": item_id, "Timestamp": "2026-01-01T00:00:00Z"}
            for kind in ("click", "love")
        ]
        headers = {"X-API-Key": stage.keys["write"]}
        client.post("/gorse/api/feedback", json=feedback, headers=headers).raise_for_status()
    eventually(lambda: ("u008", item_id) in _scored(stage, rollout), within=5)
    assert _scored(stage, rollout)["u008", item_id].stars == 5.0


def test_without_a_trial_nothing_is_scored(stage: Service) -> None:
    rollout = start_trial(stage, 2, "warming")
    follow(stage, workers=1, challenger=2)
    with stage.client("write") as client:
        _rate(client, "u004", next(iter(_stars(client, 1, "u004"))), 3)
    end_trial(stage)
    follow(stage, workers=1, challenger=None)
    with stage.client("write") as client:
        _rate(client, "u004", next(iter(_stars(client, 1, "u004"))), 3)
    time.sleep(2)  # the next report would have it
    assert _scored(stage, rollout) == {}


def test_what_a_rollout_keeps_of_a_person_is_shown_to_them_and_erased(stage: Service, rollout: int) -> None:
    with stage.engine.begin() as connection:
        connection.execute(
            insert(tables.rollout_outcomes).values(
                rollout_id=rollout,
                step=1,
                variant="challenger",
                user_id="u006",
                early=False,
                lists=3,
                positive=1,
                rated=0,
                stars=0.0,
                stars_squared=0.0,
            )
        )
    with stage.client("write") as client:
        item_id = next(iter(_stars(client, 1, "u006")))
        _rate(client, "u006", item_id, 3)
        eventually(lambda: ("u006", item_id) in _scored(stage, rollout), within=5)
        data = client.get(path_of("u006", "data")).raise_for_status().json()
        assert [(row["rollout_id"], row["lists"]) for row in data["rollout_outcomes"]] == [(rollout, 3)]
        assert [(row["item_id"], row["stars"]) for row in data["scored_ratings"]] == [(item_id, 3.0)]

        another = next(one for one in _stars(client, 1, "u006"))
        _rate(client, "u006", another, 3)
        client.delete(path_of("u006")).raise_for_status()  # before that rating is written, most likely
        time.sleep(2)
        assert client.get(path_of("u006", "data")).status_code == 404
    with stage.engine.connect() as connection:
        for table in (tables.rollout_outcomes, tables.scored_ratings):
            assert connection.execute(select(table).where(table.c.user_id == "u006")).all() == []
