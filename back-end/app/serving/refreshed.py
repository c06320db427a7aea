"""What is computed from everybody's data, off the event loop, and kept until the data have changed."""

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

LEAST_SECONDS = 2.0  # between two makings
LARGEST_SHARE = 0.05  # of the time may go into it
PATIENCE = 0.1  # seconds of a making that a request waits for, rather than take what is old


class Refreshed(Generic[T]):
    """One value that is made when it is first asked for, and again when what it is made from has changed.

    A change shows within `LEAST_SECONDS` where it is made quickly. Where that takes long it is made in the
    background, whoever asks meanwhile gets the last one, and it takes at most a twentieth of the time.

    Args:
        make: computes it; called on a thread, never twice at once.
        revision: tells what it would be made from; equal ones mean that nothing has changed.
    """

    def __init__(
        self,
        make: Callable[[], T],
        revision: Callable[[], Hashable],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make, self._revision, self._clock = make, revision, clock
        self._value: T | None = None
        self._made_from: Hashable = None
        self._seconds, self._next_at = 0.0, 0.0
        self._making: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """The value: as of now, or of a few seconds ago."""
        value = self._value
        if value is not None and (self._made_from == self._revision() or self._clock() < self._next_at):
            return value
        if self._making is None:
            self._making = asyncio.create_task(self._remake())
            self._making.add_done_callback(self._forget)
        if value is not None and self._seconds > PATIENCE:
            return value
        return await asyncio.shield(self._making)  # others may wait for the same one

    async def _remake(self) -> T:
        revision, began = self._revision(), self._clock()
        value = await asyncio.to_thread(self._make)
        self._value, self._made_from = value, revision
        self._seconds = self._clock() - began
        self._next_at = began + max(LEAST_SECONDS, self._seconds / LARGEST_SHARE)
        return value

    def _forget(self, task: "asyncio.Task[T]") -> None:
        self._making = None
        if not task.cancelled():
            task.exception()  # whoever waits for it has been given it; nobody else needs it
