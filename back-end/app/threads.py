"""The threads on which requests wait for Postgres, or compute for long; the queues for them are bounded."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar, TypeVarTuple, Unpack

from anyio import to_thread

from app import metrics
from marquee.domain.errors import TooManyRequests

MOST_WAITING = 64  # requests that wait for a thread; further ones are refused
COMPUTING_AT_ONCE = 2  # more would take the interpreter from whoever answers in a moment

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


class Overloaded(TooManyRequests):
    """More is asked of this worker than it can do."""

    retry_after = 1

    def __init__(self) -> None:
        super().__init__("The service has more to do than it can.", hint="Try again in a moment.")


class Computing:
    """A few threads for what computes for long, so that it takes none from those that wait for Postgres.

    What has begun keeps its thread until it has ended, also when its request has been answered meanwhile, as
    for lateness: so no more than those few ever compute.

    Args:
        name: of the queue, as in `marquee_requests_shed_total`.
        most: requests at once, with those that wait; further ones are refused.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most, self._asked = name, most, 0
        self._threads = ThreadPoolExecutor(COMPUTING_AT_ONCE, f"computing-{name}")

    async def run(self, function: Callable[[Unpack[Arguments]], T], *arguments: *Arguments) -> T:
        """Call a function; raises Overloaded when there are too many already."""
        if self._asked >= self._most:
            metrics.shed.labels(self._name).inc()
            raise Overloaded
        self._asked += 1
        try:
            work = partial(copy_context().run, function, *arguments)
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._asked -= 1


def require_room() -> None:
    """Raises Overloaded when so many requests wait for a thread that another would wait too long."""
    if to_thread.current_default_thread_limiter().statistics().tasks_waiting >= MOST_WAITING:
        metrics.shed.labels("threads").inc()
        raise Overloaded


async def in_thread(function: Callable[[Unpack[Arguments]], T], *arguments: *Arguments) -> T:
    """Call a function that blocks; raises Overloaded when there are too many already."""
    require_room()
    return await to_thread.run_sync(function, *arguments)
