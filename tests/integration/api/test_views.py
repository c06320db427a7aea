"""What lists tell of themselves: reasons, and the log of what was shown."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from marquee.domain.records import Event
from marquee.store import events
from tests.integration.api.conftest import NewService
from tests.support.service import Service, eventually, path_of

COMEDIES = {f"i{number:03d}" for number in range(0, 20, 2)}
LIST = path_of("u000", "recommendations")


def _list(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def _rated(client: httpx.Client, user_id: str) -> dict[str, str]:
    answer = client.get(path_of(user_id, "ratings"), params={"limit": 200})
    return {rating["item_id"]: rating["title"] for rating in answer.json()["ratings"]}


# ---- reasons ----


def test_a_list_says_which_of_their_items_each_entry_is_there_for(reader: httpx.Client) -> None:
    """Nobody has rated items of both kinds: what speaks for a comedy are the comedies they rated."""
    rated = _rated(reader, "u000")
    for item in _list(reader.get(LIST, params={"n": 2, "explain": "true"})):
        reasons = item["reasons"]
        assert 1 <= len(reasons) <= 3
        assert {reason["kind"] for reason in reasons} == {"because"}
        assert {reason["item_id"]: reason["title"] for reason in reasons}.items() <= rated.items()
        shares = [reason["share"] for reason in reasons]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 1.001


def test_a_list_that_is_not_asked_to_explain_has_no_reasons(reader: httpx.Client) -> None:
    assert {item["reasons"] for item in _list(reader.get(LIST))} == {None}


def test_the_reason_for_a_visitors_list_is_what_they_rated(anybody: httpx.Client) -> None:
    asked = {"ratings": [{"item_id": "i001", "rating": 5}], "n": 3, "explain": True}
    for item in _list(anybody.post("/api/v1/sessions/recommendations", json=asked)):
        assert item["reasons"] == [
            {"kind": "because", "item_id": "i001", "title": "The Film No. 1", "share": 1.0}
        ]


def test_somebody_unknown_is_told_that_items_are_popular(reader: httpx.Client) -> None:
    path = path_of("nobody at all", "recommendations")
    for item in _list(reader.get(path, params={"explain": "true"})):
        assert item["reasons"] == [{"kind": "popular"}]


def test_without_a_model_items_are_there_for_their_popularity_and_rules_are_named(
    new_service: NewService, tmp_path: Path
) -> None:
    configs = tmp_path / "configs"
    configs.mkdir()
    rules = "[{name: film of the week, action: pin, position: 2, where: {items: [i019]}}]"
    (configs / "serving.yaml").write_text(f"rules: {rules}\n")
    service = new_service(MARQUEE_WORKERS="1", MARQUEE_CONFIGS_DIR=str(configs))
    with service.client("read") as client:
        first, second = _list(client.get(LIST, params={"explain": "true", "n": 2}))
    assert first["reasons"] == [{"kind": "popular"}]
    assert (second["item_id"], second["source"]) == ("i019", "pinned")
    assert second["reasons"] == [{"kind": "rule", "rule": "film of the week", "action": "pin"}]


# ---- the log ----


def _shown(service: Service, request_id: str) -> list[Any]:
    with service.engine.connect() as connection:
        query = text("SELECT * FROM impressions WHERE request_id = CAST(:id AS uuid)")
        return list(connection.execute(query, {"id": request_id}).all())


def test_every_list_is_in_the_log_soon_in_the_order_of_its_places(service: Service) -> None:
    with service.client("read") as client:
        body = client.get(LIST, params={"n": 4}).json()
    eventually(lambda: bool(_shown(service, body["request_id"])), within=5)
    (row,) = _shown(service, body["request_id"])
    assert row.item_ids == [item["item_id"] for item in body["items"]]
    assert (row.user_id, row.model_version, row.variant, row.source) == ("u000", 1, "champion", "personal")
    assert row.propensities is None
    assert abs(row.at.timestamp() - time.time()) < 60


def test_a_visitors_list_is_in_the_log_without_a_person(service: Service) -> None:
    with service.client() as client:
        body = client.post("/api/v1/sessions/recommendations", json={"ratings": []}).json()
    eventually(lambda: bool(_shown(service, body["request_id"])), within=5)
    (row,) = _shown(service, body["request_id"])
    assert (row.user_id, row.source) == (None, "popular")


def test_what_waits_is_written_when_the_service_is_stopped(new_service: NewService) -> None:
    service = new_service()
    service.deploy(1)
    eventually(lambda: service.serves(1))
    with service.client("read") as client:
        ids = [client.get(LIST).json()["request_id"] for _ in range(20)]
    service.child.stop()
    assert [len(_shown(service, request_id)) for request_id in ids] == [1] * 20


def test_items_shown_without_an_answer_come_later_on_every_worker_until_something_is_done(
    new_service: NewService, tmp_path: Path
) -> None:
    configs = tmp_path / "configs"
    configs.mkdir()
    settings = "impressions: {discount: 1.0}\nfeedback: {kinds: {view: {weight: 0.01}}}\n"
    (configs / "serving.yaml").write_text(settings)
    service = new_service(MARQUEE_CONFIGS_DIR=str(configs))
    service.deploy(1)
    eventually(lambda: service.serves(1))

    def first(client: httpx.Client, user_id: str) -> str:
        (item,) = _list(client.get(path_of(user_id, "recommendations"), params={"n": 1}))
        return str(item["item_id"])

    with service.client("read") as client:
        shown = first(client, "u002")
        assert first(client, "u002") != shown  # on this worker at once
    with service.engine.begin() as connection:
        seen = Event("e1", "view", "u002", shown, datetime.now(UTC))
        assert events.add_many(connection, [seen])[0].status == "accepted"
    time.sleep(1.5)
    with service.client("read") as client:
        assert first(client, "u002") == shown

    shown_to = {user_id: first_of_one_worker(service, user_id) for user_id in ("u004", "u006")}
    time.sleep(2.5)  # in which workers hear of each other's lists
    for user_id, (worker, item_id) in shown_to.items():
        answers = service.on_every_worker(
            lambda client, user_id=user_id: client.get(  # type: ignore[misc]
                path_of(user_id, "recommendations"), params={"n": 1}
            )
        )
        other = next(answer for pid, answer in answers.items() if pid != worker)
        assert _list(other)[0]["item_id"] != item_id


def first_of_one_worker(service: Service, user_id: str) -> tuple[str, str]:
    """Which worker answered, and the first item that it listed."""
    with service.client("read") as client:
        answer = client.get(path_of(user_id, "recommendations"), params={"n": 1})
    return answer.headers["x-marquee-worker"], _list(answer)[0]["item_id"]
