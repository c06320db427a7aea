"""Items and people made, changed, hidden and deleted over HTTP: every worker's lists follow at once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import insert, select, text

from marquee.store import tables
from tests.support.service import Service, path_of

NOIR = {
    "title": "The Third Man",
    "year": 1949,
    "genres": ["War", "Drama"],
    "attributes": {"director": "Reed"},
}
REQUEST = UUID("019a8b2e-6c1f-7d3a-9f52-0b6f3c1d2e4f")


def _path(item_id: str) -> str:
    return f"/api/v1/items/{quote(item_id, safe='')}"


def _listed(service: Service, user_id: str) -> list[set[str]]:
    """What each worker recommends to somebody."""
    answers = service.on_every_worker(
        lambda client: client.get(path_of(user_id, "recommendations"), params={"n": 100})
    )
    return [{item["item_id"] for item in answer.json()["items"]} for answer in answers.values()]


@pytest.fixture
def item(writer: httpx.Client) -> Iterator[str]:
    """An item of the test's own."""
    assert writer.put(_path("noir"), json=NOIR).status_code in (200, 201)
    yield "noir"
    writer.delete(_path("noir"))


def test_put_makes_an_item_and_replaces_it_whole(writer: httpx.Client) -> None:
    made = writer.put(_path("a/new 🎬"), json=NOIR)
    assert made.status_code == 201
    assert made.json() == {"item_id": "a/new 🎬", **NOIR, "hidden": False}
    assert writer.get(_path("a/new 🎬")).json() == {**made.json(), "rating_count": 0, "mean_rating": None}

    replaced = writer.put(_path("a/new 🎬"), json={"title": "Other"})
    assert replaced.status_code == 200
    assert replaced.json() == {
        "item_id": "a/new 🎬",
        "title": "Other",
        "year": None,
        "genres": [],
        "attributes": {},
        "hidden": False,
    }
    assert writer.delete(_path("a/new 🎬")).status_code == 204
    assert writer.delete(_path("a/new 🎬")).status_code == 404
    assert writer.get(_path("a/new 🎬")).status_code == 404


def test_a_new_item_is_recommended_at_once_by_every_worker(service: Service, item: str) -> None:
    # Odd people rate dramas and war films.
    for _ in range(3):
        assert all(item in listed for listed in _listed(service, "u001"))


def test_patch_merges_fields_and_attributes(writer: httpx.Client, item: str) -> None:
    patched = writer.patch(
        _path(item), json={"year": None, "attributes": {"director": None, "stock": 3}, "genres": ["War"]}
    )
    assert patched.status_code == 200
    assert patched.json() == {
        "item_id": item,
        "title": "The Third Man",
        "year": None,
        "genres": ["War"],
        "attributes": {"stock": 3},
        "hidden": False,
    }
    assert writer.get(_path(item)).json()["attributes"] == {"stock": 3}
    assert writer.patch(_path("no such"), json={"title": "x"}).status_code == 404
    nothing = writer.patch(
        _path(item), content=b"{}", headers={"Content-Type": "application/merge-patch+json"}
    )
    assert (nothing.status_code, nothing.json()) == (200, patched.json())


def test_a_hidden_item_is_in_no_list_of_any_worker_until_it_is_shown_again(
    service: Service, writer: httpx.Client, reader: httpx.Client, item: str
) -> None:
    hidden = writer.patch(_path(item), json={"hidden": True})
    assert (hidden.status_code, hidden.json()["hidden"]) == (200, True)
    assert not any(item in listed for listed in _listed(service, "u001"))
    assert reader.get(_path(item)).status_code == 404
    assert reader.get("/api/v1/items", params={"q": "third man"}).json()["total"] == 0
    assert writer.get(_path(item)).json()["hidden"] is True

    assert writer.patch(_path(item), json={"hidden": False}).status_code == 200
    assert all(item in listed for listed in _listed(service, "u001"))
    assert reader.get(_path(item)).json()["title"] == "The Third Man"


def test_what_people_say_of_a_hidden_item_is_taken_from_those_who_may_write(
    writer: httpx.Client, reader: httpx.Client, item: str
) -> None:
    writer.patch(_path(item), json={"hidden": True}).raise_for_status()
    assert writer.put(path_of("u001", "ratings", item), json={"rating": 5}).status_code == 201
    event = {"event_id": str(uuid4()), "kind": "like", "user_id": "u002", "item_id": item}
    assert writer.post("/api/v1/events", json={"events": [event]}).json()["accepted"] == 1
    pairs = {"pairs": [{"user_id": "u003", "item_id": item}]}
    assert writer.post("/api/v1/predictions", json=pairs).status_code == 200
    assert reader.post("/api/v1/predictions", json=pairs).status_code == 404
    assert writer.get(f"{_path(item)}/similar").status_code == 404


def test_a_visitor_who_sends_ratings_of_a_hidden_item_has_a_list_without_them(
    service: Service, writer: httpx.Client, reader: httpx.Client
) -> None:
    """A page that was open before sends all its ratings each time; reasons do not name what is hidden."""

    def listed(*item_ids: str) -> dict[str, Any]:
        ratings = [{"item_id": item_id, "rating": 5} for item_id in item_ids]
        events = [{"item_id": item_id, "kind": "like"} for item_id in item_ids]
        body = {"ratings": ratings, "events": events, "n": 5, "explain": True}
        answer = reader.post("/api/v1/sessions/recommendations", json=body)
        assert answer.status_code == 200, answer.text
        return {name: answer.json()[name] for name in ("items", "source")}

    before = listed("i001"), listed("i000", "i001")
    assert before[0] != before[1]
    writer.patch(_path("i000"), json={"hidden": True}).raise_for_status()
    try:
        assert listed("i000", "i001") == listed("i001")
        assert "i000" not in str(listed("i000", "i001"))
        assert len(listed("i000")["items"]) == 5
    finally:
        writer.patch(_path("i000"), json={"hidden": False}).raise_for_status()


def test_viewers_cannot_rate_what_is_hidden_from_them(
    service: Service, writer: httpx.Client, item: str
) -> None:
    writer.patch(_path(item), json={"hidden": True}).raise_for_status()
    with service.client() as viewer:
        same = {"Sec-Fetch-Site": "same-origin"}
        viewer.post("/api/v1/session", json={"user_id": "u004"}, headers=same).raise_for_status()
        rate = path_of("u004", "ratings", item)
        assert viewer.put(rate, json={"rating": 5}, headers=same).status_code == 404
        writer.patch(_path(item), json={"hidden": False}).raise_for_status()
        assert viewer.put(rate, json={"rating": 5}, headers=same).status_code == 201


def test_hidden_items_are_listed_to_those_who_may_write(
    writer: httpx.Client, reader: httpx.Client, anybody: httpx.Client, item: str
) -> None:
    query = {"hidden": "true"}
    assert writer.get("/api/v1/items", params=query).json()["items"] == []
    writer.patch(_path(item), json={"hidden": True}).raise_for_status()
    found = writer.get("/api/v1/items", params=query).json()
    assert ([entry["item_id"] for entry in found["items"]], found["total"]) == ([item], 1)
    assert writer.get("/api/v1/items", params={**query, "q": "thrid man"}).json()["total"] == 1
    assert reader.get("/api/v1/items", params=query).status_code == 403
    assert anybody.get("/api/v1/items", params=query).status_code == 401


def test_a_deleted_item_is_in_no_list_and_in_nobodys_history(
    service: Service, writer: httpx.Client, item: str
) -> None:
    writer.put(path_of("u001", "ratings", item), json={"rating": 5}).raise_for_status()
    assert not any(item in listed for listed in _listed(service, "u001"))  # rated
    before = writer.get(path_of("u001")).json()["rating_count"]

    assert writer.delete(_path(item)).status_code == 204
    assert writer.get(path_of("u001")).json()["rating_count"] == before - 1
    assert not any(item in listed for listed in _listed(service, "u001"))
    assert writer.put(path_of("u001", "ratings", item), json={"rating": 5}).status_code == 404

    # Another item of that id is one that nobody has rated, on any worker.
    assert writer.put(_path(item), json=NOIR).status_code == 201
    assert all(item in listed for listed in _listed(service, "u001"))
    assert writer.get(_path(item)).json()["rating_count"] == 0


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, "body.title"),
        ({"title": ""}, "body.title"),
        ({"title": " "}, "body.title"),
        ({"title": "a\nb"}, "body.title"),
        ({"title": "a\u0000b"}, "body.title"),
        ({"title": "x" * 501}, "body.title"),
        ({"title": "x", "year": 999}, "body.year"),
        ({"title": "x", "year": "1990"}, "body.year"),
        ({"title": "x", "genres": ["", "b"]}, "body.genres.0"),
        ({"title": "x", "genres": ["a"] * 51}, "body.genres"),
        ({"title": "x", "hidden": "yes"}, "body.hidden"),
        ({"title": "x", "colour": "red"}, "body.colour"),
        ({"title": "x", "attributes": {"a": "b\u0000"}}, "body.attributes"),
        ({"title": "x", "attributes": {"b\u0000": 1}}, "body.attributes"),
        ({"title": "x", "attributes": {"a": "x" * 2001}}, "body.attributes"),
        ({"title": "x", "attributes": {"a": [[[[[[[[1]]]]]]]]}}, "body.attributes"),
        ({"title": "x", "attributes": {"a": list(range(1000))}}, "body.attributes"),
        ({"title": "x", "attributes": {"a": 1e300}}, "body.attributes"),
    ],
)
def test_what_cannot_be_kept_of_an_item_is_refused(
    writer: httpx.Client, body: dict[str, object], at: str
) -> None:
    answer = writer.put(_path("bad"), json=body)
    assert answer.status_code == 422
    assert at in [error["location"] for error in answer.json()["errors"]]
    assert writer.get(_path("bad")).status_code == 404


def test_a_patch_that_would_leave_no_whole_item_is_refused(writer: httpx.Client, item: str) -> None:
    answer = writer.patch(_path(item), json={"title": None})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["location"] == "body.title"
    answer = writer.patch(_path(item), json={"genres": ["Noir", "two\nlines"]})
    assert answer.json()["errors"][0]["location"] == "body.genres.1"
    assert writer.get(_path(item)).json()["title"] == "The Third Man"


def test_an_id_that_cannot_be_seen_names_no_new_item(writer: httpx.Client) -> None:
    answer = writer.put(_path("a\u200bb"), json={"title": "x"})
    assert answer.status_code == 422
    assert "cannot name a new item" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/items/x", "/api/v1/users/x"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_writing_needs_the_scope_write(
    reader: httpx.Client, anybody: httpx.Client, path: str, method: str
) -> None:
    body = None if method == "DELETE" else {"title": "x"} if "items" in path else {}
    assert reader.request(method, path, json=body).status_code == 403
    assert anybody.request(method, path, json=body).status_code == 401


def test_people_are_made_replaced_and_changed(writer: httpx.Client) -> None:
    path = path_of("zoë")
    made = writer.put(path, json={"age": 31, "occupation": "writer", "attributes": {"plan": "gold"}})
    assert made.status_code == 201
    assert made.json() == {
        "user_id": "zoë",
        "age": 31,
        "gender": None,
        "occupation": "writer",
        "attributes": {"plan": "gold"},
    }
    patched = writer.patch(path, json={"age": None, "gender": "F", "attributes": {"since": 2020}})
    assert patched.json() == {
        "user_id": "zoë",
        "age": None,
        "gender": "F",
        "occupation": "writer",
        "attributes": {"plan": "gold", "since": 2020},
    }
    assert writer.get(path).json() == {**patched.json(), "rating_count": 0}
    assert writer.put(path, json={}).status_code == 200
    assert writer.get(path).json()["attributes"] == {}
    assert writer.patch(path, json={"age": 151}).status_code == 422
    assert writer.delete(path).status_code == 204
    assert writer.patch(path, json={"age": 15}).status_code == 404


def test_what_is_known_of_a_new_person_counts_at_once(service: Service, writer: httpx.Client) -> None:
    path = path_of("newcomer", "recommendations")
    assert writer.get(path).json()["known"] is False
    writer.put(path_of("newcomer"), json={"gender": "F", "occupation": "artist"}).raise_for_status()
    answers = service.on_every_worker(lambda client: client.get(path))
    assert [answer.json()["items"][0]["source"] for answer in answers.values()] == ["profile", "profile"]
    writer.delete(path_of("newcomer")).raise_for_status()


def _show_a_list(service: Service, user_id: str) -> None:
    """Log a list, in a partition of its day."""
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    with service.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TABLE IF NOT EXISTS impressions_20260101 PARTITION OF impressions "
                "FOR VALUES FROM ('2026-01-01T00:00:00Z') TO ('2026-01-02T00:00:00Z')"
            )
        )
        connection.execute(
            insert(tables.impressions).values(
                at=now,
                request_id=REQUEST,
                user_id=user_id,
                variant="champion",
                source="personal",
                item_ids=["i001", "i003"],
            )
        )
        connection.execute(
            insert(tables.events).values(
                event_id=f"event of {user_id}", kind="click", user_id=user_id, item_id="i001", at=now
            )
        )


def test_a_person_gets_everything_that_is_held_on_them(service: Service, writer: httpx.Client) -> None:
    writer.put(path_of("held"), json={"age": 40, "attributes": {"plan": "gold"}}).raise_for_status()
    for number in range(3):
        body = {"rating": 4, "rated_at": f"2025-01-0{number + 1}T00:00:00Z"}
        writer.put(path_of("held", "ratings", f"i00{number}"), json=body).raise_for_status()
    _show_a_list(service, "held")

    data = writer.get(path_of("held", "data")).json()
    assert (data["profile"]["age"], data["profile"]["attributes"]) == (40, {"plan": "gold"})
    assert [(row["item_id"], row["rating"]) for row in data["ratings"]] == [
        ("i000", 4.0),
        ("i001", 4.0),
        ("i002", 4.0),
    ]
    assert [row["event_id"] for row in data["events"]] == ["event of held"]
    assert [(row["request_id"], row["item_ids"]) for row in data["impressions"]] == [
        (str(REQUEST), ["i001", "i003"])
    ]
    assert writer.get(path_of("nobody", "data")).status_code == 404

    assert writer.delete(path_of("held")).status_code == 204
    assert writer.get(path_of("held", "data")).status_code == 404
    assert writer.delete(path_of("held")).status_code == 404
    with service.engine.connect() as connection:
        for table in (tables.users, tables.ratings, tables.events, tables.impressions):
            assert not connection.execute(select(table).where(table.c.user_id == "held")).all()
    answers = service.on_every_worker(lambda client: client.get(path_of("held", "recommendations")))
    assert [answer.json()["known"] for answer in answers.values()] == [False, False]


def test_viewers_see_their_own_data_alone_and_erase_nobody(service: Service) -> None:
    with service.client() as client:
        same = {"Sec-Fetch-Site": "same-origin"}
        client.post("/api/v1/session", json={"user_id": "u007"}, headers=same).raise_for_status()
        assert client.get(path_of("u007", "data")).json()["profile"]["user_id"] == "u007"
        assert client.get(path_of("u008", "data")).status_code == 403
        assert client.delete(path_of("u007"), headers=same).status_code == 403
