"""The threads on which requests wait for Postgres, or compute for long; the queues for them are bounded."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from app import metrics
from marquee.domain.errors import TooManyRequests

MOST_WAITING = 64  # requests that wait for a thread; further ones are refused
COMPUTING_AT_ONCE = 2  # more would be no faster, and take the interpreter from whoever answers in a moment

P = ParamSpec("P")
T = TypeVar("T")


class Overloaded(TooManyRequests):
    """More is asked of this worker than it can do."""

    retry_after = 1

    def __init__(self) -> None:
        super().__init__("The service has more to do than it can.", hint="Try again in a moment.")


class Computing:
    """A few threads for what computes for long, so that it takes none from those that wait for Postgres.

    Args:
        name: of the queue, as in `marquee_requests_shed_total`.
    """

    def __init__(self, name: str) -> None:
        self.name, self.threads = name, CapacityLimiter(COMPUTING_AT_ONCE)

    async def run(self, function: Callable[P, T], *arguments: P.args) -> T:  # type: ignore[valid-type]
        """Call a function; raises Overloaded when too many wait already."""
        _require_room(self.threads, self.name)
        return await to_thread.run_sync(function, *arguments, limiter=self.threads)


def require_room() -> None:
    """Raises Overloaded when so many requests wait for a thread that another would wait too long."""
    _require_room(to_thread.current_default_thread_limiter(), "threads")


def _require_room(threads: CapacityLimiter, name: str) -> None:
    if threads.statistics().tasks_waiting >= MOST_WAITING:
        metrics.shed.labels(name).inc()
        raise Overloaded


async def in_thread(function: Callable[P, T], *arguments: P.args) -> T:  # type: ignore[valid-type]
    """Call a function that blocks; raises Overloaded when there are too many already."""
    require_room()
    return await to_thread.run_sync(function, *arguments)
