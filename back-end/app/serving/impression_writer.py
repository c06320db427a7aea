"""A process that writes impressions for a worker, whose interpreter and core it leaves alone meanwhile.

The worker hands it a batch a line, as JSON, and is answered by a line. It ends after the worker, however that
ended, once it has written what it was handed. `python -m app.serving.impression_writer`
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import IO, Any, Self

import orjson
import psycopg2

from marquee.domain.errors import Unavailable
from marquee.store import impression_rows
from marquee.store.impression_rows import Impression
from marquee.training.process import describe_end

_COMMAND = (sys.executable, "-P", "-m", "app.serving.impression_writer")
_POSTGRES_SECONDS = 4.0  # that one exchange with Postgres may take
_ANSWER_SECONDS = 6.0  # that an answer may take: to start, too
_END_SECONDS = 1.0


class Refused(Exception):
    """Postgres answers, and says why it does not take a batch."""


class ImpressionWriter:
    """The process, as the worker sees it; made by `start`.

    Attributes:
        session: its session's process id in Postgres. To be ended by whoever wants to know whether a batch
            that failed is there; it may be written yet.
    """

    session: int

    def __init__(
        self, process: subprocess.Popen[bytes], answers: asyncio.StreamReader, questions: asyncio.StreamWriter
    ) -> None:
        self._process, self._answers, self._questions = process, answers, questions

    @classmethod
    async def start(cls, connection: Mapping[str, str]) -> Self:
        """Start the process.

        Args:
            connection: what `psycopg2.connect` takes, password included.

        Raises:
            Unavailable: it has no session.
        """
        try:
            ours, its = socket.socketpair()
            with its:
                process = await asyncio.to_thread(_popen, its.fileno())
            answers, questions = await asyncio.open_unix_connection(sock=ours)
        except OSError as error:
            raise Unavailable("The process that writes impressions cannot be started.") from error
        made = cls(process, answers, questions)
        try:
            made.session = await made._ask((connection, _POSTGRES_SECONDS))
        except BaseException:
            await made.kill()
            raise
        return made

    @property
    def end(self) -> str | None:
        """How it ended, if it has: "SIGKILL", "exit status 1"."""
        code = self._process.poll()
        return None if code is None else describe_end(code)

    def __str__(self) -> str:
        return f"The process that writes impressions ({self._process.pid})"

    async def write(self, rows: Sequence[Sequence[Any]], unheard: float) -> int:
        """Have a batch written; returns how many lists of it were.

        Args:
            rows: as `Impression`, but `at` in seconds since 1970.
            unheard: see `impression_rows.write`; in seconds.

        Raises:
            Unavailable: whether it counts is not known. The process has ended.
            Refused: it does not.
        """
        return await self._ask((unheard, rows))

    async def close(self) -> None:
        """Let it end, which it does at once when nothing is asked of it."""
        self._questions.close()
        try:
            await asyncio.to_thread(self._process.wait, _END_SECONDS)
        except subprocess.TimeoutExpired:
            await self.kill()

    async def kill(self) -> None:
        """End it now, whatever it is at."""
        self._process.kill()
        self._questions.close()
        with suppress(subprocess.TimeoutExpired):  # the kernel holds it: it ends when it is let go
            await asyncio.to_thread(self._process.wait, _END_SECONDS)

    async def _ask(self, question: object) -> int:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                self._questions.write(orjson.dumps(question) + b"\n")
                await self._questions.drain()
                answer = orjson.loads(await self._answers.readline())
        except (OSError, ValueError, RuntimeError) as error:
            # Too late, the socket broke (uvloop says so by RuntimeError), or it ended within a line.
            ended = self.end
            await self.kill()
            what = "does not answer, and was ended" if ended is None else f"has ended: {ended}"
            raise Unavailable(f"{self} {what}.") from error
        if "away" in answer:
            await self.kill()
            raise Unavailable(answer["away"])
        if "refused" in answer:
            raise Refused(answer["refused"])
        return int(answer["done"])


def _popen(end: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(_COMMAND, stdin=end, stdout=end)  # noqa: S603  the command is our own


def main() -> None:
    """Read lines from standard input and answer on standard output, until there are no more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # sent to a whole group of processes: what waits comes first
    for answer in _answers(_lines(sys.stdin.buffer)):
        with suppress(ConnectionError):  # the worker has died: what it handed over is written
            os.write(sys.stdout.fileno(), orjson.dumps(answer) + b"\n")


def _lines(questions: IO[bytes]) -> Iterator[bytes]:
    """Whole lines: the worker may have died within one, or have left an answer unread."""
    with suppress(ConnectionError):
        for line in questions:
            if line.endswith(b"\n"):
                yield line


def _answers(questions: Iterator[bytes]) -> Iterator[dict[str, int | str]]:
    first = next(questions, None)
    if first is None:
        return
    settings, seconds = orjson.loads(first)
    try:
        with _ended_after(seconds):
            connection = psycopg2.connect(**settings)
            connection.autocommit = True
            session = connection.cursor()
            impression_rows.prepare(session)
    except psycopg2.Error as error:
        yield {"away": _one_line(error)}
        return
    yield {"done": connection.info.backend_pid}
    for line in questions:
        try:
            unheard, rows = orjson.loads(line)
            shown = [Impression(datetime.fromtimestamp(at, UTC), *rest) for at, *rest in rows]
            with _ended_after(seconds):
                written = impression_rows.write(session, shown, timedelta(seconds=unheard))
        except Exception as error:  # of this batch, which is refused: the next may be well
            if connection.closed or isinstance(error, psycopg2.OperationalError):
                yield {"away": _one_line(error)}
                return
            yield {"refused": _one_line(error)}
        else:
            yield {"done": written}


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """The kernel ends this process if that takes too long: were Postgres to hang, it would never end."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def _one_line(error: Exception) -> str:
    said = " ".join(str(error).split())
    return said if isinstance(error, psycopg2.Error) else f"{type(error).__name__}: {said}"


if __name__ == "__main__":
    main()
