"""Lists: who gets what, and what a rating changes."""

import httpx

from tests.support.service import Service, path_of


def _ids(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["item_id"] for item in response.json()["items"]]


def test_a_known_person_gets_unseen_items_of_their_taste_with_stars_and_source(reader: httpx.Client) -> None:
    answer = reader.get(path_of("u000", "recommendations"), params={"n": 3}).json()

    assert answer["user_id"] == "u000"
    assert answer["known"] is True
    assert answer["notice"] is None
    assert answer["model_version"] == 1
    assert answer["variant"] == "champion"
    assert [item["rank"] for item in answer["items"]] == [1, 2, 3]
    seen = {
        item["item_id"] for item in reader.get(path_of("u000", "ratings"), params={"limit": 200}).json()["ratings"]
    }
    assert not seen & {item["item_id"] for item in answer["items"]}
    best = answer["items"][0]
    assert best["source"] == "personal"
    assert best["genres"] == ["Comedy"]
    assert 0.5 <= best["stars"] <= 5
    assert best["title"].startswith("The Film No. ")
    assert best["score"] >= answer["items"][1]["score"]
