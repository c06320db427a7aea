"""A whole embedded stack to measure: started as a user starts it, watched until it is ready, and stopped."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from benchmarks.machine import CHECKOUT

_MARQUEE = (sys.executable, "-P", "-m", "marquee")
_START_SECONDS = 600.0
_STOP_SECONDS = 120.0


class StackFailed(RuntimeError):
    """The stack did not start or stop; the message ends with what it printed."""


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack that said `ready`.

    Attributes:
        home: its state folder.
        seconds: from the command to `ready`.
        process: the command's process.
        environment: the variables that make `marquee` talk to it.
    """

    home: Path
    seconds: float
    process: psutil.Process
    environment: Mapping[str, str]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the API."""
        return "127.0.0.1", int(self.environment["MARQUEE_PORT"])

    def marquee(self, *arguments: str) -> str:
        """Run a `marquee` command against the stack; returns what it printed."""
        command = (*_MARQUEE, *arguments)
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StackFailed(f"marquee {' '.join(arguments)} exited with {done.returncode}: {done.stderr}")
        return done.stdout

    def api_key(self, *scopes: str) -> str:
        """A new key of the API."""
        flags = [word for scope in scopes for word in ("--scope", scope)]
        name = f"benchmark {time.time_ns()}"  # a state folder may be measured more than once
        return str(json.loads(self.marquee("keys", "create", name, *flags, "--json"))["key"])

    def proportional_set_size(self) -> int:
        """Bytes of memory that all processes of the stack hold, each shared page counted once."""
        members = [self.process, *self.process.children(recursive=True)]
        return sum(int(member.memory_full_info().pss) for member in members)


@contextlib.contextmanager
def running(home: Path, *, workers: int = 2, overrule: bool = False) -> Iterator[RunningStack]:
    """This checkout's stack with its state in `home`; made ready to serve when `home` is new.

    It trains when it is asked to, and not whenever ratings have come: who measures something else would
    measure that, too.

    Args:
        overrule: whether who registers a model may deploy it past the gates.
    """
    settings = {"MARQUEE_HOME": str(home), "MARQUEE_WORKERS": str(workers)}
    configs = _configs(home.with_name(f"{home.name}-configs"), overrule=overrule)
    environment = _environment(**settings, MARQUEE_CONFIGS_DIR=str(configs))
    with _started((*_MARQUEE, "up"), CHECKOUT, environment, home) as stack:
        yield stack


@contextlib.contextmanager
def made(checkout: Path) -> Iterator[RunningStack]:
    """The stack of another checkout, by `make up`, with its state where it belongs."""
    environment = _environment()
    environment.pop("VIRTUAL_ENV", None)
    with _started(("make", "up"), checkout, environment, checkout / "var") as stack:
        yield stack


@contextlib.contextmanager
def _started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], home: Path
) -> Iterator[RunningStack]:
    """Run a command that starts a stack, until the context ends.

    Raises:
        StackFailed: it ended, or took longer than ten minutes, before it said `ready`.
    """
    log = home.with_name(home.name + ".log")
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await_ready(process, log, began)
        seconds = time.monotonic() - began
        yield RunningStack(home, seconds, psutil.Process(process.pid), environment)
    finally:
        _stop(process, log)


def _await_ready(process: subprocess.Popen[bytes], log: Path, began: float) -> None:
    while "ready" not in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if process.poll() is not None:
            raise StackFailed(f"It ended with status {process.returncode} before it was ready.\n{_tail(log)}")
        if time.monotonic() - began > _START_SECONDS:
            raise StackFailed(f"It was not ready within {_START_SECONDS:.0f} s.\n{_tail(log)}")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes], log: Path) -> None:
    """As Ctrl-C does: the signal goes to the whole foreground group, `make` included."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        raise StackFailed(f"It did not stop within {_STOP_SECONDS:.0f} s.\n{_tail(log)}") from error


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])


def _configs(folder: Path, *, overrule: bool) -> Path:
    """This checkout's, with another policy."""
    shutil.copytree(CHECKOUT / "configs", folder, dirs_exist_ok=True)
    policy = yaml.safe_load((folder / "policy.yaml").read_text(encoding="utf-8"))
    policy["triggers"] = {"cron": None, "new_ratings": None}
    policy["review"]["overrule"] = "allow" if overrule else "refuse"
    (folder / "policy.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    return folder


def _environment(**settings: str) -> dict[str, str]:
    """This process's environment without its Marquee settings, with ports that nobody listens on."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")}
    port, mlflow_port, retraining_port = _free_ports(3)
    ports = {
        "MARQUEE_PORT": str(port),
        "MARQUEE_MLFLOW_PORT": str(mlflow_port),
        "MARQUEE_RETRAINING_PORT": str(retraining_port),
    }
    return {**inherited, **ports, **settings}


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
