"""Filters, pages, diversity, reasons and visitors' events, over HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from marquee.recommend.paging import HASH_BYTES, MOST_SHOWN, to_cursor
from tests.support.service import Service, path_of

PATH = path_of("u000", "recommendations")
SESSION = "/api/v1/sessions/recommendations"
POPULAR = "/api/v1/leaderboards/popular"


def _body(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def _ids(response: httpx.Response) -> list[str]:
    return [item["item_id"] for item in _body(response)["items"]]


FILTERS: list[tuple[dict[str, Any], set[int]]] = [
    ({"category": ["War", "Comedy"]}, set(range(20))),
    ({"category": ["War", "Opera"]}, set(range(1, 20, 2))),
    ({"category_all": ["War", "Drama"]}, set(range(1, 20, 2))),
    ({"category_all": ["War", "Comedy"]}, set()),
    ({"category_none": ["War"]}, set(range(0, 20, 2))),
    ({"year_from": 1990, "year_to": 1992}, {10, 11, 12}),
    ({"year_from": 1995, "category": ["Comedy"], "exclude": ["i018"]}, {16}),
    ({"attribute": ["studio:Ghibli"]}, set()),
]


@pytest.mark.parametrize(("filters", "passing"), FILTERS)
def test_every_kind_of_list_takes_the_same_filters(
    reader: httpx.Client, anybody: httpx.Client, filters: dict[str, Any], passing: set[int]
) -> None:
    expected = {f"i{number:03d}" for number in passing}
    stranger = reader.get(path_of("a stranger", "recommendations"), params={"n": 20, **filters})
    visitor = anybody.post(SESSION, json={"ratings": [], "n": 20, **filters})
    board = anybody.get(POPULAR, params={"n": 20, **filters})
    assert set(_ids(stranger)) == set(_ids(visitor)) == set(_ids(board)) == expected
    similar = anybody.get("/api/v1/items/i000/similar", params={"n": 20, **filters})
    assert set(_ids(similar)) == expected - {"i000"}
    seen = {rating["item_id"] for rating in reader.get(path_of("u000", "ratings")).json()["ratings"]}
    assert set(_ids(reader.get(PATH, params={"n": 20, **filters}))) == expected - seen


def test_a_list_that_is_filtered_away_says_so(reader: httpx.Client) -> None:
    body = _body(reader.get(PATH, params={"year_from": 2020}))
    assert (body["items"], body["source"], body["next_cursor"]) == ([], None, None)
    assert body["notice"] == "No title passes these filters."


def test_a_body_may_name_one_category_as_it_is(anybody: httpx.Client) -> None:
    one, several, none = (
        _ids(anybody.post(SESSION, json={"ratings": [], "n": 20, "category": category}))
        for category in ("War", ["War"], None)
    )
    assert one == several
    assert len(one) == 10
    assert len(none) == 20


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"attribute": "studio"}, "attribute"),
        ({"year_from": "last year"}, "year_from"),
        ({"diversity": 1.5}, "diversity"),
        ({"diversity": "nan"}, "diversity"),
        ({"explain": "perhaps"}, "explain"),
        ({"cursor": "not one of ours"}, "cursor"),
        ({"cursor": "AAAA"}, "cursor"),
        ({"cursor": "A" * 12}, "cursor"),
        ({"cursor": "A" * 10_000}, "cursor"),
        ({"year_from": ["1990", "1991"]}, "year_from"),
        ({"n": 101}, "101"),
    ],
)
def test_a_value_that_is_wrong_is_named(reader: httpx.Client, parameters: dict[str, Any], named: str) -> None:
    answer = reader.get(PATH, params=parameters)
    assert answer.status_code == 422
    assert named in answer.json()["detail"]


def _scrolled(client: httpx.Client, path: str, n: int, **parameters: Any) -> list[dict[str, Any]]:
    pages = [_body(client.get(path, params={"n": n, **parameters}))]
    while pages[-1]["next_cursor"] is not None:
        asked = {"n": n, "cursor": pages[-1]["next_cursor"], **parameters}
        pages.append(_body(client.get(path, params=asked)))
    return pages


@pytest.mark.parametrize("n", [1, 3, 4, 100])
def test_pages_hold_the_whole_list_in_its_order(reader: httpx.Client, n: int) -> None:
    whole = _body(reader.get(PATH, params={"n": 100}))["items"]
    pages = _scrolled(reader, PATH, n)
    assert [item for page in pages for item in page["items"]] == whole
    assert all(len(page["items"]) == n for page in pages[:-1])
    assert pages[-1]["items"]


def test_leaderboards_have_pages_too(anybody: httpx.Client) -> None:
    pages = _scrolled(anybody, POPULAR, 6, category="War")
    ranks = [item["rank"] for page in pages for item in page["items"]]
    assert ranks == list(range(1, 11))
    ids = [item["item_id"] for page in pages for item in page["items"]]
    assert ids == _ids(anybody.get(POPULAR, params={"n": 20, "category": "War"}))


@pytest.fixture
def newcomer(service: Service) -> Iterator[str]:
    """Somebody who is gone when the test is over."""
    yield "newcomer"
    with service.client("admin") as client:
        client.delete(path_of("newcomer")).raise_for_status()


def test_while_somebody_scrolls_and_rates_nothing_is_shown_twice_or_skipped(
    service: Service, newcomer: str
) -> None:
    """Ratings change the order between pages, and pages come from both workers; all of it is shown once."""
    path = path_of(newcomer, "recommendations")
    shown: list[str] = []
    rated: set[str] = set()
    cursor = None
    for item_id in ("i001", "i000", "i003", "i002", "i005", None):
        parameters = {"n": 4} if cursor is None else {"n": 4, "cursor": cursor}
        with service.client("read") as client:
            answer = client.get(path, params=parameters)
        body = _body(answer)
        shown += [item["item_id"] for item in body["items"]]
        cursor = body["next_cursor"]
        if cursor is None:
            break
        if item_id is not None:
            with service.client("write") as client:
                client.put(path_of(newcomer, "ratings", item_id), json={"rating": 5}).raise_for_status()
            rated.add(item_id)
    assert cursor is None
    assert len(shown) == len(set(shown))
    assert set(shown) | rated == {f"i{number:03d}" for number in range(20)}


def test_a_cursor_of_the_longest_list_is_taken(reader: httpx.Client) -> None:
    """Whatever it says was shown: items that are not there are nothing to the list."""
    shown = b"".join(number.to_bytes(HASH_BYTES, "big") for number in range(MOST_SHOWN))
    for left, ranks in ((0, []), (3, [998, 999, 1000])):  # a list ends there
        cursor = to_cursor(shown[left * HASH_BYTES :])
        body = _body(reader.get(PATH, params={"n": 5, "cursor": cursor}))
        assert [item["rank"] for item in body["items"]] == ranks
        assert body["next_cursor"] is None
    too_long = to_cursor(shown + b"x" * HASH_BYTES)
    assert reader.get(PATH, params={"cursor": too_long}).status_code == 422


def test_diversity_mixes_genres_and_none_leaves_the_order(reader: httpx.Client) -> None:
    """u000 likes comedies: without diversity the first places are comedies, with all of it every second."""

    def genres(**parameters: Any) -> list[str]:
        items = _body(reader.get(PATH, params={"n": 4, **parameters}))["items"]
        return [item["genres"][0] for item in items]

    plain = _ids(reader.get(PATH, params={"n": 4}))
    assert _ids(reader.get(PATH, params={"n": 4, "diversity": 0})) == plain
    assert genres()[:2] == ["Comedy", "Comedy"]
    mixed = genres(diversity=1)
    assert mixed[0] != mixed[1]
    assert sorted(mixed) == ["Comedy", "Comedy", "Drama", "Drama"]


def test_reasons_are_given_where_they_are_asked_for(reader: httpx.Client) -> None:
    assert all(item["reasons"] is None for item in _body(reader.get(PATH))["items"])
    first = _body(reader.get(PATH, params={"explain": "true", "n": 1}))["items"][0]
    seen = {rating["item_id"] for rating in reader.get(path_of("u000", "ratings")).json()["ratings"]}
    assert first["reasons"]
    for reason in first["reasons"]:
        assert reason.keys() == {"kind", "item_id", "title", "share"}
        assert reason["kind"] == "because"
        assert reason["item_id"] in seen
        assert reason["title"].startswith("The Film No. ")
        assert 0 < reason["share"] <= 1
    stranger = _body(reader.get(path_of("stranger", "recommendations"), params={"explain": "true"}))
    assert {reason["kind"] for item in stranger["items"] for reason in item["reasons"]} == {"popular"}


def test_an_answer_names_its_request_version_variant_and_source(reader: httpx.Client) -> None:
    answer = reader.get(PATH)
    body = _body(answer)
    assert body["request_id"] == answer.headers["x-request-id"]
    assert (body["model_version"], body["variant"], body["source"]) == (1, "champion", "personal")
    assert len(body["token"]) > 40
    assert _body(reader.get(path_of("stranger", "recommendations")))["source"] == "popular"


def test_lists_are_counted_by_what_they_came_from(service: Service, reader: httpx.Client) -> None:
    def counted() -> float:
        text = httpx.get(f"{service.url}/metrics").text
        name = 'marquee_lists_total{source="popular",variant="champion"} '
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name.rstrip()))

    before = counted()
    for _ in range(3):
        _body(reader.get(path_of("stranger", "recommendations")))
    assert counted() == before + 3


def test_a_visitors_events_count_by_their_kind(anybody: httpx.Client) -> None:
    """Likes of odd items bring odd items; what was played is not listed, what was clicked may be."""
    likes = [{"item_id": f"i{number:03d}", "kind": "like"} for number in (1, 3, 5)]
    body = _body(anybody.post(SESSION, json={"ratings": [], "events": likes, "n": 4}))
    assert (body["known"], body["notice"], body["source"]) == (True, None, "personal")
    assert all("War" in item["genres"] for item in body["items"])
    played = [{"item_id": "i001", "kind": "play", "at": "2026-01-01T00:00:00+01:00"}, *likes[1:]]
    everything = anybody.post(SESSION, json={"ratings": [], "events": played, "n": 20})
    assert set(_ids(everything)) == {f"i{number:03d}" for number in range(20)} - {"i001"}


def test_a_visitors_disliked_item_is_left_out(anybody: httpx.Client) -> None:
    events = [{"item_id": "i004", "kind": "dislike"}]
    body = _body(anybody.post(SESSION, json={"ratings": [], "events": events, "n": 20}))
    assert "i004" not in {item["item_id"] for item in body["items"]}
    assert len(body["items"]) == 19


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({"item_id": "no such", "kind": "like"}, "'no such'"),
        ({"item_id": "i001", "kind": "hover"}, "'hover'"),
        ({"item_id": "i001", "kind": "like", "at": "2026-01-01T00:00:00"}, "at"),
        ({"item_id": "i001"}, "kind"),
    ],
)
def test_an_event_that_is_wrong_is_named(anybody: httpx.Client, event: dict[str, str], named: str) -> None:
    answer = anybody.post(SESSION, json={"ratings": [], "events": [event]})
    assert answer.status_code == 422
    assert named in answer.json()["detail"]


def test_somebody_who_has_rated_everything_is_told_so(service: Service, newcomer: str) -> None:
    with service.client("write") as client:
        for number in range(20):
            path = path_of(newcomer, "ratings", f"i{number:03d}")
            client.put(path, json={"rating": 3}).raise_for_status()
        body = _body(client.get(path_of(newcomer, "recommendations")))
    assert (body["items"], body["source"]) == ([], None)
    assert body["notice"] == "Nothing is left that this person has not seen."
