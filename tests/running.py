"""Real servers and whole stacks, as the fixtures in `conftest.py` start them."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from marquee.domain.errors import Unavailable
from marquee.settings.environment import CHECKOUT
from marquee.stack.health import answers
from marquee.stack.ports import free_port
from marquee.stack.postgres import Server
from marquee.stack.processes import Child, ChildSpec
from marquee.stack.secrets import ensure_secrets, write_private

MLFLOW_USERNAME = "marquee"


@dataclass(frozen=True)
class MlflowServer:
    """A running MLflow server; `env` makes `load_settings()` of a child find it and its database."""

    url: str
    username: str
    password: str
    home: Path
    env: Mapping[str, str]


@contextlib.contextmanager
def running_mlflow(home: Path, postgres: Server) -> Iterator[MlflowServer]:
    """MLflow, started as the platform starts it, on databases of a shared PostgreSQL."""
    port = free_port()
    ensure_secrets(home / "secrets")
    write_private(home / "secrets" / "postgres_password", postgres.password)
    postgres.ensure_databases("marquee", "mlflow", "mlflow_auth")
    environment = {
        **os.environ,
        "MARQUEE_HOME": str(home),
        "MARQUEE_DATABASE_URL": f"postgresql://marquee@127.0.0.1:{postgres.port}/marquee",
        "MARQUEE_MLFLOW_PORT": str(port),
    }
    url = f"http://127.0.0.1:{port}"
    child = Child(
        ChildSpec(
            name="MLflow",
            command=(sys.executable, str(CHECKOUT / "mlflow_server" / "serve.py")),
            log=home / "mlflow.log",
            is_ready=lambda: answers(f"{url}/health"),
            environment=environment,
            folder=home,
        )
    )
    child.start()
    try:
        child.wait_ready()
        password = (home / "secrets" / "mlflow_password").read_text(encoding="utf-8")
        yield MlflowServer(url, MLFLOW_USERNAME, password, home, environment)
    finally:
        child.stop()


@dataclass
class RunningStack:
    """`marquee up` with a state folder and ports of its own.

    Attributes:
        home: its state folder.
        env: the environment of its processes; give it to other `marquee` commands.
        lines: what it has printed.
        operator_password: known when this start was its first.
    """

    home: Path
    env: dict[str, str]
    lines: list[str] = field(default_factory=list)
    operator_password: str = ""
    _process: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    @classmethod
    def at(cls, home: Path, **variables: str) -> "RunningStack":
        """A stack that has not been started; `variables` are more of its environment."""
        parts = ("MARQUEE_PORT", "MARQUEE_MLFLOW_PORT", "MARQUEE_RETRAINING_PORT")
        ports = {name: str(free_port()) for name in parts}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")}
        return cls(home, {**inherited, **ports, "MARQUEE_HOME": str(home), **variables})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.env['MARQUEE_PORT']}"

    @property
    def mlflow_url(self) -> str:
        return f"http://127.0.0.1:{self.env['MARQUEE_MLFLOW_PORT']}"

    @property
    def mlflow_username(self) -> str:
        return MLFLOW_USERNAME

    @property
    def mlflow_password(self) -> str:
        return (self.home / "secrets" / "mlflow_password").read_text(encoding="utf-8")

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the stack was not started")
        return self._process.pid

    def start(self, *options: str, within: float = 240.0) -> None:
        """Run `marquee up` until it says `ready`; Unavailable, with all it said, when it does not."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "marquee", "up", *options],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        printed: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, args=(self._process, printed), daemon=True).start()
        deadline = time.monotonic() + within
        while (line := _next(printed, deadline)) is not None:
            self._keep(line)
            if line == "ready":
                return
        self.stop(signal.SIGKILL)
        raise Unavailable("The stack was not ready. It said:\n" + "\n".join(self.lines))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to `marquee up` and wait until it has ended; its exit status."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.wait(120)

    def _keep(self, line: str) -> None:
        self.lines.append(line)
        name, _, value = line.partition(":")
        if name == "operator password" and "shown only now" in value:
            self.operator_password = value.split()[0]

    @staticmethod
    def _read(process: "subprocess.Popen[str]", printed: "queue.Queue[str | None]") -> None:
        """To the end, so that the stack never waits for a reader."""
        if process.stdout is not None:
            for line in process.stdout:
                printed.put(line.rstrip("\n"))
        printed.put(None)


def _next(lines: "queue.Queue[str | None]", deadline: float) -> str | None:
    """The next line; None at the end, or when there is none until the deadline."""
    try:
        return lines.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        return None
