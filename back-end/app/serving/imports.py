"""Imports under way: bytes from a client into a child process, and what that says back."""

import asyncio
import logging
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson
from starlette.requests import ClientDisconnect

from app.serving.pipes import PIECE, PipedChild
from marquee.data.imports.job import ImportJob
from marquee.domain.errors import (
    ConfigurationError,
    DataError,
    InvalidInput,
    MarqueeError,
    TooManyRequests,
    Unavailable,
)

MOST_AT_ONCE = 2  # of a worker

logger = logging.getLogger("marquee.app.imports")

_ERRORS: dict[str, type[MarqueeError]] = {
    error.slug: error for error in (DataError, InvalidInput, Unavailable, ConfigurationError)
}
_END_OF_LINE = b"\n"
_STOPPED = 128 + signal.SIGTERM


class Place:
    """One of a few, as a context manager; it may be left before the context ends."""

    def __init__(self, taken: set["Place"]) -> None:
        self._taken = taken

    def __enter__(self) -> Self:
        self._taken.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        self._taken.discard(self)


class Places:
    """How many imports, or exports, there may be at once."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        self._most = most
        self._taken: set[Place] = set()

    def one(self) -> Place:
        """A place to take; raises TooManyRequests when there is none."""
        if len(self._taken) >= self._most:
            raise TooManyRequests(
                "Others of the kind are under way.", hint="Try again when one of them has ended."
            )
        return Place(self._taken)


class RunningImport:
    """One import, as an async context manager.

    Args:
        job: what to import; its spool is made here.
        body: the bytes as they come.
        places: how many imports there may be at once; this one leaves when its process has said all.
        folder: where the spool lies, a file without a name.

    Attributes:
        latest: what the child said last.
        over: whether it will say no more.
    """

    def __init__(self, job: ImportJob, body: AsyncIterator[bytes], places: "Places", folder: Path) -> None:
        self._job, self._body, self._places, self._folder = job, body, places, folder
        self._stack = AsyncExitStack()
        self._news = asyncio.Event()
        self._broken: BaseException | None = None
        self.latest: dict[str, Any] = {}
        self._done: dict[str, Any] = {}
        self.over = False

    async def __aenter__(self) -> Self:
        try:
            self._place = self._stack.enter_context(self._places.one())
            self._spool: IO[bytes] = self._stack.enter_context(_spool(self._folder))
            job = replace(self._job, spool=self._spool.fileno())
            child = PipedChild("marquee.data.imports", [job.dumps()], reads=True, open_file=self._spool)
            self._child = await self._stack.enter_async_context(child)
        except BaseException:
            await self._stack.aclose()
            raise
        self._tasks = [asyncio.create_task(self._feed()), asyncio.create_task(self._listen())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, asyncio.CancelledError | GeneratorExit) and not self.over:
            self._tell_of_break("the client hung up, or the worker ends")  # in the middle of its answer
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """The newest message whenever there is one; the last is the report.

        Raises:
            MarqueeError: what the import ended with; what was committed before stays.
            HTTPException: the client was too slow.
            ClientDisconnect: it hung up.
        """
        while True:
            await self._news.wait()
            self._news.clear()
            over = self.over  # as of this message: while it is sent, more may come
            is_report = self.latest.get("type") == "report"
            if over and not is_report:
                raise await self._failure()
            if self.latest and over == is_report:  # a report counts once its process has said all
                yield self.latest
            if over:
                return

    def rejects(self, start: int, end: int) -> Iterator[bytes]:
        """The bad rows between two places of the spool, as JSON objects a line, in pieces of whole lines."""
        while start < end:
            piece = os.pread(self._spool.fileno(), min(PIECE, end - start), start)
            piece = piece[: piece.rfind(_END_OF_LINE) + 1]
            start += len(piece)
            yield piece

    async def _feed(self) -> None:
        """Pump the body into the child; one that breaks off must not look like one that ends."""
        try:
            async for piece in self._body:
                await self._child.write(piece)
        except BrokenPipeError:
            return  # the child has ended, and has said why
        except BaseException as error:
            self._broken = error
            self._child.terminate()
            raise
        self._child.close_input()

    async def _listen(self) -> None:
        try:
            while line := await self._child.output.readline():
                self.latest = orjson.loads(line)
                if self.latest["type"] == "progress":
                    self._done = self.latest
                self._news.set()
        finally:
            self.over = True
            self._place.leave()
            self._news.set()

    @property
    def _kept(self) -> str:
        if not self._done:
            return ""
        return f"{self._done['rows']:,} rows, to line {self._done['line']:,}, were dealt with"

    def _tell_of_break(self, why: str) -> None:
        logger.warning("An import of %s broke off: %s. %s", self._job.kind, why, self._kept)

    async def _failure(self) -> BaseException:
        kept = self._kept
        if isinstance(self._broken, ClientDisconnect):
            self._tell_of_break("the client hung up")
        if self._broken is not None:
            return self._broken
        if self.latest.get("type") != "error":
            return await self._death(kept)
        kind = _ERRORS.get(self.latest["slug"], MarqueeError)
        hint = f"{self.latest['hint']} Before that, {kept}: sent again, they change nothing." if kept else ""
        return kind(self.latest["message"], hint=hint or self.latest["hint"])

    async def _death(self, kept: str) -> Exception:
        """What to say of a child that said nothing itself."""
        code = await self._child.exit_code()
        done = [f"{kept}."] if kept else []
        if code < 0 or code == _STOPPED:
            message = " ".join(("The import was stopped from outside.", *done))
            return Unavailable(message, hint="Send it again.")
        return RuntimeError(" ".join((f"The import of {self._job.kind} failed.", *done)))


def _spool(folder: Path) -> IO[bytes]:
    """A file that is gone with the last process that holds it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder, buffering=0)
    except OSError as error:
        raise Unavailable(f"There is no room to list bad rows ({error.strerror}).") from error
