"""A child process: started in a session of its own, watched, and ended with all that it started."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from marquee.domain.errors import Unavailable
from marquee.stack.privileges import die_with_parent

LARGEST_LOG = 10 * 2**20  # bytes
_POLL_SECONDS = 0.05
_TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run, and how to tell that it runs.

    Attributes:
        name: what people call it.
        command: its command line.
        log: where its output goes.
        is_ready: whether it serves; called often.
        environment: its whole environment; None: this process's.
        folder: its working folder.
        stop_signal: asks it to end in good order.
        start_seconds: how long it may take to be ready.
        stop_seconds: how long it may take to end before it is killed.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] | None = None
    folder: Path = Path("/")
    stop_signal: signal.Signals = signal.SIGTERM
    start_seconds: float = 120.0
    stop_seconds: float = 15.0


@dataclass(slots=True)
class Child:
    """A process made from a `ChildSpec`, which may be started again after it died.

    Start it from a thread that lives as long as it should: the kernel ends it with that thread.
    """

    spec: ChildSpec
    started_at: float = 0.0
    _log_start: int = field(default=0, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.spec.name} was not started")
        return self._process.pid

    def start(self) -> None:
        """Start the process; does not wait for it to be ready."""
        bound_log(self.spec.log)
        command = die_with_parent(self.spec.command, self.spec.stop_signal.name.removeprefix("SIG"))
        self._log_start = size_of(self.spec.log)
        with self.spec.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self.spec.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.spec.folder,
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    def exit_status(self) -> int | None:
        """The status it ended with (negative: the signal); None while it runs."""
        return self._process.poll() if self._process is not None else None

    def wait_ready(self) -> None:
        """Wait until it serves.

        Raises:
            Unavailable: it ended, or took longer than `start_seconds`; the message ends with its last words.
        """
        deadline = self.started_at + self.spec.start_seconds
        while True:
            is_ready = self.spec.is_ready()
            self.check_runs()  # in either case: it may be another program that answers
            if is_ready:
                return
            if time.monotonic() > deadline:
                raise self._failure(f"was not ready within {self.spec.start_seconds:.0f} s")
            time.sleep(_POLL_SECONDS)

    def check_runs(self) -> None:
        """Unavailable when it has ended; the message ends with its last words."""
        status = self.exit_status()
        if status is not None:
            raise self._failure(f"ended with {describe_status(status)}")

    def stop(self, is_hurried: Callable[[], bool] = lambda: False) -> None:
        """End it and what it started: asked first, killed after `stop_seconds`, or once `is_hurried()`."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(self.spec.stop_signal)
        deadline = time.monotonic() + self.spec.stop_seconds
        while process.poll() is None:
            if is_hurried() or time.monotonic() > deadline:
                process.kill()
            time.sleep(_POLL_SECONDS)
        kill_session(process.pid)

    def _failure(self, what: str) -> Unavailable:
        last_words = tail(self.spec.log, since=self._log_start)
        said = f"Its log, {self.spec.log}, ends with:\n{last_words}" if last_words else "It said nothing."
        return Unavailable(f"{self.spec.name} {what}.", hint=said)


def describe_status(status: int) -> str:
    """`exit status 1`, `signal SIGKILL`."""
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


def kill_session(leader: int) -> None:
    """Kill what is left of a session whose leader has ended.

    While a member lives the kernel gives the leader's number to no other process, so a session of this number
    is that session, or there is none.
    """
    for process in psutil.process_iter():
        try:
            if process.pid != leader and os.getsid(process.pid) == leader:
                process.kill()
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue  # it ended meanwhile


def bound_log(log: Path) -> None:
    """Keep a log below `LARGEST_LOG`: what it holds becomes `NAME.log.1`, and it starts anew.

    The file is copied and emptied, not renamed: its writer has it open, for appending.
    """
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)


def size_of(log: Path) -> int:
    """Its bytes; 0 when there is none yet."""
    return log.stat().st_size if log.exists() else 0


def tail(log: Path, since: int = 0) -> str:
    """The last lines of a log, of what was written behind byte `since`: where a program's run began."""
    size = size_of(log)
    start = since if since <= size else 0  # it was set aside meanwhile
    with log.open("rb") as file:
        file.seek(max(start, size - 8192))
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-_TAIL_LINES:])
