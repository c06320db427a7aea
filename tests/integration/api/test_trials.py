"""A challenger beside the champion: whose lists people get, what is counted, and what is said of it."""

from collections.abc import Iterator
from math import sqrt
from typing import Any

import httpx
import pytest

from marquee.stack.postgres import Server
from tests.support.draws import bucket_of, in_challenger
from tests.support.service import Service, eventually, path_of, running_service
from tests.support.trials import (
    end_trial,
    follow,
    logged,
    plant_challenger,
    set_step,
    start_trial,
    tallies,
)

BATCH = "/api/v1/recommendations/batch"
HEADER = "X-Marquee-Variant"
PEOPLE = [f"u{number:03d}" for number in range(40)]
CROWD = [f"stranger {number}" for number in range(600)]


@pytest.fixture(scope="module")
def stage(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two workers; version 1 serves, version 2 may be tried."""
    with running_service(tmp_path_factory.mktemp("trials"), api_server, "trials") as service:
        service.deploy(1)
        plant_challenger(service, 2)
        follow(service, champion=1, challenger=None, problem=None)
        yield service


@pytest.fixture
def canary(stage: Service) -> Iterator[int]:
    """Version 2 serves 40 % of the people."""
    rollout = start_trial(stage, 2, "canary", share=0.4)
    follow(stage, champion=1, challenger=2, problem=None)
    yield rollout
    end_trial(stage)
    follow(stage, champion=1, challenger=None)


def _variants(client: httpx.Client, people: list[str]) -> dict[str, str]:
    lists = client.post(BATCH, json={"user_ids": people, "n": 1}).raise_for_status().json()["lists"]
    for made in lists:
        assert made["model_version"] == {"champion": 1, "challenger": 2}[made["variant"]]
    return {made["user_id"]: made["variant"] for made in lists}


def test_people_keep_their_variant_on_every_worker_and_a_growing_share_only_adds(
    stage: Service, canary: int
) -> None:
    before: set[str] = set()
    for step, share in enumerate((0.1, 0.5), 1):
        set_step(stage, canary, 2, "canary", step=step, share=share)
        follow(stage, challenger=2)
        answers = stage.on_every_worker(
            lambda client: client.post(BATCH, json={"user_ids": CROWD, "n": 1}).raise_for_status()
        )
        variants = [
            {made["user_id"]: made["variant"] for made in answer.json()["lists"]}
            for answer in answers.values()
        ]
        assert variants[0] == variants[1]
        served = {person for person, variant in variants[0].items() if variant == "challenger"}
        assert served == {person for person in CROWD if in_challenger(person, "salt", share)}
        assert abs(len(served) - share * len(CROWD)) < 5 * sqrt(share * (1 - share) * len(CROWD))
        assert before < served
        before = served


def test_a_list_alone_is_of_the_variant_that_the_batch_has(stage: Service, canary: int) -> None:
    with stage.client("read") as client:
        variants = _variants(client, PEOPLE)
        assert set(variants.values()) == {"champion", "challenger"}
        assert variants == {
            person: "challenger" if in_challenger(person, "salt", 0.4) else "champion" for person in PEOPLE
        }
        together = client.post(BATCH, json={"user_ids": PEOPLE, "n": 5}).json()["lists"]
        for person, made in zip(PEOPLE, together, strict=True):
            alone = client.get(path_of(person, "recommendations"), params={"n": 5}).json()
            assert (alone["variant"], alone["model_version"]) == (made["variant"], made["model_version"])
            assert [item["item_id"] for item in alone["items"]] == [item["item_id"] for item in made["items"]]
            by_version = client.get(
                f"/api/v1/models/{alone['model_version']}/users/{person}/recommendations", params={"n": 5}
            ).json()
            assert by_version["items"] == alone["items"]
        explained = client.post(BATCH, json={"user_ids": PEOPLE, "n": 1, "explain": True}).json()["lists"]
        assert {made["user_id"]: made["variant"] for made in explained} == variants


def test_the_log_and_events_know_rollout_step_and_variant(stage: Service, canary: int) -> None:
    with stage.client("write") as client:
        answers = {
            variant: client.get(path_of(person, "recommendations")).json()
            for person, variant in _variants(client, PEOPLE).items()
        }
        batch = client.post(BATCH, json={"user_ids": PEOPLE, "n": 1, "log": True}).json()["lists"]
        for variant, answer in answers.items():
            eventually(lambda answer=answer: bool(logged(stage.engine, answer["request_id"])))  # type: ignore[misc]
            (row,) = logged(stage.engine, answer["request_id"])
            assert (row.variant, row.rollout, row.step) == (variant, canary, 0)
            assert row.model_version == answer["model_version"]
            event = {
                "event_id": f"click {variant}",
                "kind": "click",
                "user_id": answer["user_id"],
                "item_id": answer["items"][0]["item_id"],
                "token": answer["token"],
            }
            client.post("/api/v1/events", json={"events": [event]}).raise_for_status()
            (kept,) = client.get(path_of(answer["user_id"], "events")).json()["events"]
            assert (kept["variant"], kept["model_version"]) == (variant, answer["model_version"])
        eventually(lambda: len(logged(stage.engine, batch[0]["request_id"])) == len(PEOPLE))
        for row, made in zip(logged(stage.engine, batch[0]["request_id"]), batch, strict=True):
            assert (row.user_id, row.variant) == (made["user_id"], made["variant"])
            assert (row.rollout, row.step) == (canary, 0)


def test_visitors_and_lists_for_everybody_are_the_champions(stage: Service, canary: int) -> None:
    with stage.client("read") as client:
        for number in range(5):
            body = {"ratings": [{"item_id": f"i{number:03d}", "rating": 5}]}
            made = client.post("/api/v1/sessions/recommendations", json=body).json()
            assert (made["variant"], made["model_version"]) == ("champion", 1)
        popular = client.get("/api/v1/leaderboards/popular").json()
        assert popular["model_version"] == 1
        eventually(lambda: bool(logged(stage.engine, made["request_id"])))
        (row,) = logged(stage.engine, made["request_id"])
        assert (row.variant, row.rollout, row.step) == ("champion", None, None)


def test_callers_who_operate_may_choose(stage: Service, canary: int) -> None:
    target = path_of("u000", "recommendations")
    body = {"user_ids": ["u000", "u001"]}
    with stage.client("write") as client:
        for answer in (
            client.get(target, headers={HEADER: "challenger"}),
            client.post(BATCH, json=body, headers={HEADER: "champion"}),
        ):
            assert answer.status_code == 403
            assert "operate" in answer.json()["detail"]
    with stage.client("operate") as client:
        for variant, version in (("champion", 1), ("challenger", 2)):
            made = client.get(target, headers={HEADER: variant}).json()
            assert (made["variant"], made["model_version"]) == (variant, version)
            eventually(lambda made=made: bool(logged(stage.engine, made["request_id"])))  # type: ignore[misc]
            (row,) = logged(stage.engine, made["request_id"])
            assert (row.variant, row.rollout, row.step) == (variant, None, None)
            lists = client.post(BATCH, json=body, headers={HEADER: variant}).json()["lists"]
            assert {(made["variant"], made["model_version"]) for made in lists} == {(variant, version)}
        for wrong in ("previous", "", "Champion"):
            assert client.get(target, headers={HEADER: wrong}).status_code == 422
            assert client.post(BATCH, json=body, headers={HEADER: wrong}).status_code == 422


def test_without_a_challenger_none_can_be_chosen(stage: Service) -> None:
    target = path_of("u000", "recommendations")
    with stage.client("operate") as client:
        answers = [
            client.get(target, headers={HEADER: "challenger"}),
            client.post(BATCH, json={"user_ids": ["u000"]}, headers={HEADER: "challenger"}),
        ]
        assert [answer.status_code for answer in answers] == [409, 409]
        assert "no challenger" in answers[0].json()["detail"]
        assert client.get(target, headers={HEADER: "champion"}).json()["variant"] == "champion"


def test_a_list_goes_on_where_it_was_when_the_variant_changes_between_pages(
    stage: Service, canary: int
) -> None:
    person = next(person for person in PEOPLE if in_challenger(person, "salt", 0.4))
    with stage.client("read") as client:

        def page(cursor: str | None) -> dict[str, Any]:
            more = {} if cursor is None else {"cursor": cursor}
            answer = client.get(path_of(person, "recommendations"), params={"n": 4, **more})
            body: dict[str, Any] = answer.raise_for_status().json()
            return body

        first = page(None)
        set_step(stage, canary, 2, "canary", step=1, share=0.0)
        follow(stage, challenger=2)
        second = page(first["next_cursor"])
        set_step(stage, canary, 2, "canary", step=2, share=1.0)
        follow(stage, challenger=2)
        third = page(second["next_cursor"])
    assert [body["variant"] for body in (first, second, third)] == ["challenger", "champion", "challenger"]
    shown = [item["item_id"] for body in (first, second, third) for item in body["items"]]
    assert len(shown) == len(set(shown)) == 12
    assert [item["rank"] for item in third["items"]] == [9, 10, 11, 12]


def test_what_becomes_of_the_lists_is_counted_by_bucket_and_variant(stage: Service, canary: int) -> None:
    with stage.client("operate") as client:
        for _ in range(3):
            for person in PEOPLE:
                client.get(path_of(person, "recommendations"), params={"n": 2}).raise_for_status()
        client.post(BATCH, json={"user_ids": CROWD[:100], "n": 1}).raise_for_status()
        client.get(path_of("u000", "recommendations"), params={"year_to": 1900}).raise_for_status()
        client.get(path_of("u000", "recommendations"), headers={HEADER: "challenger"}).raise_for_status()
    expected = {variant: [0] * 256 for variant in ("champion", "challenger")}
    strangers = dict.fromkeys(expected, 0)
    for people, times in ((PEOPLE, 3), (CROWD[:100], 1), (["u000"], 1)):
        for person in people:
            variant = "challenger" if in_challenger(person, "salt", 0.4) else "champion"
            expected[variant][bucket_of(person, "salt")] += times
            strangers[variant] += times * (people == CROWD[:100])

    def counted(variant: str, name: str) -> list[float]:
        return tallies(stage.engine, canary).get((0, variant), {}).get(name, [])

    for variant, requests in expected.items():
        eventually(lambda v=variant, r=requests: counted(v, "requests") == r, within=5)  # type: ignore[misc]
        assert sum(counted(variant, "errors")) == sum(counted(variant, "empty")) == 0
        assert sum(counted(variant, "fallback")) == strangers[variant]  # of whom no model knows anything
        timed = counted(variant, "timed")
        assert all(n <= of for n, of in zip(timed, requests, strict=True))
        assert sum(requests) - strangers[variant] <= sum(timed) < sum(requests)  # of the batch a few
        times, squares = counted(variant, "milliseconds"), counted(variant, "milliseconds_squared")
        assert [value > 0 for value in times] == [n > 0 for n in timed]
        for n, total, square in zip(timed, times, squares, strict=True):
            assert square * max(n, 1) >= total * total * (1 - 1e-9)  # Cauchy and Schwarz
