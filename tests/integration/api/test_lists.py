"""Lists: who gets what, and what a rating changes."""

from typing import Any

import httpx
import pytest

from tests.support.service import Service, path_of

COMEDIES = {f"i{number:03d}" for number in range(0, 20, 2)}


def _list(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def _ids(response: httpx.Response) -> list[str]:
    return [item["item_id"] for item in _list(response)]


def _seen(client: httpx.Client, user_id: str) -> set[str]:
    answer = client.get(path_of(user_id, "ratings"), params={"limit": 200})
    return {rating["item_id"] for rating in answer.json()["ratings"]}


def test_a_known_person_gets_unseen_items_of_their_taste_with_stars_and_source(reader: httpx.Client) -> None:
    answer = reader.get(path_of("u000", "recommendations"), params={"n": 2})
    body = answer.json()

    assert {key: body[key] for key in ("user_id", "known", "notice", "model_version", "variant")} == {
        "user_id": "u000",
        "known": True,
        "notice": None,
        "model_version": 1,
        "variant": "champion",
    }
    assert body["request_id"] == answer.headers["x-request-id"]
    assert not _seen(reader, "u000") & set(_ids(answer))
    first, second = body["items"]
    assert {first["item_id"], second["item_id"]} <= COMEDIES
    assert (first["rank"], second["rank"]) == (1, 2)
    assert first["score"] >= second["score"]
    assert first["source"] == "personal"
    assert first["genres"] == ["Comedy"]
    assert 0.5 <= first["stars"] <= 5
    number = int(first["item_id"][1:])
    assert (first["title"], first["year"]) == (f"The Film No. {number}", 1980 + number)


def test_a_list_has_ten_entries_unless_told_otherwise_and_never_more_than_unseen_items(
    reader: httpx.Client,
) -> None:
    assert len(_ids(reader.get(path_of("u001", "recommendations")))) == 10
    everything = _ids(reader.get(path_of("u001", "recommendations"), params={"n": 100}))
    assert len(everything) == len(set(everything)) == 20 - len(_seen(reader, "u001"))


def test_an_unknown_person_gets_popular_items_and_is_told_so(reader: httpx.Client) -> None:
    body = reader.get(path_of("nobody at all", "recommendations"), params={"n": 3}).json()

    assert body["known"] is False
    assert body["notice"] == "Nothing is known of this person yet, so these are the most popular items."
    assert [item["source"] for item in body["items"]] == ["popular"] * 3
    board = reader.get("/api/v1/leaderboards/popular", params={"n": 3})
    assert [item["item_id"] for item in body["items"]] == _ids(board)


def test_category_and_exclusions_filter_a_list(reader: httpx.Client) -> None:
    path = path_of("u000", "recommendations")
    wars = _list(reader.get(path, params={"n": 5, "category": "War"}))
    assert all("War" in item["genres"] for item in wars)
    assert len(wars) == 5

    first, second = _ids(reader.get(path, params={"n": 2}))
    left = _ids(reader.get(path, params={"n": 3, "exclude": [first, "unknown item"]}))
    assert first not in left
    assert left[0] == second


@pytest.mark.parametrize(
    "path", [path_of("u000", "recommendations"), "/api/v1/leaderboards/popular", "/api/v1/items"]
)
def test_a_category_that_no_item_has_gives_nothing_and_says_so(reader: httpx.Client, path: str) -> None:
    unknown = reader.get(path, params={"category": "Opera"})
    assert _ids(unknown) == []
    assert "category 'Opera'" in unknown.json()["notice"]
    assert reader.get(path, params={"category": "War"}).json()["notice"] is None


def test_a_visitor_is_told_of_an_unknown_category_too(anybody: httpx.Client) -> None:
    asked = {"ratings": [], "category": "Opera"}
    assert "'Opera'" in anybody.post("/api/v1/sessions/recommendations", json=asked).json()["notice"]


def test_a_visitor_gets_a_list_from_ratings_that_are_not_kept(
    anybody: httpx.Client, reader: httpx.Client
) -> None:
    before = reader.get("/api/v1/users").json()["total"]
    ratings = [{"item_id": item_id, "rating": 5} for item_id in ("i001", "i003", "i005")]
    answer = anybody.post("/api/v1/sessions/recommendations", json={"ratings": ratings, "n": 4})

    body = answer.json()
    assert (body["user_id"], body["known"], body["notice"]) == (None, True, None)
    assert not set(_ids(answer)) & {"i001", "i003", "i005"}
    assert not set(_ids(answer)) & COMEDIES
    assert body["items"][0]["source"] == "personal"
    assert reader.get("/api/v1/users").json()["total"] == before


@pytest.mark.parametrize("asked", [{"ratings": []}, {"events": []}, {}])
def test_a_visitor_without_ratings_gets_popular_items(anybody: httpx.Client, asked: dict[str, Any]) -> None:
    body = anybody.post("/api/v1/sessions/recommendations", json=asked).json()
    assert body["known"] is False
    assert body["notice"].startswith("There are no ratings yet")
    assert len(body["items"]) == 10


def test_similar_items_are_those_that_the_same_people_rated(anybody: httpx.Client) -> None:
    similar = _list(anybody.get("/api/v1/items/i000/similar", params={"n": 5}))
    assert {item["item_id"] for item in similar} <= COMEDIES - {"i000"}
    assert {item["source"] for item in similar} == {"similar"}
    assert all(item["stars"] is None for item in similar)


def test_predictions_come_in_the_order_of_the_pairs(reader: httpx.Client) -> None:
    pairs = [
        {"user_id": "u000", "item_id": "i001"},
        {"user_id": "stranger", "item_id": "i001"},
        {"user_id": "u000", "item_id": "i000"},
    ]
    body = reader.post("/api/v1/predictions", json={"pairs": pairs}).json()

    assert body["model_version"] == 1
    assert [{key: found[key] for key in ("user_id", "item_id")} for found in body["predictions"]] == pairs
    assert [found["source"] for found in body["predictions"]] == ["model", "fallback", "model"]
    assert all(0.5 <= found["stars"] <= 5 for found in body["predictions"])


def test_stars_lie_within_their_interval_and_that_on_the_scale(
    reader: httpx.Client, anybody: httpx.Client
) -> None:
    """The world's models state one star less to half a star more; the scale ends at 0.5 and 5."""
    pairs = [{"user_id": user_id, "item_id": "i001"} for user_id in ("u000", "u001", "stranger")]
    ratings = [{"item_id": "i001", "rating": 3}]
    answers = (
        _list(reader.get(path_of("u000", "recommendations"))),
        _list(reader.get(path_of("stranger", "recommendations"))),
        _list(anybody.post("/api/v1/sessions/recommendations", json={"ratings": ratings})),
        reader.post("/api/v1/predictions", json={"pairs": pairs}).json()["predictions"],
    )
    for found in (one for answer in answers for one in answer):
        assert found["stars_low"] == pytest.approx(max(found["stars"] - 1, 0.5), abs=0.002)
        assert found["stars_high"] == pytest.approx(min(found["stars"] + 0.5, 5), abs=0.002)


def test_a_list_for_everybody_has_no_stars_and_no_interval(anybody: httpx.Client) -> None:
    for path in ("/api/v1/leaderboards/popular", "/api/v1/items/i000/similar"):
        for item in _list(anybody.get(path)):
            assert (item["stars"], item["stars_low"], item["stars_high"]) == (None, None, None)


def test_a_prediction_for_an_unknown_item_names_it(reader: httpx.Client) -> None:
    answer = reader.post("/api/v1/predictions", json={"pairs": [{"user_id": "u000", "item_id": "no such"}]})
    assert answer.status_code == 404
    assert "'no such'" in answer.json()["detail"]


@pytest.mark.parametrize("user_id", ["u002", "somebody/new ✨"])
def test_a_rating_counts_at_once_on_every_worker(service: Service, user_id: str) -> None:
    """The item is excluded from the next list, which changes; taking the rating back brings it all back."""
    path = path_of(user_id, "recommendations")
    with service.client("write") as client:
        before = _ids(client.get(path))
        rated = before[0]
        assert client.put(path_of(user_id, "ratings", rated), json={"rating": 5}).status_code == 201

    answers = service.on_every_worker(lambda client: client.get(path))
    assert len(answers) == 2
    for answer in answers.values():
        assert rated not in _ids(answer)
        assert answer.json()["known"] is True

    with service.client("write") as client:
        assert client.delete(path_of(user_id, "ratings", rated)).status_code == 204
    for answer in service.on_every_worker(lambda client: client.get(path)).values():
        assert _ids(answer) == before


def test_writes_in_a_row_are_each_read_by_the_next_request(service: Service) -> None:
    """Each over a new connection, so that writer and reader are often different workers."""
    workers = set()
    for number in range(40):
        item_id = f"i{number % 20:03d}"
        with service.client("write") as writing:
            writing.put(path_of("u004", "ratings", item_id), json={"rating": 3}).raise_for_status()
        with service.client("read") as reading:
            answer = reading.get(path_of("u004", "recommendations"), params={"n": 20})
        workers.add(answer.headers["x-marquee-worker"])
        assert item_id not in _ids(answer)
        if number % 20 >= 10:
            with service.client("write") as writing:
                writing.delete(path_of("u004", "ratings", item_id)).raise_for_status()
            with service.client("read") as reading:
                assert item_id in _ids(reading.get(path_of("u004", "recommendations"), params={"n": 20}))
    assert len(workers) == 2
