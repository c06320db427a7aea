"""Figures that count in place, in a file that others read."""

import multiprocessing
import threading
from pathlib import Path

import pytest
from app.reserved import DirectValue, ReservedDict
from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr(values, "MmapedDict", ReservedDict)
    return tmp_path


def _read(folder: Path, kind: str) -> dict[str, float]:
    """What another process finds, by the name of the figure."""
    (path,) = folder.glob(f"{kind}_*.db")
    found = MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]
    return {key.split('"')[3]: value for key, value, _, _ in found}


def _value(kind: str, name: str) -> DirectValue:
    return DirectValue(kind, name, name, (), (), "help")


def test_what_is_counted_stands_in_the_file_at_once(folder: Path) -> None:
    one, other = _value("at-once", "one"), _value("at-once", "other")
    one.inc(1)
    one.inc(2.5)
    other.inc(1)
    assert _read(folder, "at-once") == {"one": 3.5, "other": 1.0}
    assert one.get() == 3.5


def test_a_value_that_is_set_counts_on_from_there(folder: Path) -> None:
    value = _value("set", "gauge")
    value.set(7)
    value.inc(-2)
    assert (value.get(), _read(folder, "set")) == (5.0, {"gauge": 5.0})


def test_no_count_of_threads_is_lost(folder: Path) -> None:
    value = _value("threads", "counter")
    threads = [
        threading.Thread(target=lambda: [value.inc(1) for _ in range(20_000)] and None) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _read(folder, "threads") == {"counter": 80_000.0}


def test_values_made_before_the_file_grew_are_still_counted_in_it(folder: Path) -> None:
    first = _value("growing", "first")
    (path,) = folder.glob("growing_*.db")
    size, number = path.stat().st_size, 0
    while path.stat().st_size == size:
        last = _value("growing", f"{number:0500d}")
        number += 1
    first.inc(3)
    last.inc(4)
    found = _read(folder, "growing")
    assert (found["first"], found[f"{number - 1:0500d}"]) == (3.0, 4.0)


def test_after_a_fork_each_process_counts_in_files_of_its_own(folder: Path) -> None:
    first, second = _value("forked", "first"), _value("forked", "second")
    first.inc(5)

    def count() -> None:
        DirectValue.move()
        first.inc(1)
        second.inc(2)

    children = [multiprocessing.get_context("fork").Process(target=count) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
        found = MmapedDict.read_all_values_from_file(str(folder / f"forked_{child.pid}.db"))  # type: ignore[no-untyped-call]
        assert {key.split('"')[3]: value for key, value, _, _ in found} == {"first": 1.0, "second": 2.0}
    assert (first.get(), second.get()) == (5.0, 0.0)
