"""A training in a child process, which ends with its parent, however that ends."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


class TrainingProcess:
    """`python -m marquee.training …`, in a session of its own: a Ctrl-C at a terminal is its parent's matter.

    Start it from a thread that lives as long as the training should: the kernel ends it with that thread.

    Args:
        arguments: of the command.
        quiet: keep its steps off this process' output; errors come through.
    """

    def __init__(self, arguments: Sequence[str], *, quiet: bool = False) -> None:
        command = [sys.executable, "-P", "-m", "marquee.training", *arguments, "--parent", str(os.getpid())]
        self._process = subprocess.Popen(  # noqa: S603 - this very program
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else None,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_status(self) -> int | None:
        """The status it ended with (negative: the signal); None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait for its end; returns the status."""
        return self._process.wait()

    def stop(self, *, patience: float = 5.0) -> int:
        """Ask it to end, and after `patience` seconds make it; returns the status."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; exit at once if that has happened already.

    Linux only; elsewhere a training whose parent was killed runs to its end.
    """
    if not sys.platform.startswith("linux"):
        return
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(f"The parent process {parent} has ended.")


def describe_end(status: int) -> str:
    """`exit status 1`, `SIGKILL`."""
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"
