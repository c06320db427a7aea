"""The bell: every ring is counted, whoever rings."""

import multiprocessing
import threading
from pathlib import Path

from app.serving.bell import Bell


def test_what_one_rings_another_sees(tmp_path: Path) -> None:
    with Bell(tmp_path / "run" / "bell") as one, Bell(tmp_path / "run" / "bell") as other:
        one.ring()
        other.ring()
        assert (one.count(), other.count()) == (2, 2)


def test_the_count_outlives_those_who_rang(tmp_path: Path) -> None:
    with Bell(tmp_path / "bell") as bell:
        bell.ring()
    with Bell(tmp_path / "bell") as bell:
        assert bell.count() == 1


def _ring(path: Path, times: int) -> None:
    with Bell(path) as bell:
        threads = [threading.Thread(target=lambda: [bell.ring() for _ in range(times)]) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def test_no_ring_is_lost_between_threads_and_processes(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_ring, args=(tmp_path / "bell", 200)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    with Bell(tmp_path / "bell") as bell:
        assert bell.count() == 3 * 2 * 200
