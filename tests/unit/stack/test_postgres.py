"""How much of a machine the embedded PostgreSQL takes."""

import pytest

from marquee.stack.postgres import _buffer_megabytes, _wal_megabytes

GIB = 2**30


@pytest.mark.parametrize(("memory", "megabytes"), [(1, 256), (2, 256), (8, 1024), (24, 3072), (512, 4096)])
def test_buffers_are_an_eighth_of_the_memory_within_bounds(memory: int, megabytes: int) -> None:
    assert _buffer_megabytes(memory * GIB) == megabytes


@pytest.mark.parametrize(("free", "megabytes"), [(0, 512), (10, 1024), (500, 2048)])
def test_the_log_takes_a_tenth_of_the_free_disk_within_bounds(free: int, megabytes: int) -> None:
    assert _wal_megabytes(free * GIB) == megabytes
