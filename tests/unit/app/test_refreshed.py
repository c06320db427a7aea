"""When what is computed from everybody's data is computed again."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest
from app.serving.refreshed import LEAST_SECONDS, Refreshed


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test that awaits."""

    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


class Source:
    """Something to be computed from, a clock, and how often it was."""

    def __init__(self) -> None:
        self.revision, self.now, self.cost, self.made = 0, 100.0, 0.0, 0
        self.may_end = threading.Event()
        self.may_end.set()
        self.refreshed = Refreshed(self._make, lambda: self.revision, lambda: self.now)

    def _make(self) -> int:
        self.may_end.wait(5)
        self.made += 1
        self.now += self.cost
        return self.revision


@in_a_loop
async def test_it_is_made_once_while_nothing_changes() -> None:
    source = Source()
    assert [await source.refreshed.get() for _ in range(3)] == [0, 0, 0]
    source.now += 1000.0
    assert await source.refreshed.get() == 0
    assert source.made == 1


@in_a_loop
async def test_a_change_shows_when_the_last_making_is_seconds_ago() -> None:
    source = Source()
    await source.refreshed.get()
    source.revision = 1
    source.now += LEAST_SECONDS - 0.1
    assert await source.refreshed.get() == 0
    source.now += 0.1
    assert await source.refreshed.get() == 1


@in_a_loop
async def test_nobody_waits_for_what_takes_long_once_there_is_something() -> None:
    source = Source()
    source.cost = 1.0
    await source.refreshed.get()
    source.revision, source.now = 1, source.now + 100.0
    source.may_end.clear()
    assert await source.refreshed.get() == 0
    source.may_end.set()
    while source.made < 2:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert await source.refreshed.get() == 1


@in_a_loop
async def test_what_takes_long_is_made_a_twentieth_of_the_time_at_most() -> None:
    source = Source()
    source.cost = 1.0
    await source.refreshed.get()  # from 100 to 101
    source.revision, source.now = 1, 119.9
    await source.refreshed.get()
    assert source.refreshed._making is None
    source.now = 120.0
    await source.refreshed.get()
    assert source.refreshed._making is not None


@in_a_loop
async def test_all_who_ask_first_wait_for_one_making() -> None:
    source = Source()
    source.may_end.clear()
    asking = [asyncio.create_task(source.refreshed.get()) for _ in range(5)]
    await asyncio.sleep(0.05)
    asking[0].cancel()  # a client that goes does not take it from the others
    source.may_end.set()
    assert await asyncio.gather(*asking[1:]) == [0] * 4
    assert source.made == 1


@in_a_loop
async def test_a_failure_is_told_to_who_asked_and_the_next_one_tries_again() -> None:
    fails = [True]

    def make() -> str:
        if fails.pop():
            raise ValueError("not yet")
        fails.append(False)
        return "made"

    fails.insert(0, False)
    refreshed = Refreshed(make, lambda: 0)
    with pytest.raises(ValueError, match="not yet"):
        await refreshed.get()
    assert await refreshed.get() == "made"
