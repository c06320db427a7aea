"""Items, people and ratings: pages, search, reading back what was written."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from marquee.store import changes, items, tables, users
from tests.support.service import Service, eventually, path_of


def _pages(client: httpx.Client, path: str, field: str, **params: Any) -> list[dict[str, Any]]:
    """Everything in a list, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query = params if cursor is None else {**params, "cursor": cursor}
        page = client.get(path, params=query).raise_for_status().json()
        assert len(page[field]) <= params["limit"]
        found.extend(page[field])
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_items_are_listed_once_each_by_title(anybody: httpx.Client) -> None:
    items = _pages(anybody, "/api/v1/items", "items", limit=7)
    titles = [item["title"] for item in items]
    assert len(titles) == 20
    assert titles == sorted(titles)
    assert anybody.get("/api/v1/items", params={"limit": 1}).json()["total"] == 20


@pytest.mark.parametrize(
    ("q", "titles"),
    [
        ("film no. 19", ["The Film No. 19"]),
        ("FÏLM NÔ. 19", ["The Film No. 19"]),
        ("the film no. 7", ["The Film No. 7"]),
        ("no such film", []),
        ("%", []),
        ("_", []),
    ],
)
def test_search_does_not_mind_case_and_accents(anybody: httpx.Client, q: str, titles: list[str]) -> None:
    page = anybody.get("/api/v1/items", params={"q": q}).json()
    assert [item["title"] for item in page["items"]] == titles
    assert page["total"] == len(titles)


def test_items_of_a_category(anybody: httpx.Client) -> None:
    page = anybody.get("/api/v1/items", params={"category": "War"}).json()
    assert page["total"] == 10
    assert all(item["genres"] == ["Drama", "War"] for item in page["items"])
    categories = anybody.get("/api/v1/categories").json()["categories"]
    assert categories == [{"name": name, "count": 10} for name in ("Comedy", "Drama", "War")]


def test_an_item_says_how_people_rate_it(anybody: httpx.Client, writer: httpx.Client) -> None:
    before = anybody.get("/api/v1/items/i019").json()
    assert (before["title"], before["year"], before["mean_rating"]) == ("The Film No. 19", 1999, 5.0)
    writer.put(path_of("u010", "ratings", "i019"), json={"rating": 1}).raise_for_status()

    after = anybody.get("/api/v1/items/i019").json()
    assert after["rating_count"] == before["rating_count"] + 1
    assert after["mean_rating"] == pytest.approx((5 * before["rating_count"] + 1) / after["rating_count"])
    writer.delete(path_of("u010", "ratings", "i019")).raise_for_status()


def test_people_are_listed_once_each_and_found_by_id_or_occupation(anybody: httpx.Client) -> None:
    people = [person["user_id"] for person in _pages(anybody, "/api/v1/users", "users", limit=9)]
    assert {f"u{number:03d}" for number in range(40)} <= set(people)
    assert len(people) == len(set(people))
    assert anybody.get("/api/v1/users", params={"q": "u00"}).json()["total"] == 10
    assert anybody.get("/api/v1/users", params={"q": "ECRIVAIN"}).json()["total"] == 20


def test_a_person_is_shown_to_a_reader(reader: httpx.Client) -> None:
    person = reader.get(path_of("u003")).json()
    assert (person["age"], person["gender"], person["occupation"]) == (23, "F", "artist")
    assert person["rating_count"] > 0
    assert reader.get(path_of("no such person")).status_code == 404


def test_a_rating_is_read_back_as_it_was_put(writer: httpx.Client) -> None:
    path = path_of("u011", "ratings", "i000")
    sent = {"rating": 4.5, "rated_at": "2025-05-01T12:00:00+02:00"}
    created = writer.put(path, json=sent)
    assert created.status_code == 201
    assert created.json()["rated_at"] == "2025-05-01T12:00:00+02:00"

    replaced = writer.put(path, json={"rating": 2})
    assert replaced.status_code == 200
    newest = writer.get(path_of("u011", "ratings"), params={"limit": 1}).json()["ratings"][0]
    assert (newest["item_id"], newest["rating"], newest["title"]) == ("i000", 2.0, "The Film No. 0")
    assert writer.delete(path).status_code == 204
    assert writer.delete(path).status_code == 404


def test_ratings_are_paged_newest_first(writer: httpx.Client) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(12):
        body = {"rating": 3, "rated_at": (start + timedelta(hours=number // 3)).isoformat()}
        writer.put(path_of("pager", "ratings", f"i{number:03d}"), json=body).raise_for_status()
    found = _pages(writer, path_of("pager", "ratings"), "ratings", limit=5)
    keys = [(rating["rated_at"], rating["item_id"]) for rating in found]
    assert len(keys) == 12
    assert keys == sorted(keys, reverse=True)


NASTY_IDS = [
    "a/b",
    "a b",
    "'; DROP TABLE ratings; --",
    'say "hello"',
    "emoji 🎬 and عربى",
    "percent % and %2F",
    "back\\slash",
    "👩🏽‍🚀",
    "plus+&=?#;:@,",
    "x" * 255,
    "ünïcodé" * 30,
]


@pytest.mark.parametrize("user_id", NASTY_IDS)
def test_ids_may_hold_any_character(writer: httpx.Client, user_id: str) -> None:
    assert writer.put(path_of(user_id, "ratings", "i001"), json={"rating": 5}).status_code in (200, 201)

    assert writer.get(path_of(user_id)).json()["user_id"] == user_id
    assert [rating["item_id"] for rating in writer.get(path_of(user_id, "ratings")).json()["ratings"]] == [
        "i001"
    ]
    answer = writer.get(path_of(user_id, "recommendations")).json()
    assert (answer["user_id"], answer["known"]) == (user_id, True)
    assert writer.delete(path_of(user_id, "ratings", "i001")).status_code == 204


@pytest.mark.parametrize("user_id", [" ", "\n", "\t", "\u00a0", "\u202e", "50 ", "a\u200bb"])
def test_an_id_that_cannot_be_seen_names_nobody_new(writer: httpx.Client, user_id: str) -> None:
    total = writer.get("/api/v1/users").json()["total"]
    answer = writer.put(path_of(user_id, "ratings", "i001"), json={"rating": 5})
    assert answer.status_code == 422
    assert "cannot name a new user: the id " in answer.json()["detail"]
    assert writer.get("/api/v1/users").json()["total"] == total
    assert writer.get(path_of(user_id)).status_code == 404


def test_somebody_who_is_there_already_keeps_whatever_id_they_have(
    service: Service, writer: httpx.Client
) -> None:
    with service.engine.begin() as connection:
        users.ensure(connection, ["50 "])
    path = path_of("50 ", "ratings", "i001")
    assert writer.put(path, json={"rating": 5}).status_code == 201
    assert writer.get(path_of("50 ")).json()["rating_count"] == 1
    assert writer.delete(path).status_code == 204
    with service.engine.begin() as connection:
        connection.execute(delete(tables.users).where(tables.users.c.user_id == "50 "))


def test_item_ids_may_hold_any_character_too(service: Service, writer: httpx.Client) -> None:
    with service.engine.begin() as connection:
        items.ensure(connection, NASTY_IDS)
    _wait_for_items(service, 20 + len(NASTY_IDS))
    for item_id in NASTY_IDS:
        path = path_of("u012", "ratings", item_id)
        assert writer.put(path, json={"rating": 4}).status_code == 201, item_id
        assert writer.delete(path).status_code == 204
    with service.engine.begin() as connection:
        connection.execute(delete(tables.items).where(tables.items.c.item_id.in_(NASTY_IDS)))
        changes.publish(connection, "items")
    _wait_for_items(service, 20)


def _wait_for_items(service: Service, total: int) -> None:
    """Until each worker has heard of what another process did."""

    def known_everywhere() -> bool:
        answers = service.on_every_worker(lambda client: client.get("/api/v1/items"))
        return all(answer.json()["total"] == total for answer in answers.values())

    eventually(known_everywhere, what=f"{total} items on every worker")


def test_a_version_leads_to_its_data_and_the_data_to_its_versions(reader: httpx.Client) -> None:
    version = reader.get("/api/v1/models/1").json()
    data = reader.get(f"/api/v1/snapshots/{version['snapshot']}").json()
    assert version["data"] == data
    assert 1 in data["versions"]
    assert (data["users"], data["items"]) == (40, 20)
    assert "reason" not in version["facts"]


def test_a_version_beside_itself_differs_in_nothing(reader: httpx.Client) -> None:
    found = reader.get("/api/v1/models/compare", params={"a": 1, "b": 1}).json()
    assert (found["same_data"], found["recipe"], found["data"]) == (True, [], [])
    figures = {figure["name"]: figure for figure in found["figures"]}
    assert (figures["known.ndcg"]["a"], figures["known.ndcg"]["difference"]) == (0.5, 0.0)
    assert figures["new.rmse"] == {
        "name": "new.rmse",
        "a": None,
        "b": None,
        "difference": None,
        "better": "neither",
    }
