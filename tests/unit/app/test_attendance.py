"""How far all workers are is how far the last of those is that live."""

import socket
import struct
from pathlib import Path

import psutil
from app.serving.attendance import Attendance


def test_a_worker_counts_as_far_as_it_has_read(tmp_path: Path) -> None:
    attendance = Attendance(tmp_path / "read")
    attendance.has_read(0)
    assert (attendance.all_have_read(0), attendance.all_have_read(1)) == (True, False)
    attendance.has_read(5)
    assert (attendance.all_have_read(5), attendance.all_have_read(6)) == (True, False)


def test_nobody_is_waited_for_where_there_is_nobody(tmp_path: Path) -> None:
    assert Attendance(tmp_path / "none").all_have_read(1)


def test_a_worker_that_leaves_is_not_waited_for(tmp_path: Path) -> None:
    attendance = Attendance(tmp_path)
    attendance.has_read(1)
    attendance.leave()
    assert attendance.all_have_read(2)


def test_others_are_those_that_live(tmp_path: Path) -> None:
    attendance = Attendance(tmp_path)
    assert not attendance.others_are_there()
    attendance.has_read(5)
    _enter(tmp_path, 2**22 + 1, 0.0, 1)
    assert not attendance.others_are_there()
    parent = psutil.Process().parent()
    assert parent is not None
    _enter(tmp_path, parent.pid, parent.create_time(), 2)
    assert attendance.others_are_there()


def test_the_slowest_worker_decides(tmp_path: Path) -> None:
    attendance = Attendance(tmp_path)
    attendance.has_read(5)
    parent = psutil.Process().parent()
    assert parent is not None
    _enter(tmp_path, parent.pid, parent.create_time(), 2)
    assert (attendance.all_have_read(2), attendance.all_have_read(3)) == (True, False)


def test_a_worker_that_has_ended_is_not_waited_for(tmp_path: Path) -> None:
    """Neither where its number is free, nor where another process has it now."""
    attendance = Attendance(tmp_path)
    attendance.has_read(5)
    own = psutil.Process()
    _enter(tmp_path, own.pid, own.create_time() - 100, 1)
    _enter(tmp_path, 2**22 + 1, 0.0, 1)
    assert attendance.all_have_read(5)
    assert len(list(tmp_path.iterdir())) == 1


def _enter(folder: Path, pid: int, began: float, count: int) -> None:
    (folder / f"{socket.gethostname()}~{pid}~{began:.2f}").write_bytes(struct.pack("@Q", count))
