"""The threads that wait for Postgres, and the queue for them, which is bounded."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import to_thread

from app import metrics
from marquee.domain.errors import TooManyRequests

MOST_WAITING = 64  # requests that wait for a thread; further ones are refused

P = ParamSpec("P")
T = TypeVar("T")


class Overloaded(TooManyRequests):
    """More is asked of this worker than it can do."""

    retry_after = 1

    def __init__(self) -> None:
        super().__init__("The service has more to do than it can.", hint="Try again in a moment.")


def require_room() -> None:
    """Raises Overloaded when so many requests wait for a thread that another would wait too long."""
    if to_thread.current_default_thread_limiter().statistics().tasks_waiting >= MOST_WAITING:
        metrics.shed.labels("threads").inc()
        raise Overloaded


async def in_thread(function: Callable[P, T], *arguments: P.args) -> T:  # type: ignore[valid-type]
    """Call a function that blocks; raises Overloaded when there are too many already."""
    require_room()
    return await to_thread.run_sync(function, *arguments)
