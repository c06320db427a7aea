import dataclasses
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from marquee.stack.record import ProcessMark, StackRecord, end_leftovers


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_record_comes_back_as_it_was(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    mark = ProcessMark.of("MLflow", sleeper.pid)
    record = StackRecord(mark, {"database_url": "postgresql://marquee@127.0.0.1:1/marquee"}, (mark,))
    record.write(tmp_path / "stack.json")
    assert StackRecord.read(tmp_path / "stack.json") == record


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"supervisor": {"pid": 1}, "children": []}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "stack.json"
    path.write_text(content)
    assert StackRecord.read(path) is None


def test_no_record_is_none(tmp_path: Path) -> None:
    assert StackRecord.read(tmp_path / "stack.json") is None


def test_a_process_is_found_by_number_and_time(sleeper: "subprocess.Popen[bytes]") -> None:
    found = ProcessMark.of("sleep", sleeper.pid).find()
    assert found is not None
    assert found.pid == sleeper.pid


def test_a_later_process_of_the_same_number_is_another(sleeper: "subprocess.Popen[bytes]") -> None:
    mark = dataclasses.replace(ProcessMark.of("sleep", sleeper.pid), created=1_000_000_000.0)
    assert mark.find() is None
    assert not mark.end()
    assert sleeper.poll() is None


def test_leftovers_are_ended_and_the_record_goes(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    mark = ProcessMark.of("MLflow", sleeper.pid)
    gone = ProcessMark("gone", 2**22 + 1, 1_000_000_000.0)
    path = tmp_path / "stack.json"
    StackRecord(gone, {}, (gone, mark)).write(path)
    assert end_leftovers(path, tmp_path / "postgres") == ["MLflow"]
    assert sleeper.wait(5) == -signal.SIGTERM
    assert not path.exists()


def test_a_stale_postmaster_file_ends_nobody(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    (tmp_path / "postmaster.pid").write_text(f"{sleeper.pid}\n{tmp_path}\n")
    assert end_leftovers(tmp_path / "stack.json", tmp_path) == []
    assert sleeper.poll() is None
