"""Files for figures in which no write can fail.

The Prometheus client maps files into memory that have no blocks on disk yet. On a full disk the first write
into such a hole is answered with SIGBUS, which ends the process: to count requests must not do that.
"""

import logging
import os

from prometheus_client.mmap_dict import MmapedDict

logger = logging.getLogger("marquee.app")

_BYTES = 1 << 20  # of one kind of metric, of one worker: some 5,000 series


class ReservedDict(MmapedDict):
    """The client's dictionary, in a file whose blocks exist; where there is no room, in memory alone."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        super().__init__(filename if read_mode else _reserved(filename), read_mode)  # type: ignore[no-untyped-call]


def _reserved(filename: str) -> str:
    try:
        _reserve(filename)
    except OSError as error:
        logger.warning(
            "%s has no room (%s): this worker's figures are not counted.", filename, error.strerror
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
