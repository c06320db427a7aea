"""Lists for many people in one call."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.integration.api.conftest import NewService
from tests.support.service import Service, eventually, path_of

BATCH = "/api/v1/recommendations/batch"
NUMBERS = ("score", "stars", "stars_low", "stars_high")
PEOPLE = [*(f"u{number:03d}" for number in range(40)), "nobody/at all ✨", "u003"]


def _batch(client: httpx.Client, **asked: Any) -> list[dict[str, Any]]:
    answer = client.post(BATCH, json={"user_ids": PEOPLE, **asked})
    assert answer.status_code == 200, answer.text
    lists: list[dict[str, Any]] = answer.json()["lists"]
    return lists


def _assert_as_alone(client: httpx.Client, lists: list[dict[str, Any]], **query: Any) -> None:
    assert [made["user_id"] for made in lists] == PEOPLE
    for made in lists:
        alone = client.get(path_of(made["user_id"], "recommendations"), params=query).json()
        changing = ("request_id", "token", "next_cursor")
        assert _without(made, *changing, "items") == _without(alone, *changing, "items")
        assert len(made["items"]) == len(alone["items"])
        for one, other in zip(made["items"], alone["items"], strict=True):
            assert _without(one, *NUMBERS) == _without(other, *NUMBERS)
            for name in NUMBERS:
                assert (one[name] is None) == (other[name] is None)
                assert (one[name] or 0) == pytest.approx(other[name] or 0, rel=2e-5, abs=0.0011)


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


@pytest.mark.parametrize(
    "asked",
    [{}, {"n": 2}, {"n": 100}, {"category": "War"}, {"n": 3, "year_to": 1990, "exclude": ["i000", "i001"]}],
    ids=str,
)
def test_each_list_is_the_one_that_the_person_would_get_alone(
    reader: httpx.Client, asked: dict[str, Any]
) -> None:
    """Most lists here are full; with n=100 and with filters the chain goes on to other stages."""
    _assert_as_alone(reader, _batch(reader, **asked), **asked)


@pytest.mark.parametrize("n", [1, 3])
def test_lists_of_people_who_were_asked_for_before_are_the_same(reader: httpx.Client, n: int) -> None:
    """What they have at the front of their order is known by then."""
    _assert_as_alone(reader, _batch(reader, n=n), n=n)
    _assert_as_alone(reader, _batch(reader, n=n), n=n)


def test_reasons_and_diversity_are_as_alone(reader: httpx.Client) -> None:
    _assert_as_alone(reader, _batch(reader, n=3, explain=True), n=3, explain="true")
    _assert_as_alone(reader, _batch(reader, n=3, diversity=0.7), n=3, diversity=0.7)


def test_all_lists_have_the_request_id_of_the_answer_and_no_further_page(reader: httpx.Client) -> None:
    answer = reader.post(BATCH, json={"user_ids": ["u000", "u001"], "n": 1})
    lists = answer.json()["lists"]
    assert {made["request_id"] for made in lists} == {answer.headers["x-request-id"]}
    assert len({made["token"] for made in lists}) == 1
    assert {made["next_cursor"] for made in lists} == {None}


def _in_log(service: Service, request_id: str) -> dict[str, list[str]]:
    with service.engine.connect() as connection:
        query = text("SELECT user_id, item_ids FROM impressions WHERE request_id = CAST(:id AS uuid)")
        return {row.user_id: row.item_ids for row in connection.execute(query, {"id": request_id})}


def test_lists_are_in_the_log_if_they_are_shown(service: Service) -> None:
    with service.client("read") as client:
        silent = _batch(client, n=2)
        shown = _batch(client, n=2, log=True)
    request_id = shown[0]["request_id"]
    eventually(lambda: len(_in_log(service, request_id)) == len(set(PEOPLE)), within=5)
    assert _in_log(service, request_id) == {
        made["user_id"]: [item["item_id"] for item in made["items"]] for made in shown
    }
    assert _in_log(service, silent[0]["request_id"]) == {}


def test_without_a_model_everybody_gets_popular_items(new_service: NewService) -> None:
    service = new_service(MARQUEE_WORKERS="1")
    with service.client("read") as client:
        _assert_as_alone(client, _batch(client, n=5), n=5)


def test_rules_hold_in_a_batch(new_service: NewService, tmp_path: Path) -> None:
    configs = tmp_path / "configs"
    configs.mkdir()
    rules = [
        "{name: pinned, action: pin, position: 2, where: {items: [i019]}}",
        "{name: boosted, action: boost, factor: 100, where: {items: [i000, i001]}}",
        "{name: gone, action: hide, where: {items: [i004]}}",
    ]
    (configs / "serving.yaml").write_text(f"rules: [{', '.join(rules)}]\n")
    service = new_service(MARQUEE_WORKERS="1", MARQUEE_CONFIGS_DIR=str(configs))
    service.deploy(1)
    eventually(lambda: service.on_every_worker(_ready, workers=1) != {} and _serves(service))
    with service.client("read") as client:
        _assert_as_alone(client, _batch(client, n=3), n=3)


def _ready(client: httpx.Client) -> httpx.Response:
    return client.get("/api/v1/health/ready")


def _serves(service: Service) -> bool:
    with service.client("read") as client:
        return bool(_ready(client).json()["model_version"] == 1)


def test_histories_that_are_not_in_memory_are_read_together(new_service: NewService, tmp_path: Path) -> None:
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "serving.yaml").write_text("histories: {ratings_at_start: 20}\n")
    service = new_service(MARQUEE_WORKERS="1", MARQUEE_CONFIGS_DIR=str(configs))
    service.deploy(1)
    eventually(lambda: _serves(service))
    with service.client("read") as client:
        lists = _batch(client, n=3)
        assert [made["known"] for made in lists] == [True] * 40 + [False, True]
        _assert_as_alone(client, lists, n=3)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"user_ids": []}, "user_ids"),
        ({"user_ids": ["u"] * 1001}, "user_ids"),
        ({"user_ids": ["a\x00b"]}, "user_ids"),
        ({"user_ids": ["u000"], "n": 0}, "n"),
        ({"user_ids": ["u000"], "cursor": "x"}, "cursor"),
        ({}, "user_ids"),
    ],
)
def test_what_is_wrong_with_a_batch_is_named(reader: httpx.Client, body: dict[str, Any], place: str) -> None:
    answer = reader.post(BATCH, json=body)
    assert answer.status_code == 422
    assert place in answer.json()["detail"]


def test_a_batch_needs_a_key(anybody: httpx.Client) -> None:
    assert anybody.post(BATCH, json={"user_ids": ["u000"]}).status_code == 401
