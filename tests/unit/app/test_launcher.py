"""How the launcher waits for its workers."""

import os
import time
from multiprocessing import Pipe
from types import SimpleNamespace
from typing import Any, cast

from app.__main__ import OrDeath


def test_the_first_death_ends_the_wait_and_one_that_follows_does_not() -> None:
    """Else workers that cannot start would be made without pause."""
    sentinel, end = os.pipe()
    ends = Pipe()
    worker = SimpleNamespace(child_conn=ends[0], process=SimpleNamespace(sentinel=sentinel))
    event = OrDeath(cast("Any", SimpleNamespace(processes=[worker])))
    began = time.monotonic()
    assert not event.wait(0.05)
    assert time.monotonic() - began >= 0.05
    os.close(end)  # it has died
    assert not event.wait(60)
    assert time.monotonic() - began < 30
    worker.child_conn = ends[1]  # of its successor
    began = time.monotonic()
    assert not event.wait(0.2)
    assert time.monotonic() - began >= 0.2
    assert all(end.closed for end in ends)  # else whoever asks a dying worker would wait for its answer
    event.set()
    assert event.wait(60)
    os.close(sentinel)
