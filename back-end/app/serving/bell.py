"""The bell: a counter in a file that every worker of this machine maps into its memory.

Whoever commits a change rings it before answering. A request that reads from memory looks at the counter
first: when it is ahead of what the worker's change feed has read, the request waits for the feed. So a write
that was answered with a 2xx shows on every worker, and reads cost no query.
"""

import fcntl
import mmap
import os
import struct
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_COUNTER = struct.Struct("@Q")  # native: eight bytes move at once, so that no reader sees half a number


class Bell:
    """A shared counter of commits; it only grows.

    Args:
        path: the file; made when it is not there. A machine's workers share it, whatever their number.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(self._file).st_size < _COUNTER.size:
            os.posix_fallocate(self._file, 0, _COUNTER.size)  # a hole cannot be filled once the disk is full
        self._threads = threading.Lock()  # the lock on the file keeps processes apart, not threads
        self._memory = mmap.mmap(self._file, _COUNTER.size)

    def count(self) -> int:
        """How often the bell has been rung; costs no system call."""
        value: int = _COUNTER.unpack_from(self._memory)[0]
        return value

    def ring(self) -> None:
        """Say that something was committed.

        The lock keeps two processes from writing the same number, which would hide the second commit.
        """
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                _COUNTER.pack_into(self._memory, 0, self.count() + 1)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        self._memory.close()
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
