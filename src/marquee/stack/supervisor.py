"""Keeps the children of a stack running, and ends them in reverse order."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from marquee.stack.interrupts import Interrupts
from marquee.stack.processes import Child, ChildSpec, bound_log, describe_status, kill_session
from marquee.stack.record import ProcessMark, StackRecord

LONGEST_PAUSE = 30.0  # seconds between two starts of a child that keeps dying
STEADY_SECONDS = 60.0  # a child that ran this long starts again at once
_WATCH_SECONDS = 0.5
_LOG_CHECK_SECONDS = 30.0


def pause_before(start: int) -> float:
    """Seconds to wait before the nth start in a row (from 1): 1, 2, 4, … `LONGEST_PAUSE`."""
    return min(LONGEST_PAUSE, 2.0 ** (start - 1))


@dataclass(slots=True)
class _Watched:
    child: Child
    quick_deaths: int = 0
    start_again_at: float | None = None


class Supervisor:
    """The children of one stack.

    Args:
        record: where the processes are written down, for a start after this one was killed.
        record_path: `run/stack.json`.
        say: shows one line to the person at the terminal.
    """

    def __init__(self, record: StackRecord, record_path: Path, say: Callable[[str], None]) -> None:
        self._record = record
        self._record_path = record_path
        self._say = say
        self._watched: list[_Watched] = []
        self._record.write(record_path)

    def start(self, spec: ChildSpec) -> Child:
        """Start a child and keep it; does not wait for it to be ready."""
        child = Child(spec)
        self._watched.append(_Watched(child))
        child.start()
        self._write_record()
        return child

    def publish(self, name: str, address: str) -> None:
        """Add an address to the record."""
        self._record = replace(self._record, addresses={**self._record.addresses, name: address})
        self._record.write(self._record_path)

    def check_runs(self) -> None:
        """Unavailable when a child has ended: while the stack comes up, none may."""
        for watched in self._watched:
            watched.child.check_runs()

    def watch(self) -> NoReturn:
        """Start children again as they die, for ever; a signal's exception ends it."""
        logs_checked_at = time.monotonic()
        while True:
            for watched in self._watched:
                self._look_at(watched)
            if time.monotonic() - logs_checked_at > _LOG_CHECK_SECONDS:
                logs_checked_at = time.monotonic()
                for watched in self._watched:
                    bound_log(watched.child.spec.log)
            time.sleep(_WATCH_SECONDS)

    def stop(self, interrupts: Interrupts) -> None:
        """End the children, the last started first; a further signal makes it impatient."""
        for watched in reversed(self._watched):
            watched.child.stop(is_hurried=lambda: interrupts.hurry)
        self._record_path.unlink(missing_ok=True)

    def _look_at(self, watched: _Watched) -> None:
        status = watched.child.exit_status()
        if status is None:
            return
        now = time.monotonic()
        if watched.start_again_at is None:
            self._plan_start(watched, status, now)
        elif now >= watched.start_again_at:
            watched.start_again_at = None
            watched.child.start()
            self._write_record()

    def _plan_start(self, watched: _Watched, status: int, now: float) -> None:
        child = watched.child
        kill_session(child.pid)  # its own children would hold its port
        watched.quick_deaths = 0 if now - child.started_at > STEADY_SECONDS else watched.quick_deaths + 1
        pause = pause_before(watched.quick_deaths) if watched.quick_deaths else 0.0
        watched.start_again_at = now + pause
        self._say(
            f"{child.spec.name} ended with {describe_status(status)}; "
            f"starting it again in {pause:.0f} s (log: {child.spec.log})"
        )

    def _write_record(self) -> None:
        running = (watched.child for watched in self._watched if watched.child.exit_status() is None)
        marks = tuple(ProcessMark.of(c.spec.name, c.pid, c.spec.stop_signal) for c in running)
        self._record = replace(self._record, children=marks)
        self._record.write(self._record_path)
