"""Leaderboards over HTTP. What they are ordered by is tested in tests/unit."""

import time
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import NewService
from tests.support.service import eventually, path_of

BOARDS = ("popular", "trending", "top-rated", "latest")
every_board = pytest.mark.parametrize("board", BOARDS)


def _board(client: httpx.Client, board: str, **query: Any) -> dict[str, Any]:
    answer = client.get(f"/api/v1/leaderboards/{board}", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _ids(client: httpx.Client, board: str, **query: Any) -> list[str]:
    return [item["item_id"] for item in _board(client, board, **query)["items"]]


@every_board
def test_a_board_is_open_to_whoever_browses_and_says_what_it_is(anybody: httpx.Client, board: str) -> None:
    body = _board(anybody, board, n=3)
    assert [item["rank"] for item in body["items"]] == [1, 2, 3]
    assert {item["source"] for item in body["items"]} == {board}
    scores = [item["score"] for item in body["items"]]
    assert scores == sorted(scores, reverse=True)
    assert {item["stars"] for item in body["items"]} == {None}
    assert body["model_version"] == (1 if board == "popular" else None)


@every_board
def test_pages_hold_every_item_once(anybody: httpx.Client, board: str) -> None:
    body = _board(anybody, board, n=8)
    ids = [item["item_id"] for item in body["items"]]
    while body["next_cursor"] is not None:
        body = _board(anybody, board, n=8, cursor=body["next_cursor"])
        ids += [item["item_id"] for item in body["items"]]
        assert body["items"][-1]["rank"] == len(ids)
    assert sorted(ids) == sorted(_ids(anybody, board, n=100))
    assert len(ids) == 20


@every_board
def test_a_board_takes_the_filters_of_other_lists(anybody: httpx.Client, board: str) -> None:
    wars = _board(anybody, board, category="War", n=100)["items"]
    assert len(wars) == 10
    assert all("War" in item["genres"] for item in wars)
    early = _board(anybody, board, category_none="War", year_to=1985, n=100)["items"]
    assert {item["year"] for item in early} == {1980, 1982, 1984}
    assert "'Opera'" in _board(anybody, board, category="Opera")["notice"]


def test_the_latest_of_a_catalogue_loaded_at_once_are_of_the_latest_years(
    anybody: httpx.Client,
) -> None:
    assert _ids(anybody, "latest", n=3) == ["i019", "i018", "i017"]


def test_boards_follow_what_is_rated_within_seconds(new_service: NewService) -> None:
    """An item that ten people turn to now is what trends; all others are of 1970 in this world."""
    service = new_service()
    service.deploy(1)
    eventually(lambda: service.serves(1))
    with service.client("write") as client:
        last, best = _ids(client, "trending", n=20)[-1], _ids(client, "top-rated", n=1)[0]
        for number in range(10):
            client.put(path_of(f"new {number}", "ratings", last), json={"rating": 5}).raise_for_status()
        eventually(lambda: _ids(client, "trending", n=1) == [last], within=6)
        client.put(path_of("new 0", "ratings", best), json={"rating": 0.5}).raise_for_status()
        eventually(lambda: _ids(client, "top-rated", n=20)[-1] == best, within=6)


def test_a_board_before_anything_is_loaded_or_rated_says_so(new_service: NewService) -> None:
    service = new_service(MARQUEE_WORKERS="1")
    with service.client("admin") as client, service.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ratings")
        connection.exec_driver_sql("INSERT INTO changes (kind) VALUES ('ratings')")
        connection.exec_driver_sql("NOTIFY marquee_changes")
    time.sleep(3)
    with service.client("read") as client:
        body = _board(client, "trending")
        assert body["items"] == []
        assert body["notice"] == "Nobody has rated or done anything yet."
        assert len(_ids(client, "latest", n=100)) == 20
