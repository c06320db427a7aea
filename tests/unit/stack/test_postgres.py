"""How much of a machine the embedded PostgreSQL takes."""

from pathlib import Path

import psutil
import pytest

from marquee.stack import postgres
from marquee.stack.postgres import _buffer_megabytes, _memory, _wal_megabytes

GIB = 2**30


@pytest.mark.parametrize(("memory", "megabytes"), [(1, 256), (2, 256), (8, 1024), (24, 3072), (512, 4096)])
def test_buffers_are_an_eighth_of_the_memory_within_bounds(memory: int, megabytes: int) -> None:
    assert _buffer_megabytes(memory * GIB) == megabytes


@pytest.mark.parametrize(("free", "megabytes"), [(0, 512), (10, 1024), (500, 2048)])
def test_the_log_takes_a_tenth_of_the_free_disk_within_bounds(free: int, megabytes: int) -> None:
    assert _wal_megabytes(free * GIB) == megabytes


@pytest.mark.parametrize(("limit", "gib"), [("2147483648\n", 2), ("max\n", None), (None, None)])
def test_a_container_has_no_more_memory_than_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None, gib: int | None
) -> None:
    file = tmp_path / "memory.max"
    monkeypatch.setattr(postgres, "_CONTAINER_LIMIT", file)
    if limit is not None:
        file.write_text(limit)
    assert _memory() == (psutil.virtual_memory().total if gib is None else gib * GIB)
