"""What one request may take: bytes, time for its body, time for its answer."""

import asyncio
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from app.serving.deadline import request_ends


@dataclass(frozen=True, slots=True)
class Allowance:
    """Limits of a kind of request.

    Attributes:
        body_bytes: of the whole body; None: any number.
        body_seconds: in which the body must have arrived; where it may last, each piece of it.
        answer_seconds: from when the body is there until the answer begins; threads that wait for Postgres
            on the request's behalf give up then too. None: the request lasts as long as it gets on.
    """

    body_bytes: int | None = 1_000_000
    body_seconds: float = 30.0
    answer_seconds: float | None = 10.0

    @property
    def lasts(self) -> bool:
        return self.answer_seconds is None


ORDINARY = Allowance()
LASTING = Allowance(body_bytes=None, answer_seconds=None)


class Traffic:
    """The requests of this worker that wait for their clients, and keep nobody else from anything."""

    def __init__(self) -> None:
        self.waiting = 0


class Limits:
    """The limits of one request, as a context manager around its handling.

    It raises TimeoutError when that took too long.

    Attributes:
        body_is_there: whether the whole body was received.
        answered: whether the answer has begun.
    """

    def __init__(self, allowance: Allowance, traffic: Traffic) -> None:
        self._allowed, self._traffic = allowance, traffic
        self._time = asyncio.timeout(None)
        self._bytes = 0
        self._body_ends: float | None = None
        self._under_way = False
        self.body_is_there = False
        self.answered = False

    @property
    def expired(self) -> bool:
        return self._time.expired()

    def receiving(self, receive: Receive) -> Receive:
        """`receive`, within the limits; once the body is there, waiting for the client to go has no end.

        Raises:
            HTTPException: 408, 413.
        """

        async def receive_within() -> Message:
            if self.body_is_there:
                return await receive()
            message = await self._piece(receive)
            if not message.get("more_body", False):
                self.body_is_there = True
                self._begin_to_answer()
            return message

        return receive_within

    def answering(self) -> None:
        """The answer has begun; from now on the client sets the pace."""
        self.answered = True
        if self._under_way and not self._time.expired():
            self._time.reschedule(None)

    async def _piece(self, receive: Receive) -> Message:
        self._time.reschedule(None)
        if self._body_ends is None or self._allowed.lasts:
            self._body_ends = asyncio.get_running_loop().time() + self._allowed.body_seconds
        message = await self._in_time(receive, self._body_ends)
        self._bytes += len(message.get("body", b""))
        if self._allowed.body_bytes is not None and self._bytes > self._allowed.body_bytes:
            raise HTTPException(413, headers={"Connection": "close"})
        return message

    async def _in_time(self, receive: Receive, ends: float) -> Message:
        self._traffic.waiting += 1
        try:
            async with asyncio.timeout_at(ends):
                return await receive()
        except TimeoutError as error:
            raise HTTPException(408, headers={"Connection": "close"}) from error
        finally:
            self._traffic.waiting -= 1

    def _begin_to_answer(self) -> None:
        seconds = self._allowed.answer_seconds
        if seconds is None:
            request_ends.set(None)  # a request sent behind another begins with the other's
        elif not self._time.expired():
            self._time.reschedule(asyncio.get_running_loop().time() + seconds)
            request_ends.set(time.monotonic() + seconds)

    async def __aenter__(self) -> Self:
        await self._time.__aenter__()
        self._under_way = True
        self._begin_to_answer()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._under_way = False
        await self._time.__aexit__(kind, error, trace)
