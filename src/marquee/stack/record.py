"""`run/stack.json`: what a stack says of itself, and how the next start finds what a killed one left."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from marquee.stack.processes import kill_session
from marquee.stack.secrets import write_private

_SAME_SECONDS = 2.0  # the kernel's idea of the time of boot moves when the clock is set
_PATIENCE = 20.0  # seconds that a process left behind may take to end in good order


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """Tells a process from a later one with the same number.

    Attributes:
        name: what people call it.
        pid: its number.
        created: when it was made, in unix seconds.
        stop_signal: asks it to end in good order.
    """

    name: str
    pid: int
    created: float
    stop_signal: int = signal.SIGTERM

    @classmethod
    def of(cls, name: str, pid: int, stop_signal: int = signal.SIGTERM) -> "ProcessMark":
        """The mark of a process that runs; psutil.NoSuchProcess when it does not."""
        return cls(name, pid, psutil.Process(pid).create_time(), stop_signal)

    def find(self) -> psutil.Process | None:
        """The process, if it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < _SAME_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def end(self) -> bool:
        """End the process and its session; whether there was one."""
        process = self.find()
        if process is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(self.stop_signal)
            if not self.ends_within(_PATIENCE):
                process.kill()
                self.ends_within(_PATIENCE)
        kill_session(self.pid)
        return True

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end; False when it still runs."""
        deadline = time.monotonic() + seconds
        while self.find() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


@dataclass(frozen=True, slots=True)
class StackRecord:
    """The content of `run/stack.json`."""

    supervisor: ProcessMark
    addresses: dict[str, str]
    children: tuple[ProcessMark, ...] = ()

    @classmethod
    def read(cls, path: Path) -> "StackRecord | None":
        """The record; None when there is none, or none that can be read."""
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                supervisor=ProcessMark(**content.pop("supervisor")),
                children=tuple(ProcessMark(**child) for child in content.pop("children")),
                addresses={name: str(value) for name, value in content.items()},
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write(self, path: Path) -> None:
        """Write it; a reader sees the old or the new one, whole."""
        content = {
            **self.addresses,
            "supervisor": asdict(self.supervisor),
            "children": [asdict(child) for child in self.children],
        }
        write_private(path, json.dumps(content, indent=2) + "\n")


def end_leftovers(path: Path, data_folder: Path) -> list[str]:
    """End what a stack that was killed left running; its names. Call it while holding the state folder.

    Args:
        path: the record of that stack.
        data_folder: PostgreSQL's; its own `postmaster.pid` names its server, should the record not.
    """
    record = StackRecord.read(path)
    marks = list(reversed(record.children)) if record else []
    names = [mark.name for mark in marks if mark.end()]
    names += [mark.name for mark in _postmaster(data_folder) if mark.end()]
    path.unlink(missing_ok=True)
    return names


def _postmaster(data_folder: Path) -> Iterable[ProcessMark]:
    """The server that has the data folder as its working folder, as PostgreSQL's servers do."""
    try:
        pid = int((data_folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        cwd = psutil.Process(pid).cwd()
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
        return
    if pid != os.getpid() and Path(cwd) == data_folder.resolve():
        yield ProcessMark.of("PostgreSQL", pid, signal.SIGINT)
