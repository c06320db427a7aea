"""What a worker keeps in memory: bounded, and kept up to date with what other processes do."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx

from marquee.domain.columns import ITEM, RATING, TIME, USER
from marquee.domain.records import Event
from marquee.store import changes, events, items, ratings, users
from tests.support.ratings import frame_of
from tests.support.service import Service, eventually, path_of
from tests.support.world import world_items, world_users

NewService = Callable[..., Service]


def _ids(client: httpx.Client, user_id: str) -> list[str]:
    answer = client.get(path_of(user_id, "recommendations"), params={"n": 20}).raise_for_status().json()
    return [item["item_id"] for item in answer["items"]]


def test_histories_beyond_the_bound_are_read_when_they_are_asked_for(
    new_service: NewService, service: Service, tmp_path: Path
) -> None:
    """The lists are those of a service that has everything in memory, and ratings count at once."""
    (tmp_path / "serving.yaml").write_text("histories: {ratings_at_start: 20}")
    small = new_service(MARQUEE_CONFIGS_DIR=str(tmp_path), MARQUEE_WORKERS="1")
    small.deploy(1)
    eventually(lambda: small.client().get("/api/v1/health/ready").json()["status"] == "ready")
    with small.client("write") as client, service.client("read") as other:
        people = client.get("/api/v1/health/ready").json()["checks"]["catalogue"]["detail"]
        assert int(people.split(", ")[1].split()[0]) < 5
        for user_id in ("u033", "u034", "u035", "u036", "u037"):
            expected = _ids(other, user_id)
            assert _ids(client, user_id) == _ids(client, user_id) == expected
            client.put(path_of(user_id, "ratings", expected[0]), json={"rating": 5}).raise_for_status()
            assert expected[0] not in _ids(client, user_id)
        assert client.get(path_of("nobody", "recommendations")).json()["known"] is False
        client.put(path_of("nobody", "ratings", "i001"), json={"rating": 5}).raise_for_status()
        assert client.get(path_of("nobody", "recommendations")).json()["known"] is True


def test_events_count_among_what_memory_is_bounded_by(new_service: NewService, tmp_path: Path) -> None:
    """Two events a person fill it; whoever else is asked for is read then, with their events."""
    (tmp_path / "serving.yaml").write_text(
        "histories: {ratings_at_start: 4}\nfeedback: {kinds: {play: {weight: 0.5, seen: true}}}"
    )
    small = new_service(MARQUEE_CONFIGS_DIR=str(tmp_path), MARQUEE_WORKERS="1")
    people = [f"player {number}" for number in range(5)]
    batch = [
        Event(f"{person} {item}", "play", person, item, datetime.now(UTC))
        for person in people
        for item in ("i001", "i002")
    ]
    with small.engine.begin() as connection:
        events.add_many(connection, batch)
        changes.publish(connection, "events")  # everything is read again
    small.deploy(1)
    eventually(lambda: small.client().get("/api/v1/health/ready").json()["status"] == "ready")
    with small.client("write") as client:
        detail = client.get("/api/v1/health/ready").json()["checks"]["catalogue"]["detail"]
        eventually(lambda: _people_in_memory(client) == 2, what=f"two people in memory; {detail}")
        for person in people:
            assert not {"i001", "i002"} & set(_ids(client, person))
            assert len(_ids(client, person)) == 18
            client.delete(path_of(person, "events", f"{person} i001")).raise_for_status()
            assert "i001" in _ids(client, person)


def _people_in_memory(client: httpx.Client) -> int:
    detail = client.get("/api/v1/health/ready").json()["checks"]["catalogue"]["detail"]
    return int(detail.split(", ")[1].split()[0])


def test_what_another_process_loads_is_taken_in(new_service: NewService) -> None:
    service = new_service(MARQUEE_WORKERS="1")
    service.deploy(1)
    eventually(lambda: service.client().get("/api/v1/health/ready").json()["status"] == "ready")
    frame = frame_of(("u000", "i001", 4.0, 2_000_000_000 - 10), ("late", "brand new", 5.0, 1_700_000_000))
    with service.engine.begin() as connection:
        new = world_items().head(1).assign(**{ITEM: "brand new", "title": "Brand New"})
        items.upsert_frame(connection, new)
        users.upsert_frame(connection, world_users().head(1).assign(**{USER: "late"}))
        ratings.copy_in(connection, frame[[USER, ITEM, RATING, TIME]])

    with service.client("read") as client:
        eventually(lambda: "i001" not in _ids(client, "u000"), within=5)
        assert client.get("/api/v1/items", params={"q": "brand"}).json()["total"] == 1
        late = client.get(path_of("late", "recommendations")).json()
        assert late["known"] is True
        assert client.get("/api/v1/items/brand%20new/similar").json()["items"][0]["source"] == "category"


def test_what_many_people_did_at_once_counts_in_each_next_list_and_holds_nobody_up(
    new_service: NewService,
) -> None:
    """The last of a thousand is asked for before the worker can have read them all again."""
    service = new_service(MARQUEE_WORKERS="1")
    service.deploy(1)
    eventually(lambda: service.client().get("/api/v1/health/ready").json()["status"] == "ready")
    with service.client("write") as client:
        for number, kind in enumerate(("play", "dislike")):
            batch = [
                {"event_id": f"{kind} {n}", "kind": kind, "user_id": f"crowd {n}", "item_id": f"i00{number}"}
                for n in range(1000)
            ]
            client.post("/api/v1/events", json={"events": batch}).raise_for_status()
            for person in ("crowd 999", "crowd 0", "crowd 500"):
                # At once, but for a machine so busy that the feed is not read in a quarter of a second.
                eventually(
                    lambda person=person, number=number: f"i00{number}" not in _ids(client, person), within=5
                )
        client.put(path_of("u000", "ratings", "i001"), json={"rating": 4}).raise_for_status()
        eventually(lambda: "i001" not in _ids(client, "u000"), within=5)
