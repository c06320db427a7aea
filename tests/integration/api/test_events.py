"""Events over HTTP: what is taken, what is refused and why, and what lists make of it."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from app.serving.tokens import Tokens

from marquee.stack.postgres import Server
from tests.support.service import Service, eventually, path_of, running_service

SERVING = """
feedback:
  kinds:
    click: {weight: 0.2}
    like: {weight: 1.0}
    play: {weight: 0.7, seen: true}
    dislike: {weight: -1.0}
    dismiss: {weight: 0.0, seen: true}
    purchase: {stars: 5.0}
  half_life_days: 30
  most_late_days: 365
"""
REQUEST = "01890a5d-ac96-774b-bcce-b302099a8057"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def service(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two workers that serve version 1, with kinds of every sort."""
    home = tmp_path_factory.mktemp("events-service")
    configs = tmp_path_factory.mktemp("events-configs")
    (configs / "serving.yaml").write_text(SERVING, encoding="utf-8")
    with running_service(home, api_server, "events", MARQUEE_CONFIGS_DIR=str(configs)) as started:
        started.deploy(1)
        eventually(lambda: started.serves(1), what="version 1 on every worker")
        yield started


@pytest.fixture
def user() -> str:
    """Somebody whom nobody has heard of."""
    return f"new {next(_numbers)}"


def _event(user: str, item: str = "i000", kind: str = "click", **more: Any) -> dict[str, Any]:
    return {"event_id": str(uuid4()), "kind": kind, "user_id": user, "item_id": item, **more}


def _send(client: httpx.Client, *events: dict[str, Any]) -> Any:
    return client.post("/api/v1/events", json={"events": list(events)}).raise_for_status().json()


def _lists(service: Service, user: str) -> list[dict[str, Any]]:
    """Somebody's list as each worker makes it."""
    answers = service.on_every_worker(
        lambda client: client.get(path_of(user, "recommendations"), params={"n": 20})
    )
    return [answer.raise_for_status().json() for answer in answers.values()]


def _ids(listed: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in listed["items"]]


def _stored(client: httpx.Client, user: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = client.get(path_of(user, "events")).raise_for_status().json()["events"]
    return events


def test_each_event_has_an_outcome_and_a_bad_one_keeps_nothing_else_out(
    service: Service, writer: httpx.Client, user: str
) -> None:
    good, unknown_item, unknown_kind = _event(user), _event(user, "i999"), _event(user, kind="wink")
    late = _event(user, at=(datetime.now(UTC) - timedelta(days=366)).isoformat())
    future = _event(user, at=(datetime.now(UTC) + timedelta(minutes=6)).isoformat())
    fast_clock = _event(user, at=(datetime.now(UTC) + timedelta(minutes=4)).isoformat())
    forged = _event(user, token="AAAA")
    receipt = _send(writer, unknown_item, good, unknown_kind, good, late, future, fast_clock, forged)
    assert (receipt["accepted"], receipt["duplicate"], receipt["refused"]) == (2, 1, 5)
    assert [outcome["status"] for outcome in receipt["outcomes"]] == [
        *("refused", "accepted", "refused", "duplicate", "refused", "refused", "accepted", "refused")
    ]
    reasons = [outcome["reason"] for outcome in receipt["outcomes"]]
    assert reasons[0] == "There is no item 'i999'."
    assert reasons[1] is None
    assert reasons[2].startswith("There is no kind 'wink' here; configs/serving.yaml has 'click', 'like'")
    assert reasons[4].startswith("It is more than 365 days old")
    assert reasons[5].startswith("It lies in the future")
    assert reasons[7].startswith("The token is not one that a list of this platform carried.")
    assert {event["event_id"] for event in _stored(writer, user)} == {
        good["event_id"],
        fast_clock["event_id"],
    }
    assert _send(writer, good)["outcomes"][0]["status"] == "duplicate"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": ""},
        {"kind": "a\0b"},
        {"event_id": ""},
        {"user_id": "\0"},
        {"value": "much"},
        {"at": "yesterday"},
        {"at": "2026-01-01T00:00:00"},
        {"token": "A" * 201},
        {"colour": "red"},
    ],
    ids=str,
)
def test_a_body_of_another_shape_is_refused_whole(
    service: Service, writer: httpx.Client, user: str, change: dict[str, Any]
) -> None:
    answer = writer.post("/api/v1/events", json={"events": [_event(user), {**_event(user), **change}]})
    assert answer.status_code == 422
    assert f"events.1.{next(iter(change))}" in answer.json()["errors"][0]["location"]
    assert _stored(writer, user) == []


@pytest.mark.parametrize("size", [0, 1001])
def test_a_batch_has_1_to_1000_events(writer: httpx.Client, user: str, size: int) -> None:
    answer = writer.post("/api/v1/events", json={"events": [_event(user) for _ in range(size)]})
    assert answer.status_code == 422


def test_a_thousand_events_of_as_many_people_are_taken_at_once(
    service: Service, writer: httpx.Client
) -> None:
    people = [f"crowd {number}" for number in range(1000)]
    assert _send(writer, *(_event(person, kind="like") for person in people))["accepted"] == 1000
    # A request waits a quarter of a second for the feed, which a busy machine may need longer for so many.
    eventually(lambda: all(listed["known"] for listed in _lists(service, people[-1])), within=5)
    for listed in _lists(service, people[-1]):
        assert listed["items"][0]["source"] == "personal"


def test_an_event_changes_the_next_list_on_every_worker_and_deleting_it_changes_it_back(
    service: Service, writer: httpx.Client
) -> None:
    """u001 likes dramas, the odd items; what they did says comedies."""
    before = [_ids(listed) for listed in _lists(service, "u001")]
    liked = [_event("u001", f"i00{row}", "like") for row in (0, 2, 4, 6, 8)]
    _send(writer, *liked)
    for listed, earlier in zip(_lists(service, "u001"), before, strict=True):
        assert _ids(listed) != earlier
        assert sorted(_ids(listed)) == sorted(earlier)  # to like is not to have seen
    for event in liked:
        writer.delete(path_of("u001", "events", event["event_id"])).raise_for_status()
    assert [_ids(listed) for listed in _lists(service, "u001")] == before


def test_somebody_new_gets_a_personal_list_from_events_alone(
    service: Service, writer: httpx.Client, user: str
) -> None:
    _send(writer, _event(user, "i001", "like"), _event(user, "i003", "click"))
    for listed in _lists(service, user):
        assert (listed["known"], listed["notice"]) == (True, None)
        first = listed["items"][:5]
        assert {item["source"] for item in first} == {"personal"}
        assert {tuple(item["genres"]) for item in first} == {("Drama", "War")}


@pytest.mark.parametrize("kind", ["play", "dislike", "dismiss", "purchase"])
def test_what_was_seen_disliked_or_had_is_left_out(
    service: Service, writer: httpx.Client, user: str, kind: str
) -> None:
    event = _event(user, "i004", kind)
    _send(writer, event)
    for listed in _lists(service, user):
        assert "i004" not in _ids(listed)
        assert len(_ids(listed)) == 19
    writer.delete(path_of(user, "events", event["event_id"])).raise_for_status()
    for listed in _lists(service, user):
        assert "i004" in _ids(listed)


def test_a_disliked_item_tells_nothing_of_a_taste(service: Service, writer: httpx.Client, user: str) -> None:
    _send(writer, _event(user, "i004", "like"), _event(user, "i004", "dislike"))
    for listed in _lists(service, user):
        assert {item["source"] for item in listed["items"]} == {"popular"}


def test_an_event_that_stands_for_stars_predicts_as_a_rating_does_until_there_is_one(
    service: Service, writer: httpx.Client, user: str
) -> None:
    rater, pair = f"{user}, rating", {"item_id": "i006"}
    _send(writer, _event(user, "i004", "purchase"))
    writer.put(path_of(rater, "ratings", "i004"), json={"rating": 5}).raise_for_status()
    body = {"pairs": [{"user_id": user, **pair}, {"user_id": rater, **pair}]}
    bought, rated = writer.post("/api/v1/predictions", json=body).json()["predictions"]
    assert bought["stars"] == rated["stars"]
    for person in (user, rater):
        writer.put(path_of(person, "ratings", "i004"), json={"rating": 1}).raise_for_status()
    bought, rated = writer.post("/api/v1/predictions", json=body).json()["predictions"]
    assert bought["stars"] == rated["stars"]


def test_weighted_events_do_not_change_predicted_stars(writer: httpx.Client) -> None:
    body = {"pairs": [{"user_id": "u002", "item_id": "i006"}]}
    before = writer.post("/api/v1/predictions", json=body).json()
    _send(writer, _event("u002", "i008", "like"))
    assert writer.post("/api/v1/predictions", json=body).json() == before


def test_the_order_and_the_repetition_of_events_make_no_difference(
    service: Service, writer: httpx.Client, user: str
) -> None:
    now = datetime.now(UTC)
    events = [
        (f"i0{row:02}", kind, now - timedelta(days=row))
        for row, kind in enumerate(["like", "click", "play", "dislike", "click", "purchase"] * 2)
    ]
    forwards, backwards = f"{user} forwards", f"{user} backwards"
    batch = [_event(forwards, item, kind, at=at.isoformat()) for item, kind, at in events]
    _send(writer, *batch)
    _send(writer, *batch)
    for item, kind, at in reversed(events):
        _send(writer, _event(backwards, item, kind, at=at.isoformat()))
    first, second = (
        [(item["item_id"], round(item["score"], 4)) for item in _lists(service, person)[0]["items"]]
        for person in (forwards, backwards)
    )
    assert first == second


def test_an_old_event_counts_less_than_a_new_one(service: Service, writer: httpx.Client, user: str) -> None:
    """Half as much after 30 days; EASE adds weights up, so that its scores halve too."""
    old, new = f"{user}, a month ago", f"{user}, now"
    month_ago = (datetime.now(UTC) - timedelta(days=30)).isoformat()
    _send(writer, _event(old, "i001", "like", at=month_ago), _event(new, "i001", "like"))
    scores = [
        {item["item_id"]: item["score"] for item in _lists(service, person)[0]["items"]}
        for person in (old, new)
    ]
    assert scores[0]["i003"] == pytest.approx(scores[1]["i003"] / 2, rel=1e-3)


def test_a_token_names_the_list_that_an_event_answers(
    service: Service, writer: httpx.Client, user: str
) -> None:
    key = (service.home / "secrets" / "session_key").read_text(encoding="utf-8").strip()
    token = Tokens(key).make(REQUEST, 1, "champion")
    _send(writer, _event(user, token=token, value=2.5), _event(user))
    attributed = [(event["request_id"], event["model_version"], event["variant"], event["value"])
                  for event in _stored(writer, user)]  # fmt: skip
    assert sorted(attributed, key=str) == [(REQUEST, 1, "champion", 2.5), (None, None, None, None)]
    assert UUID(REQUEST)


def test_events_are_listed_by_pages_newest_first(writer: httpx.Client, user: str) -> None:
    now = datetime.now(UTC)
    sent = [_event(user, at=(now - timedelta(hours=n)).isoformat()) for n in range(5)]
    _send(writer, *reversed(sent))
    found, cursor = [], {}
    for _ in range(3):
        page = writer.get(path_of(user, "events"), params={"limit": 2, **cursor}).raise_for_status().json()
        found += [event["event_id"] for event in page["events"]]
        cursor = {"cursor": page["next_cursor"]}
    assert found == [event["event_id"] for event in sent]
    assert page["next_cursor"] is None


def test_only_somebodys_own_events_are_deleted_and_only_once(writer: httpx.Client, user: str) -> None:
    event = _event(user)
    _send(writer, event)
    assert writer.delete(path_of("u001", "events", event["event_id"])).status_code == 404
    assert writer.delete(path_of(user, "events", event["event_id"])).status_code == 204
    assert writer.delete(path_of(user, "events", event["event_id"])).status_code == 404


def test_viewers_send_see_and_delete_their_own_events_alone(service: Service) -> None:
    with service.client() as viewer:
        viewer.headers["Origin"] = service.url
        viewer.post("/api/v1/session", json={"user_id": "u003"}).raise_for_status()
        event, other = _event("u003"), _event("u004")
        refused = viewer.post("/api/v1/events", json={"events": [event, other]})
        assert refused.status_code == 403
        assert _stored(viewer, "u003") == []
        assert _send(viewer, event)["accepted"] == 1
        assert [stored["event_id"] for stored in _stored(viewer, "u003")] == [event["event_id"]]
        assert viewer.get(path_of("u004", "events")).status_code == 403
        assert viewer.delete(path_of("u003", "events", event["event_id"])).status_code == 204


@pytest.mark.parametrize(("scope", "status"), [(None, 401), ("read", 403), ("write", 200)])
def test_sending_needs_the_scope_write(service: Service, user: str, scope: str | None, status: int) -> None:
    with service.client(scope) as client:
        answer = client.post("/api/v1/events", json={"events": [_event(user)]})
    assert answer.status_code == status


def test_ids_of_any_character_are_taken(writer: httpx.Client) -> None:
    event_id, user = "a/b %2F ?#\n🎬", "x/y % 🎬"
    _send(writer, {**_event(user), "event_id": event_id})
    assert [event["event_id"] for event in _stored(writer, user)] == [event_id]
    assert writer.delete(path_of(user, "events", event_id)).status_code == 204


def test_events_are_counted_by_kind_and_outcome(service: Service, writer: httpx.Client, user: str) -> None:
    event = _event(user, kind="play")
    _send(writer, event)
    _send(writer, event, _event(user, kind="blink"))
    figures = writer.get("/metrics").text
    assert 'marquee_events_total{kind="play",outcome="accepted"}' in figures
    assert 'marquee_events_total{kind="play",outcome="duplicate"}' in figures
    assert 'marquee_events_total{kind="(other)",outcome="refused"}' in figures
    assert "blink" not in figures


def test_somebody_who_has_done_something_with_everything_gets_an_empty_list(
    service: Service, writer: httpx.Client, user: str
) -> None:
    player, rater = f"{user}, a player", f"{user}, a rater"
    _send(writer, *(_event(player, f"i0{row:02}", "play") for row in range(20)))
    for row in range(20):
        writer.put(path_of(rater, "ratings", f"i0{row:02}"), json={"rating": 3}).raise_for_status()
    for person in (player, rater):
        for listed in _lists(service, person):
            assert (listed["known"], listed["items"]) == (True, [])
