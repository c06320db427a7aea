"""`python -m app`: starts the workers, watches them, and hands signals on.

Every worker accepts connections from the same socket. A worker that dies is replaced; SIGTERM lets the
workers finish what they have begun.

To import the application is most of a worker's start, so the launcher imports it, once, and forks.
"""

import gc
import importlib
import math
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import threading
import time
from multiprocessing.connection import wait as wait_for_any
from pathlib import Path

import uvicorn
from uvicorn import _subprocess
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import SIGNALS

from app.connections import Protocol
from marquee.domain.errors import MarqueeError, PortInUse
from marquee.settings import Settings, load_serving, load_settings
from marquee.settings.logs import configure_logs

APPLICATION = "app.main"
METRICS_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
DRAIN_SECONDS = 12  # more than an answer may take: what has begun is finished
_KEEP_ALIVE_SECONDS = 65  # longer than a proxy in front keeps a connection, so that none is cut in use
_BACKLOG = 2048


class Workers(Multiprocess):
    """Uvicorn's would keep the socket open until the last worker is gone, while nobody takes from it.

    It also looks twice a second whether a worker has died; here its death ends the wait. And it starts each
    worker from nothing, where these are forked.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets=sockets)
        self.should_exit = OrDeath(self)

    def fork_from_now_on(self) -> None:
        """Have whoever starts a worker, here or in Uvicorn, fork it."""
        _subprocess.spawn = multiprocessing.get_context("fork")  # type: ignore[assignment]  # its one place
        os.register_at_fork(
            before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS),
            after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS),
            after_in_child=self._become_worker,
        )

    def _become_worker(self) -> None:
        """Leave what is the launcher's: its handlers of signals, and its ends of what it asks others by."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        for other in self.processes:
            other.parent_conn.close()
            other.child_conn.close()

    def terminate_all(self) -> None:
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


class OrDeath(threading.Event):
    """The supervisor's event, for which it waits between looks at its workers.

    The first death ends the wait; another that follows within that time does not, so that workers which
    cannot start are not made without pause.
    """

    def __init__(self, workers: Multiprocess) -> None:
        super().__init__()
        self._workers = workers
        self._last_death = -math.inf

    def wait(self, timeout: float | None = None) -> bool:
        for worker in self._workers.processes:
            worker.child_conn.close()  # a worker's own: else who asks a dying one would wait for 5 s
        if self.is_set() or (timeout is not None and time.monotonic() - self._last_death < timeout):
            return super().wait(timeout)
        if wait_for_any([worker.process.sentinel for worker in self._workers.processes], timeout):
            self._last_death = time.monotonic()
        return self.is_set()


def main() -> int:
    """Run until a signal comes; returns the exit status."""
    try:
        settings = load_settings()
        _check(settings)
        sockets = [_listen(settings.host, settings.port)]
    except MarqueeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    configure_logs(settings.log_level, settings.log_format)
    _prepare_environment(settings)
    workers = Workers(_config(settings), sockets=sockets)
    if sys.platform == "linux":  # elsewhere the system's libraries do not bear a fork
        _import_application()
        if len(list(Path("/proc/self/task").iterdir())) == 1:  # a fork copies one thread
            workers.fork_from_now_on()
    workers.run()
    return STARTUP_FAILURE if any(worker.exitcode == STARTUP_FAILURE for worker in workers.processes) else 0


def _check(settings: Settings) -> None:
    """Whatever is wrong with the settings is said here once, not by every worker for ever."""
    load_serving(settings.configs_dir / "serving.yaml")
    settings.database()
    settings.secret("session_key")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise PortInUse(
            f"The service cannot listen on {host}:{port} ({error.strerror}).",
            hint="Stop what holds the port, or choose another with MARQUEE_PORT.",
        ) from error
    listener.listen(_BACKLOG)
    listener.set_inheritable(True)
    return listener


def _prepare_environment(settings: Settings) -> None:
    # Replicas in containers may share the state folder; each then brings a metrics folder of its own.
    folder = Path(os.environ.get(METRICS_FOLDER_VARIABLE) or settings.home / "run" / "back-end-metrics")
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier run: its workers are gone
    folder.mkdir(parents=True)
    os.environ[METRICS_FOLDER_VARIABLE] = str(folder)
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # read when NumPy loads, so that no pool is ever made


def _import_application() -> None:
    """What all workers have in common, in pages that they share."""
    gc.disable()
    importlib.import_module(APPLICATION)
    gc.freeze()
    gc.enable()
    for path in Path(os.environ[METRICS_FOLDER_VARIABLE]).glob(f"*_{os.getpid()}.db"):
        path.unlink()  # the launcher counts nothing


def _config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        f"{APPLICATION}:create_worker_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_config=None,
        log_level=settings.log_level,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


if __name__ == "__main__":
    sys.exit(main())
