"""Two services on one database, as on two machines: no bell reaches from one to the other, the feed does."""

import time
from collections.abc import Callable, Iterator

import httpx
import numpy as np
import pytest

from marquee.stack.postgres import Server
from tests.support.service import Service, eventually, path_of, running_replica, running_service

CHANGES = 200
WITHIN = 0.1  # seconds


@pytest.fixture(scope="module")
def replicas(
    api_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, Service]]:
    """Each of one worker, both serving version 1."""
    homes = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    with running_service(homes[0], api_server, "replicas", MARQUEE_WORKERS="1") as first:
        first.deploy(1)
        with running_replica(homes[1], first) as second:
            for service in (first, second):
                eventually(lambda service=service: _is_ready(service), what="version 1")
            yield first, second


def _is_ready(service: Service) -> bool:
    with service.client() as client:
        return bool(client.get("/api/v1/health/ready").json()["model_version"] == 1)


def _ids(client: httpx.Client, user: str) -> list[str]:
    answer = client.get(path_of(user, "recommendations"), params={"n": 20}).raise_for_status()
    return [item["item_id"] for item in answer.json()["items"]]


def _rate(client: httpx.Client, user: str) -> None:
    client.put(path_of(user, "ratings", "i004"), json={"rating": 5}).raise_for_status()


def _take_back(client: httpx.Client, user: str) -> None:
    client.delete(path_of(user, "ratings", "i004")).raise_for_status()


def _play(client: httpx.Client, user: str) -> None:
    event = {"event_id": user, "kind": "play", "user_id": user, "item_id": "i004"}
    client.post("/api/v1/events", json={"events": [event]}).raise_for_status()


def _forget(client: httpx.Client, user: str) -> None:
    client.delete(path_of(user, "events", user)).raise_for_status()


Change = tuple[Callable[[httpx.Client, str], None], bool]
CYCLE: tuple[Change, ...] = ((_rate, False), (_take_back, True), (_play, False), (_forget, True))


def test_a_change_shows_in_the_lists_of_another_replica_within_100_ms(
    replicas: tuple[Service, Service],
) -> None:
    """Ratings, events and deletions; timed from the answer to the first list that shows it."""
    first, second = replicas
    seconds = []
    with first.client("write") as writer, second.client("read") as reader:
        for number in range(CHANGES):
            change, is_listed = CYCLE[number % len(CYCLE)]
            user = f"somebody {number // len(CYCLE)}"
            change(writer, user)
            answered = time.perf_counter()
            while ("i004" in _ids(reader, user)) != is_listed:
                assert time.perf_counter() - answered < 5, f"{change.__name__} of {user} does not show"
            seconds.append(time.perf_counter() - answered)
            assert ("i004" in _ids(writer, user)) == is_listed  # at home it shows at once
    assert np.quantile(seconds, 0.95) < WITHIN, np.round(np.sort(seconds)[-20:], 4)
    print(f"p50 {np.median(seconds) * 1e3:.1f} ms, p99 {np.quantile(seconds, 0.99) * 1e3:.1f} ms")
