"""People and items that came after the training: listed by what is known of them."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pandas as pd
import pytest
from sqlalchemy import delete

from marquee.domain.columns import AGE, GENDER, GENRES, ITEM, OCCUPATION, TITLE, USER, YEAR
from marquee.store import changes, items, tables, users
from tests.support.service import Service, eventually, path_of

COMEDIES = {f"i{number:03d}" for number in range(0, 20, 2)}
NEW_ITEMS = ("new comedy", "new drama")
NEW_PEOPLE = ("a man", "a woman", "somebody")


@pytest.fixture
def new_items(service: Service) -> Iterator[None]:
    """A comedy and a drama, of whose genres alone every worker knows, and no model at all."""
    genres = [["Comedy"], ["Drama", "War"]]
    frame = pd.DataFrame({ITEM: NEW_ITEMS, TITLE: NEW_ITEMS, YEAR: [None, None], GENRES: genres})
    with service.engine.begin() as connection:
        items.upsert_frame(connection, frame)
    _until_items(service, 22)
    yield
    with service.engine.begin() as connection:
        connection.execute(delete(tables.items).where(tables.items.c.item_id.in_(NEW_ITEMS)))
        changes.publish(connection, "items")
    _until_items(service, 20)


@pytest.fixture
def new_people(service: Service) -> Iterator[None]:
    """A man and a woman of whom the occupation is known too, and somebody of whom nothing is; no ratings."""
    frame = pd.DataFrame(
        {
            USER: NEW_PEOPLE,
            AGE: pd.array([None, None, None], "Int64"),
            GENDER: ["M", "F", None],
            OCCUPATION: ["écrivain", "artist", None],
        }
    )
    with service.engine.begin() as connection:
        users.upsert_frame(connection, frame)
    _on_all(service, lambda client: client.get(_list_of("a man")).json()["known"] is True, "the new people")
    yield
    with service.engine.begin() as connection:
        connection.execute(delete(tables.users).where(tables.users.c.user_id.in_(NEW_PEOPLE)))
        changes.publish(connection, "users")
    _on_all(service, lambda client: client.get(_list_of("a man")).json()["known"] is False, "their absence")


def _list_of(user_id: str) -> str:
    return path_of(user_id, "recommendations")


def _until_items(service: Service, total: int) -> None:
    _on_all(service, lambda client: client.get("/api/v1/items").json()["total"] == total, f"{total} items")


def _on_all(service: Service, holds: Callable[[httpx.Client], bool], what: str) -> None:
    """Wait until something holds on every worker, within a moment."""

    def held_by_all() -> bool:
        held: dict[str, bool] = {}

        def ask(client: httpx.Client) -> httpx.Response:
            answer = client.get("/api/v1/health/ready")
            held[answer.headers["x-marquee-worker"]] = holds(client)  # the same connection: the same worker
            return answer

        service.on_every_worker(ask)
        return all(held.values())

    eventually(held_by_all, within=5, what=f"{what} on every worker")


def _places(client: httpx.Client, user_id: str) -> dict[str, dict[str, Any]]:
    answer = client.get(_list_of(user_id), params={"n": 100}).raise_for_status()
    return {item["item_id"]: item for item in answer.json()["items"]}


@pytest.mark.usefixtures("new_items")
@pytest.mark.parametrize(
    ("user_id", "liked", "other"), [("u000", "new comedy", "new drama"), ("u001", "new drama", "new comedy")]
)
def test_an_item_added_after_the_training_is_listed_by_its_genres(
    reader: httpx.Client, user_id: str, liked: str, other: str
) -> None:
    """u000 has rated comedies alone, u001 dramas alone: theirs come first, the new one among them."""
    places = _places(reader, user_id)
    assert places[liked]["source"] == "personal"
    alike = [place["rank"] for place in places.values() if place["genres"] == places[liked]["genres"]]
    assert alike == list(range(1, len(alike) + 1))
    assert places[other]["rank"] > len(alike)


@pytest.mark.usefixtures("new_items")
def test_the_stars_of_a_new_item_are_from_averages_and_have_an_interval(reader: httpx.Client) -> None:
    pairs = {"pairs": [{"user_id": "u000", "item_id": "new comedy"}]}
    (found,) = reader.post("/api/v1/predictions", json=pairs).raise_for_status().json()["predictions"]
    assert found["source"] == "fallback"
    assert found["stars_low"] < found["stars"] <= found["stars_high"]


@pytest.mark.usefixtures("new_items")
def test_a_rating_of_a_new_item_takes_it_off_the_list(reader: httpx.Client, writer: httpx.Client) -> None:
    path = path_of("u000", "ratings", "new comedy")
    assert "new comedy" in _places(reader, "u000")
    writer.put(path, json={"rating": 5}).raise_for_status()
    assert "new comedy" not in _places(reader, "u000")
    writer.delete(path).raise_for_status()
    assert "new comedy" in _places(reader, "u000")


@pytest.mark.usefixtures("new_people")
def test_a_newcomer_gets_what_people_alike_rate_and_is_told_so(reader: httpx.Client) -> None:
    """In the world men rate comedies and women dramas."""
    for user_id, first in (("a man", COMEDIES), ("a woman", {f"i{n:03d}" for n in range(1, 20, 2)})):
        body = reader.get(_list_of(user_id)).raise_for_status().json()
        assert {item["item_id"] for item in body["items"]} == first
        assert {item["source"] for item in body["items"]} == {"profile"}
        assert body["notice"] == "There are no ratings yet, so these are what people alike rate most."


@pytest.mark.usefixtures("new_people")
def test_a_newcomers_first_rating_makes_the_list_personal(reader: httpx.Client, writer: httpx.Client) -> None:
    path = path_of("a man", "ratings", "i001")
    writer.put(path, json={"rating": 5}).raise_for_status()
    body = reader.get(_list_of("a man")).json()
    assert body["items"][0]["source"] == "personal"
    assert body["notice"] is None
    writer.delete(path).raise_for_status()
    assert reader.get(_list_of("a man")).json()["items"][0]["source"] == "profile"


@pytest.mark.usefixtures("new_people")
def test_somebody_of_whom_nothing_is_known_gets_popular_items(reader: httpx.Client) -> None:
    popular = [item["item_id"] for item in reader.get("/api/v1/leaderboards/popular").json()["items"]]
    notices = {"somebody": "There are no ratings yet", "a stranger": "Nothing is known of this person yet"}
    for user_id, notice in notices.items():
        body = reader.get(_list_of(user_id)).raise_for_status().json()
        assert [item["item_id"] for item in body["items"]] == popular
        assert {item["source"] for item in body["items"]} == {"popular"}
        assert body["notice"] == f"{notice}, so these are the most popular items."


@pytest.mark.usefixtures("new_items")
def test_somebody_who_likes_what_the_model_has_not_seen_gets_what_is_popular_in_its_categories(
    anybody: httpx.Client,
) -> None:
    asked = {"ratings": [{"item_id": "new drama", "rating": 5}], "n": 5}
    body = anybody.post("/api/v1/sessions/recommendations", json=asked).raise_for_status().json()
    assert body["source"] == "category"
    assert body["notice"].startswith("The model does not know what this person rated yet")
    assert all("War" in item["genres"] for item in body["items"])
