"""What computes for long: few at once, a queue with an end, and no place that is given away twice."""

import asyncio
import inspect
import threading

import pytest
from app.main import create_app
from app.serving.deadline import request_ends
from app.threads import COMPUTING_AT_ONCE, Computing, Overloaded
from fastapi.routing import APIRoute

from marquee.settings import load_settings


class _Work:
    """Holds its thread until it is let go; counts how many were at it at once."""

    def __init__(self) -> None:
        self.go, self.most, self._at, self._counting = threading.Event(), 0, 0, threading.Lock()

    def __call__(self) -> float | None:
        with self._counting:
            self._at += 1
            self.most = max(self.most, self._at)
        self.go.wait(10)
        with self._counting:
            self._at -= 1
        return request_ends.get()


def test_what_waits_too_long_gives_its_place_back_and_what_has_begun_keeps_its_thread() -> None:
    async def scenario() -> None:
        computing, work = Computing("tests", 6), _Work()
        late = [asyncio.create_task(asyncio.wait_for(computing.run(work), 0.05)) for _ in range(6)]
        await asyncio.wait(late)
        assert all(isinstance(task.exception(), TimeoutError) for task in late)
        more = [asyncio.create_task(computing.run(work)) for _ in range(6)]
        await asyncio.sleep(0.05)
        with pytest.raises(Overloaded):
            await computing.run(work)
        work.go.set()
        await asyncio.gather(*more)
        assert work.most == COMPUTING_AT_ONCE

    asyncio.run(scenario())


def test_a_computing_thread_knows_when_its_request_ends() -> None:
    async def scenario() -> float | None:
        work = _Work()
        work.go.set()
        request_ends.set(12.5)
        return await Computing("tests", 1).run(work)

    assert asyncio.run(scenario()) == 12.5


def test_no_dependency_takes_a_thread() -> None:
    """A plain function would wait for one among those that wait for Postgres, whatever its route does."""
    application = create_app(load_settings({}))
    waiting = [route.dependant for route in application.routes if isinstance(route, APIRoute)]
    assert len(waiting) > 30
    while waiting:
        dependant = waiting.pop()
        waiting += dependant.dependencies
        for dependency in dependant.dependencies:
            assert inspect.iscoroutinefunction(dependency.call), dependency.call
