"""Who is like whom, over HTTP."""

import httpx

from tests.support.service import Service, eventually, path_of


def test_people_of_one_taste_are_alike_and_what_they_share_is_named(reader: httpx.Client) -> None:
    """Even people have rated even items, odd ones odd items, all with five stars."""
    answer = reader.get(path_of("u000", "similar"), params={"limit": 5})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["user_id"], body["known"], body["notice"]) == ("u000", True, None)
    assert len(body["users"]) == 5  # those most alike: other tests give some people ratings of both kinds
    similarities = [user["similarity"] for user in body["users"]]
    assert similarities == sorted(similarities, reverse=True)
    assert 0 < similarities[-1] <= similarities[0] < 1
    mine = _rated(reader, "u000")
    for user in body["users"]:
        assert int(user["user_id"][1:]) % 2 == 0
        assert user["user_id"] != "u000"
        both = mine & _rated(reader, user["user_id"])
        assert user["shared_count"] == len(both)
        assert len(user["shared"]) == min(len(both), 5)
        assert {item["item_id"] for item in user["shared"]} <= both


def _rated(client: httpx.Client, user_id: str) -> set[str]:
    ratings = client.get(path_of(user_id, "ratings"), params={"limit": 200}).json()["ratings"]
    return {rating["item_id"] for rating in ratings}


def test_nobody_is_like_somebody_unknown_and_the_answer_says_so(reader: httpx.Client) -> None:
    body = reader.get(path_of("nobody/at all ✨", "similar")).json()
    assert body == {
        "user_id": "nobody/at all ✨",
        "known": False,
        "notice": "Nothing is known of this person yet.",
        "users": [],
    }


def test_a_newcomers_first_ratings_tell_who_is_like_them_at_once(service: Service) -> None:
    user_id = "newcomer of similar users"
    with service.client("write") as client:
        client.get(path_of("u000", "similar"))
        for item_id in ("i001", "i003", "i005"):
            client.put(path_of(user_id, "ratings", item_id), json={"rating": 4}).raise_for_status()
        body = client.get(path_of(user_id, "similar"), params={"limit": 3}).json()
        assert {int(user["user_id"][1:]) % 2 for user in body["users"]} == {1}
        path = path_of("u001", "similar")
        eventually(
            lambda: (
                user_id in [u["user_id"] for u in client.get(path, params={"limit": 100}).json()["users"]]
            ),
            within=10,
        )
        for item_id in ("i001", "i003", "i005"):
            client.delete(path_of(user_id, "ratings", item_id)).raise_for_status()


def test_viewers_and_strangers_are_not_told_who_is_like_whom(anybody: httpx.Client) -> None:
    assert anybody.get(path_of("u000", "similar")).status_code == 401
    anybody.post("/api/v1/session", json={"user_id": "u000"})
    assert anybody.get(path_of("u000", "similar")).status_code == 403
