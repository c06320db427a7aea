"""Child processes that rows are piped through: the worker moves bytes, and parses nothing."""

import asyncio
import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Self

from marquee.stack.privileges import die_with_parent

PIECE = 2**16  # bytes moved at once
_PIPE_BYTES = 2**20  # what a pipe holds, on Linux
_SET_PIPE_SIZE = 1031  # fcntl's F_SETPIPE_SZ
_TERM_SECONDS = 10.0
# Memory goes back to the system as soon as some rows are done with: allocators keep it for a next use, which
# may never be of that size. Where an operator has set these, that stands.
_LEAN = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",  # bytes; set, it does not grow
}
_LOOK_SECONDS = 0.02


class PipedChild:
    """A child process as an async context manager: it is gone when the context ends, however that comes.

    What it logs goes where this process's log goes. To be entered on the loop's thread: the kernel ends a
    child with the thread that started it.

    Args:
        module: what `python -m` runs.
        arguments: its arguments.
        reads: whether the child reads standard input.
        open_file: a file that the child inherits, under the same number.

    Attributes:
        output: its standard output.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        reads: bool = False,
        open_file: IO[bytes] | None = None,
    ) -> None:
        self._command = die_with_parent((sys.executable, "-P", "-m", module, *arguments), "KILL")
        self._reads, self._open_file = reads, open_file
        self.output = asyncio.StreamReader(limit=PIECE)

    async def __aenter__(self) -> Self:
        self._child = subprocess.Popen(  # noqa: S603  the command is our own
            self._command,
            stdin=subprocess.PIPE if self._reads else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=_LEAN | os.environ,
            pass_fds=() if self._open_file is None else (self._open_file.fileno(),),
        )
        if self._child.stdin is not None:
            os.set_blocking(self._child.stdin.fileno(), False)
            if sys.platform == "linux":
                fcntl.fcntl(self._child.stdin.fileno(), _SET_PIPE_SIZE, _PIPE_BYTES)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self.output), self._child.stdout
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close_input()
            self.terminate()
            await self._gone(_TERM_SECONDS)
        finally:
            self._child.kill()
            self._child.wait()
            self._transport.close()

    async def write(self, content: bytes) -> None:
        """Hand bytes to the child as it takes them.

        Raises:
            BrokenPipeError: it takes no more.
        """
        assert self._child.stdin is not None  # noqa: S101  it reads
        pipe = self._child.stdin.fileno()
        rest = memoryview(content)
        while rest:
            try:
                rest = rest[os.write(pipe, rest) :]
            except BlockingIOError:
                await _writable(pipe)

    def close_input(self) -> None:
        """Tell the child that this was all."""
        if self._child.stdin is not None:
            self._child.stdin.close()

    def terminate(self) -> None:
        """Ask the child to end, if it has not."""
        if self._child.poll() is None:
            self._child.terminate()

    async def exit_code(self) -> int:
        """How it ended, once it has closed its output."""
        await self._gone(_TERM_SECONDS)
        self._child.kill()
        return self._child.wait()

    async def _gone(self, seconds: float) -> None:
        """Wait until it has ended, but not for ever."""
        ends = asyncio.get_running_loop().time() + seconds
        while self._child.poll() is None and asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(_LOOK_SECONDS)


async def _writable(pipe: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(pipe, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(pipe)
