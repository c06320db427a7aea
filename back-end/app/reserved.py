"""Files for figures in which no write can fail.

The Prometheus client maps files into memory that have no blocks on disk yet. On a full disk the first write
into such a hole is answered with SIGBUS, which ends the process: to count requests must not do that.
"""

import logging
import os
import threading
from typing import Any, ClassVar

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.values import MultiProcessValue

logger = logging.getLogger("marquee.app")

_NUMBER_BYTES = 8  # to which the client aligns its numbers
_BYTES = 1 << 20  # of one kind of metric, of one worker: some 5,000 series


class ReservedDict(MmapedDict):
    """The client's dictionary, in a file whose blocks exist; where there is no room, in memory alone."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        super().__init__(filename if read_mode else _reserved(filename), read_mode)  # type: ignore[no-untyped-call]

    def cell(self, key: str) -> tuple["memoryview[float]", int]:
        """Where a figure stands: the file as 8-byte numbers, and its place among them.

        When the file grows it is mapped once more; what is written by the older map is in the same file.
        """
        self.read_value(key)  # type: ignore[no-untyped-call]  # makes it, where it is not there yet
        return memoryview(self._m).cast("d"), self._positions[key] // _NUMBER_BYTES


_MmapedValue: Any = MultiProcessValue()  # type: ignore[no-untyped-call]


class DirectValue(_MmapedValue):  # type: ignore[misc]  # the library has no types here
    """The client's value in such a file, which counts in place: a tenth of a microsecond instead of one.

    The client's own asks for the process and looks for the place each time, and a list counts seven times.
    After a fork, `move` must be called before anything is counted.
    """

    _all: ClassVar[list["DirectValue"]] = []

    def __init__(self, *arguments: Any, **facts: Any) -> None:
        super().__init__(*arguments, **facts)
        self._counting = threading.Lock()
        self._find()
        self._all.append(self)

    def _find(self) -> None:
        self._numbers, self._place = self._file.cell(self._key)

    @classmethod
    def move(cls) -> None:
        """Count in files of this process, which was forked from the one that made the values."""
        for value in cls._all:
            del value._numbers  # a file in use cannot be closed
        for value in cls._all:
            super(cls, value).get()  # the first that is asked has the client close and make the files
            value._find()

    def inc(self, amount: float) -> None:
        with self._counting:
            self._numbers[self._place] += amount

    def get(self) -> float:
        value: float = self._numbers[self._place]
        return value


def _reserved(filename: str) -> str:
    try:
        _reserve(filename)
    except OSError as error:
        logger.warning(
            "%s has no room (%s): this process's figures are not counted.", filename, error.strerror
        )
        memory = os.memfd_create("figures")
        os.truncate(memory, _BYTES)
        return f"/proc/self/fd/{memory}"
    return filename


def _reserve(filename: str) -> None:
    descriptor = os.open(filename, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.posix_fallocate(descriptor, 0, _BYTES)
    except OSError:
        os.unlink(filename)  # noqa: PTH108  a path of the client's, a text
        raise
    finally:
        os.close(descriptor)
