"""How far each worker of this machine has read the change feed, for one that wants all to have read it.

A file a worker, of one number: what the bell counted when the worker last read the feed. Whoever finished an
import waits for all of them, so that its answer means: it shows, whichever worker is asked.
"""

import contextlib
import logging
import mmap
import os
import socket
import struct
from pathlib import Path

import psutil

logger = logging.getLogger("marquee.app.feed")

_COUNT = struct.Struct("@Q")  # native: eight bytes move at once


class Attendance:
    """The folder of those files, each named for its machine and process.

    Args:
        folder: made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own: mmap.mmap | None = None

    def has_read(self, count: int) -> None:
        """Say how far this worker is."""
        if self._own is None:
            self._own = self._enter()
        _COUNT.pack_into(self._own, 0, count)

    def leave(self) -> None:
        """This worker reads no more: nobody is to wait for it."""
        if self._own is not None:
            (self._folder / _name(psutil.Process())).unlink(missing_ok=True)

    def all_have_read(self, count: int) -> bool:
        """Whether every worker that lives is as far as that."""
        counts = map(_count_of, self._folder.glob(f"{socket.gethostname()}~*"))
        return all(read is None or read >= count for read in counts)

    def others_are_there(self) -> bool:
        """Whether another worker of this machine lives that has read the feed, and so has all in memory."""
        own = _name(psutil.Process())
        paths = self._folder.glob(f"{socket.gethostname()}~*")
        return any(path.name != own and _count_of(path) is not None for path in paths)

    def _enter(self) -> mmap.mmap:
        """A file with its block on disk: to write into a hole of a full disk would end the process (SIGBUS).

        Where there is no room, this worker counts for itself alone, and nobody waits for it.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / _name(psutil.Process())).open("wb+") as file:
                os.posix_fallocate(file.fileno(), 0, _COUNT.size)
                return mmap.mmap(file.fileno(), _COUNT.size)
        except OSError as error:
            logger.warning("%s has no room (%s): imports do not wait for this worker.", self._folder, error)
            return mmap.mmap(-1, _COUNT.size)


def _name(process: psutil.Process) -> str:
    """Of a worker's file; another process that is given the same number later began at another time."""
    return f"{socket.gethostname()}~{process.pid}~{process.create_time():.2f}"


def _count_of(path: Path) -> int | None:
    """What a worker has read; None for one that has ended, whose file goes."""
    with contextlib.suppress(psutil.NoSuchProcess, struct.error, FileNotFoundError):  # it just came, or went
        if _name(psutil.Process(int(path.name.split("~")[1]))) == path.name:
            count: int = _COUNT.unpack(path.read_bytes())[0]
            return count
    path.unlink(missing_ok=True)
    return None
