"""What configs/serving.yaml makes of lists: rules, the chain, chance, the discount; lists without a model."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import text

from marquee.settings.environment import CHECKOUT
from tests.integration.api.conftest import NewService
from tests.support.service import Service, eventually, path_of

Start = Callable[..., Service]


@pytest.fixture
def start(new_service: NewService, tmp_path: Path) -> Start:
    """Starts a service of one worker with other settings; it serves version 1 unless told otherwise."""

    def starting(*, deployed: bool = True, **settings: Any) -> Service:
        configs = tmp_path / "configs"
        shutil.copytree(CHECKOUT / "configs", configs)
        path = configs / "serving.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | settings))
        service = new_service(MARQUEE_CONFIGS_DIR=str(configs), MARQUEE_WORKERS="1")
        if deployed:
            service.deploy(1)
            eventually(lambda: service.serves_alone(1), what="version 1")
        return service

    return starting


def _list(service: Service, user_id: str = "u000", **parameters: Any) -> dict[str, Any]:
    with service.client("read") as client:
        answer = client.get(path_of(user_id, "recommendations"), params=parameters)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _ids(body: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in body["items"]]


def test_rules_hide_pin_and_boost_and_reasons_name_them(start: Start) -> None:
    """u000 likes comedies, the even items. A rule of last year does nothing any more."""
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    service = start(
        rules=[
            {"name": "no rights", "action": "hide", "where": {"attributes": {"licence": "expired"}}},
            {"name": "of the week", "action": "pin", "position": 2, "where": {"items": ["i019"]}},
            {"name": "war month", "action": "boost", "factor": 100, "where": {"category": "War"}},
            {
                "name": "over",
                "action": "hide",
                "where": {"category": "Comedy"},
                "until": yesterday,
            },
        ]
    )
    before = _list(service, n=20)
    assert before["items"][1]["item_id"] == "i019"
    assert before["items"][1]["source"] == "pinned"
    assert before["items"][1]["score"] is None
    assert "War" in before["items"][0]["genres"]
    assert before["source"] == "personal"
    assert any("Comedy" in item["genres"] for item in before["items"])

    explained = _list(service, n=3, explain="true")
    moved = [
        [(reason["rule"], reason["action"]) for reason in item["reasons"] if reason["kind"] == "rule"]
        for item in explained["items"]
    ]
    assert moved[0] == [("war month", "boost")]
    assert moved[1] == [("of the week", "pin"), ("war month", "boost")]

    item_id = before["items"][0]["item_id"]
    with service.client("write") as client:
        changed = client.patch(f"/api/v1/items/{item_id}", json={"attributes": {"licence": "expired"}})
        assert changed.status_code == 200, changed.text
    assert item_id not in _ids(_list(service, n=20))
    with service.client() as client:
        board = client.get("/api/v1/leaderboards/popular", params={"n": 20}).json()
    assert item_id not in _ids(board)
    assert _list(service, attribute="licence:expired")["items"] == []


def test_a_rule_begins_by_itself(start: Start) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=12)
    service = start(
        rules=[
            {"name": "later", "action": "hide", "where": {"category": "Comedy"}, "since": soon.isoformat()}
        ]
    )
    if datetime.now(UTC) < soon - timedelta(seconds=1):
        assert any("Comedy" in item["genres"] for item in _list(service, n=20)["items"])
    eventually(
        lambda: all("Comedy" not in item["genres"] for item in _list(service, n=20)["items"]),
        what="the rule",
    )
    assert datetime.now(UTC) >= soon


def test_the_chain_of_the_settings_is_followed(start: Start) -> None:
    service = start(fallback=["similar", "category", "popular"])
    body = _list(service, n=20)
    sources = [item["source"] for item in body["items"]]
    assert body["source"] == sources[0] == "similar"
    assert sources == sorted(sources, key=["similar", "category", "popular"].index)
    assert body["notice"] is None
    assert _list(service, "stranger")["source"] == "popular"


def test_chance_takes_its_share_and_is_logged_with_its_propensities(start: Start) -> None:
    """Two places of u000's, with half of the places given to one of five items."""
    service = start(exploration={"share": 0.5, "pool": 5})
    lists = [_list(service, n=2) for _ in range(60)]
    explored = sum(item["source"] == "explored" for body in lists for item in body["items"])
    assert 30 <= explored <= 90  # of 120, half on average: four deviations are 22
    assert {body["source"] for body in lists} == {"personal"}

    def logged() -> list[Any]:
        with service.engine.begin() as connection:
            return list(
                connection.execute(text("SELECT request_id, item_ids, propensities FROM impressions"))
            )

    eventually(lambda: len(logged()) == len(lists), what="all impressions")
    of_request = {str(row.request_id): row for row in logged()}
    for body in lists:
        row = of_request[body["request_id"]]
        assert row.item_ids == _ids(body)
        expected = [0.1 if item["source"] == "explored" else 0.5 for item in body["items"]]
        assert row.propensities == pytest.approx(expected)


def test_what_was_shown_without_an_answer_sinks(start: Start) -> None:
    service = start(impressions={"discount": 0.9})
    first = _list(service, n=3)
    again = _list(service, n=20)
    assert _ids(first)[0] not in _ids(again)[:3]
    assert set(_ids(first)) <= set(_ids(again))


def test_without_a_model_lists_take_filters_pages_rules_and_explain(start: Start) -> None:
    service = start(
        deployed=False,
        rules=[{"name": "of the week", "action": "pin", "position": 1, "where": {"items": ["i019"]}}],
    )
    wars = _list(service, "stranger", category="War", n=4, explain="true")
    assert _ids(wars)[0] == "i019"
    assert wars["items"][0]["reasons"][0]["rule"] == "of the week"
    assert {reason["kind"] for item in wars["items"][1:] for reason in item["reasons"]} == {"popular"}
    rest = _list(service, "stranger", category="War", n=20, cursor=wars["next_cursor"])
    assert sorted(_ids(wars) + _ids(rest)) == [f"i{number:03d}" for number in range(1, 20, 2)]
    assert rest["notice"].startswith("No model is deployed yet")


def test_an_empty_catalogue_has_an_empty_list_that_says_so(start: Start) -> None:
    service = start()
    with service.client("write") as client:
        for number in range(20):
            client.delete(f"/api/v1/items/i{number:03d}").raise_for_status()
    for body in (_list(service), _list(service, "stranger", category="War"), _popular(service)):
        assert body["items"] == []
    assert _list(service)["notice"] == _popular(service)["notice"] == "There is no title to show yet."


def _popular(service: Service) -> dict[str, Any]:
    with service.client() as client:
        answer: httpx.Response = client.get("/api/v1/leaderboards/popular")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body
