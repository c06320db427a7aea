"""Gorse's own client, unmodified, against the real service."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from gorse import AsyncGorse, Gorse, GorseException

from tests.support.service import Service, path_of

AT = "2026-01-01T10:00:00Z"
LATELY = (datetime.now(UTC) - timedelta(hours=1)).isoformat()  # feedback fades


@pytest.fixture
def client(service: Service) -> Gorse:
    return Gorse(f"{service.url}/gorse", service.keys["write"], timeout=30)


@pytest.fixture
def calls(service: Service) -> Iterator[httpx.Client]:
    """For the calls that pygorse has no method for."""
    headers = {"X-API-Key": service.keys["write"]}
    with httpx.Client(base_url=f"{service.url}/gorse/api", headers=headers, timeout=30) as made:
        yield made


@pytest.fixture
def bob(client: Gorse) -> Iterator[str]:
    client.insert_user({"UserId": "bob", "Labels": {"age": 24, "company": "gorse"}, "Comment": "my user"})
    yield "bob"
    client.delete_user("bob")


def _ids(scores: list[Any]) -> list[str]:
    return [score["Id"] for score in scores]


def test_users(client: Gorse, calls: httpx.Client) -> None:
    user = {"UserId": "carl", "Labels": {"age": 24, "gender": "M", "company": "gorse"}, "Comment": "my user"}
    assert client.insert_user(user) == {"RowAffected": 1}
    assert client.get_user("carl") == user
    assert client.insert_users([{"UserId": "dora", "Labels": ["a"]}, {"UserId": "carl"}]) == {
        "RowAffected": 2
    }
    assert client.get_user("carl") == {"UserId": "carl", "Labels": {}, "Comment": ""}
    assert client.get_user("dora")["Labels"] == ["a"]

    assert calls.patch("/user/carl", json={"Labels": {"age": 30}}).json() == {"RowAffected": 1}
    assert calls.patch("/user/carl", json={"Comment": "hi", "Labels": None}).json() == {"RowAffected": 1}
    assert client.get_user("carl") == {"UserId": "carl", "Labels": {"age": 30}, "Comment": "hi"}

    found, cursor = client.get_users(1)
    everybody = list(found)
    while cursor:
        found, cursor = client.get_users(7, cursor)
        everybody += found
    ids = [one["UserId"] for one in everybody]
    assert len(ids) == len(set(ids)) >= 42
    assert {"carl", "dora", "u000"} <= set(ids)

    for user_id in ("carl", "dora"):
        assert client.delete_user(user_id) == {"RowAffected": 1}
        with pytest.raises(GorseException) as caught:
            client.get_user(user_id)
        assert caught.value.status_code == 404


def test_items(client: Gorse, calls: httpx.Client) -> None:
    item = {
        "ItemId": "vuejs:vue",
        "IsHidden": False,
        "Categories": ["Comedy", "framework"],
        "Timestamp": "2022-02-24T00:00:00Z",
        "Labels": {"language": "TypeScript", "year": 2014},
        "Comment": "The Progressive Framework",
    }
    assert client.insert_item(item) == {"RowAffected": 1}
    assert client.get_item("vuejs:vue") == item
    assert client.search_items("progresive framwork") == [item]

    assert client.update_item("vuejs:vue", is_hidden=True, comment="Vue") == {"RowAffected": 1}
    assert client.get_item("vuejs:vue") == {**item, "IsHidden": True, "Comment": "Vue"}
    assert client.search_items("vue") == []
    client.update_item("vuejs:vue", is_hidden=False, labels=["ui"], timestamp="2023-01-01")
    changed = client.get_item("vuejs:vue")
    assert (changed["Labels"], changed["Timestamp"]) == (["ui"], "2023-01-01T00:00:00Z")

    assert calls.put("/item/vuejs:vue/category/new").json() == {"RowAffected": 1}
    assert calls.delete("/item/vuejs:vue/category/Comedy").json() == {"RowAffected": 1}
    assert client.get_item("vuejs:vue")["Categories"] == ["framework", "new"]

    batch = [{"ItemId": "a"}, {"ItemId": "b", "Categories": None, "Labels": None}]
    assert calls.post("/items", json=batch).json() == {"RowAffected": 2}
    found, cursor = client.get_items(1)
    every = list(found)
    while cursor:
        found, cursor = client.get_items(5, cursor)
        every += found
    ids = [one["ItemId"] for one in every]
    assert len(ids) == len(set(ids))
    assert {"a", "b", "vuejs:vue", "i000"} <= set(ids)

    for item_id in ("a", "b", "vuejs:vue"):
        assert client.delete_item(item_id) == {"RowAffected": 1}
    assert client.delete_item("a") == {"RowAffected": 0}
    with pytest.raises(GorseException) as caught:
        client.get_item("a")
    assert caught.value.status_code == 404


def test_feedback(client: Gorse, calls: httpx.Client, bob: str) -> None:
    assert client.insert_feedback("like", bob, "i001", AT, 2) == {"RowAffected": 1}
    assert client.insert_feedback("like", bob, "i001", AT, 3) == {"RowAffected": 1}  # values add up
    (liked,) = client.list_feedbacks("like", bob)
    assert liked == {
        "FeedbackType": "like",
        "UserId": bob,
        "ItemId": "i001",
        "Value": 5.0,
        "Timestamp": AT,
        "Comment": "",
    }
    overwritten = {**liked, "Value": 1.0, "Timestamp": "2026-01-02T10:00:00Z"}
    assert calls.put("/feedback", json=[overwritten]).json() == {"RowAffected": 1}
    assert client.list_feedbacks("like", bob) == [overwritten]

    several = [
        {"FeedbackType": "click", "UserId": bob, "ItemId": "i003", "Timestamp": AT},
        {"FeedbackType": "play", "UserId": bob, "ItemId": "i003", "Timestamp": AT},
    ]
    assert client.insert_feedbacks(several) == {"RowAffected": 2}
    assert [one["FeedbackType"] for one in calls.get(f"/feedback/{bob}/i003").json()] != []
    assert calls.get(f"/feedback/click/{bob}/i003").json()["ItemId"] == "i003"
    assert calls.get(f"/feedback/like/{bob}/i003").status_code == 404
    assert len(calls.get(f"/user/{bob}/feedback").json()) == 3
    assert bob in [one["UserId"] for one in calls.get("/item/i003/feedback").json()]
    assert [one["UserId"] for one in calls.get("/item/i003/feedback/play").json()] == [bob]
    assert [one["ItemId"] for one in calls.get("/feedback/play").json()["Feedback"]] == ["i003"]

    found, cursor = client.get_feedbacks(2)
    every = list(found)
    while cursor:
        found, cursor = client.get_feedbacks(2, cursor)
        every += found
    mine = {(one["FeedbackType"], one["ItemId"]) for one in every if one["UserId"] == bob}
    assert mine == {("like", "i001"), ("click", "i003"), ("play", "i003")}

    assert calls.delete(f"/feedback/click/{bob}/i003").json() == {"RowAffected": 1}
    assert client.delete_feedback(bob, "i003") == {"RowAffected": 1}
    assert client.delete_feedback(bob, "i003") == {"RowAffected": 0}
    assert client.list_feedbacks("play", bob) == []


def test_feedback_makes_the_users_and_items_that_are_not_there_yet(client: Gorse) -> None:
    client.insert_feedback("like", "eve", "brand:new", AT)
    assert client.get_item("brand:new")["Comment"] == ""
    assert client.get_user("eve")["UserId"] == "eve"
    client.delete_user("eve")
    client.delete_item("brand:new")


def test_feedback_of_a_type_that_is_not_configured_is_refused_whole(client: Gorse, bob: str) -> None:
    with pytest.raises(GorseException) as caught:
        client.insert_feedbacks(
            [
                {"FeedbackType": "like", "UserId": bob, "ItemId": "i001", "Timestamp": AT},
                {"FeedbackType": "star", "UserId": bob, "ItemId": "i001", "Timestamp": AT},
            ]
        )
    assert caught.value.status_code == 422
    assert "There is no kind 'star' here" in caught.value.message
    assert client.list_feedbacks("like", bob) == []


def test_what_somebody_did_counts_in_their_next_list(client: Gorse, calls: httpx.Client, bob: str) -> None:
    client.insert_feedbacks(
        [
            {"FeedbackType": "like", "UserId": bob, "ItemId": f"i{number:03d}", "Timestamp": LATELY}
            for number in (1, 3, 5)  # dramas and war films
        ]
    )
    listed = client.get_recommend(bob, n=3)
    assert all(int(score.id[1:]) % 2 for score in listed)
    assert [score.score for score in listed] == sorted((score.score for score in listed), reverse=True)

    ids = calls.get(f"/recommend/{bob}", params={"n": 3}).json()
    assert ids == [score.id for score in listed]
    behind = client.get_recommend(bob, n=2, offset=1)
    assert [score.id for score in behind] == ids[1:]
    comedies = client.get_recommend(bob, "Comedy", n=3)
    assert all(int(score.id[1:]) % 2 == 0 for score in comedies)
    both = calls.get(f"/recommend/{bob}", params={"category": ["Drama", "War"], "n": 3}).json()
    assert both == ids
    assert calls.get(f"/recommend/{bob}", params={"category": ["Drama", "Comedy"], "n": 3}).json() == []
    assert client.get_recommend(bob, n=0) == []


def test_write_back_keeps_what_was_shown_out_of_the_next_list(client: Gorse, bob: str) -> None:
    shown = [score.id for score in client.get_recommend(bob, n=3, write_back_type="dismiss")]
    assert len(shown) == 3
    assert {one["ItemId"] for one in client.list_feedbacks("dismiss", bob)} == set(shown)
    later = [
        score.id
        for score in client.get_recommend(bob, n=3, write_back_type="dismiss", write_back_delay="10m")
    ]
    assert not set(shown) & set(later)


def test_neighbours_popular_latest_and_sessions(client: Gorse, calls: httpx.Client, bob: str) -> None:
    neighbours = client.get_neighbors("i001", n=3)
    assert all(int(item_id[1:]) % 2 for item_id in _ids(neighbours))
    assert _ids(client.get_neighbors("i001", n=2, offset=1)) == _ids(neighbours)[1:]
    assert client.get_neighbors("no such item") == []
    assert _ids(calls.get("/item/i001/neighbors/Comedy", params={"n": 2}).json()) != []

    popular = calls.get("/popular", params={"n": 5}).json()
    assert len(popular) == 5
    comedies = _ids(calls.get("/popular/Comedy", params={"n": 5}).json())
    assert all(int(item_id[1:]) % 2 == 0 for item_id in comedies)
    client.insert_feedback("play", bob, popular[0]["Id"], AT)
    unseen = _ids(calls.get("/popular", params={"n": 5, "user-id": bob}).json())
    assert popular[0]["Id"] not in unseen
    assert len(unseen) == 5

    client.insert_item({"ItemId": "newest", "Timestamp": "2030-01-01", "Categories": ["Comedy"]})
    client.insert_item({"ItemId": "oldest", "Timestamp": "1990-01-01"})
    latest = calls.get("/latest", params={"n": 1000}).json()
    assert (latest[0]["Id"], latest[0]["Score"]) == ("newest", 1893456000.0)
    assert latest[-1]["Id"] == "oldest"
    assert _ids(calls.get("/latest/Comedy", params={"n": 1}).json()) == ["newest"]
    for item_id in ("newest", "oldest"):
        client.delete_item(item_id)

    session = [
        {"FeedbackType": "like", "UserId": "", "ItemId": f"i00{number}", "Timestamp": LATELY}
        for number in (1, 3)
    ]
    listed = _ids(client.session_recommend([*session, {"FeedbackType": "?", "ItemId": "i005"}], n=4))
    assert all(int(item_id[1:]) % 2 for item_id in listed)
    assert not {"i001", "i003", "i005"} & set(listed)


def test_keys_and_scopes_hold(service: Service, calls: httpx.Client) -> None:
    reader = Gorse(f"{service.url}/gorse", service.keys["read"])
    assert reader.get_item("i001")["ItemId"] == "i001"
    with pytest.raises(GorseException) as caught:
        reader.insert_item({"ItemId": "x"})
    assert caught.value.status_code == 403
    with pytest.raises(GorseException) as caught:
        reader.get_recommend("u001", write_back_type="dismiss")
    assert caught.value.status_code == 403
    with pytest.raises(GorseException) as caught:
        Gorse(f"{service.url}/gorse", "wrong").get_item("i001")
    assert caught.value.status_code == 401
    with service.client() as nobody:
        assert nobody.get("/gorse/api/items").status_code == 401
    with service.client("read") as bearer:
        assert bearer.get("/gorse/api/item/i001").status_code == 200


def test_the_asynchronous_client_gets_the_same(service: Service, client: Gorse, bob: str) -> None:
    async def ask() -> None:
        asynchronous = AsyncGorse(f"{service.url}/gorse", service.keys["write"])
        assert await asynchronous.insert_feedback("like", bob, "i001", AT) == {"RowAffected": 1}
        assert await asynchronous.list_feedbacks("like", bob) == client.list_feedbacks("like", bob)
        listed = await asynchronous.get_recommend(bob, n=3)
        assert [score.id for score in listed] == [score.id for score in client.get_recommend(bob, n=3)]
        assert await asynchronous.get_neighbors("i001", n=3) == client.get_neighbors("i001", n=3)
        assert await asynchronous.get_item("i001") == client.get_item("i001")
        assert await asynchronous.get_items(3) == client.get_items(3)
        assert await asynchronous.get_users(3) == client.get_users(3)
        assert await asynchronous.get_feedbacks(3) == client.get_feedbacks(3)
        session = [{"FeedbackType": "like", "ItemId": "i001", "Timestamp": AT}]
        assert await asynchronous.session_recommend(session, n=3) == client.session_recommend(session, n=3)
        with pytest.raises(GorseException) as caught:
            await asynchronous.get_user("no such user")
        assert caught.value.status_code == 404

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/item", {}),
        ("/item", {"ItemId": "a\u0000"}),
        ("/item", {"ItemId": "a", "Timestamp": "soon"}),
        ("/item", {"ItemId": "a", "Labels": {"a": "x" * 2001}}),
        ("/item", {"ItemId": "a\u200bb"}),
        ("/items", {"ItemId": "a"}),
        ("/user", {"UserId": ""}),
        ("/feedback", [{"FeedbackType": "like", "UserId": "u", "ItemId": "i001", "Timestamp": "2999-01-01"}]),
        ("/feedback", [{"FeedbackType": "like", "UserId": "\u200b", "ItemId": "i001"}]),
        ("/feedback", [{"FeedbackType": "like", "UserId": "u", "ItemId": "\u200b"}]),
        ("/session/recommend", [{"FeedbackType": "like"}]),
    ],
)
def test_what_cannot_be_kept_is_refused(calls: httpx.Client, path: str, body: object) -> None:
    answer = calls.post(path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_erased_user_is_gone_from_marquees_own_calls_too(
    client: Gorse, reader: httpx.Client, bob: str
) -> None:
    client.insert_feedback("like", bob, "i001", AT)
    assert reader.get(path_of(bob)).status_code == 200
    client.delete_user(bob)
    assert reader.get(path_of(bob)).status_code == 404
    assert client.list_feedbacks("like", bob) == []
