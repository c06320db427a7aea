"""Slows down whoever guesses passwords."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from marquee.domain.errors import TooManyRequests

_MOST_ADDRESSES = 10_000


class Throttled(TooManyRequests):
    """Too many tries; `retry_after` seconds from now there may be another."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many failed sign-ins.", hint=f"Try again in {retry_after} s.")
        self.retry_after = retry_after


class Throttle:
    """At most `tries` failures an address within `seconds`; remembers the newest 10,000 addresses.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, *, tries: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._tries, self._seconds, self._clock = tries, seconds, clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        """Raises Throttled when the address has failed too often."""
        now = self._clock()
        with self._lock:
            failures = self._failures.get(address)
            if failures is None:
                return
            while failures and failures[0] <= now - self._seconds:
                failures.popleft()
            if len(failures) >= self._tries:
                raise Throttled(int(failures[0] + self._seconds - now) + 1)

    def failed(self, address: str) -> None:
        with self._lock:
            self._failures.setdefault(address, deque(maxlen=self._tries)).append(self._clock())
            self._failures.move_to_end(address)
            if len(self._failures) > _MOST_ADDRESSES:
                self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        with self._lock:
            self._failures.pop(address, None)
