"""`marquee up`: the whole platform on one machine, from the state folder to `ready`."""

import contextlib
import os
import time
from pathlib import Path

from rich.console import Console

from marquee.domain.errors import ConfigurationError, Unavailable
from marquee.settings import Settings, check_configs
from marquee.stack import services
from marquee.stack.first_start import FirstStart, run_bootstrap
from marquee.stack.health import MODEL, complaints_of
from marquee.stack.home import held, is_held, prepare_home
from marquee.stack.interrupts import Interrupted, Interrupts
from marquee.stack.ports import LOOPBACK, free_port, preferred_port, require_free
from marquee.stack.postgres import ROLE, Cluster, Server
from marquee.stack.processes import Child
from marquee.stack.progress import Progress
from marquee.stack.record import ProcessMark, StackRecord, end_leftovers
from marquee.stack.secrets import POSTGRES_PASSWORD, ensure_secrets
from marquee.stack.supervisor import Supervisor

DATABASES = ("marquee", "mlflow", "mlflow_auth")
RETRAINING_PORT = 8100
DATA_FOLDER = "postgres"
STOP_SECONDS = 90.0
SETTLE_SECONDS = 6.0  # a service that is not quite well when it starts has this long to recover


def run(settings: Settings, console: Console, asked: FirstStart) -> int:
    """Start the platform, keep it running, and stop it when a signal comes.

    Returns:
        The exit status: 0 when it was stopped after it had been ready, 128 + the signal when before.

    Raises:
        MarqueeError: it could not start; whatever had started was stopped again.
    """
    settings = _absolute(settings)
    _check_own(settings)
    check_configs(settings.configs_dir)
    if not (settings.home / "run").exists():
        _check_ports(settings)  # before anything is created
    prepare_home(settings.home)
    progress = Progress(console)
    interrupts = Interrupts()
    try:
        with interrupts.caught(), held(settings.home):
            for name in end_leftovers(settings.stack_file, settings.home / DATA_FOLDER):
                progress.say(f"Ended {name}, which an earlier start had left running.")
            _check_ports(settings)
            settings = settings.model_copy(update={"postgres_port": settings.postgres_port or free_port()})
            _EmbeddedStack(settings, progress, console, interrupts).run(asked)
    except Interrupted as interrupted:
        return 128 + interrupted.number
    return 0


def stop(home: Path) -> bool:
    """Ask the `marquee up` of a state folder to stop, and wait until it has; False: none runs.

    Raises:
        Unavailable: it does not stop.
    """
    record = StackRecord.read(home / "run" / "stack.json")
    process = record.supervisor.find() if record and is_held(home) else None
    if record is None or process is None:
        return False
    process.terminate()
    if not record.supervisor.ends_within(STOP_SECONDS):
        raise Unavailable(
            f"Marquee (process {process.pid}) has not stopped within {STOP_SECONDS:.0f} s.",
            hint="Another `marquee down` hurries it.",
        )
    return True


class _EmbeddedStack:
    def __init__(
        self, settings: Settings, progress: Progress, console: Console, interrupts: Interrupts
    ) -> None:
        self._settings = settings
        self._progress = progress
        self._console = console
        self._interrupts = interrupts
        self._supervisor = Supervisor(_record(settings), settings.stack_file, progress.say)
        self._operator_password: str | None = None
        self._has_model = True

    def run(self, asked: FirstStart) -> None:
        """Start it, and keep it running until it is interrupted; Interrupted when that is before `ready`."""
        try:
            self._start(asked)
            self._announce()
            with contextlib.suppress(Interrupted):
                self._supervisor.watch()
        finally:
            self._stop()

    def _start(self, asked: FirstStart) -> None:
        self._start_database()
        mlflow = self._supervisor.start(services.mlflow_server(self._settings))
        with self._progress.step("Schema, data and model"):
            self._operator_password, self._has_model = run_bootstrap(
                self._settings, self._progress.say, self._supervisor.check_runs, asked
            )
        back_end = self._supervisor.start(services.back_end(self._settings, has_model=self._has_model))
        retraining = self._start_retraining()
        for child in (mlflow, back_end, retraining):
            self._await(child)

    def _start_database(self) -> None:
        settings = self._settings
        ensure_secrets(settings.secrets)
        cluster = Cluster.at(settings.home / DATA_FOLDER)
        with self._progress.step("PostgreSQL"):
            cluster.create(settings.secret(POSTGRES_PASSWORD))
            server = Server(_port(settings.postgres_port), settings.secret(POSTGRES_PASSWORD))
            log = settings.home / "logs" / "postgres.log"
            self._supervisor.start(cluster.child(server, log)).wait_ready()
            server.ensure_databases(*DATABASES)

    def _start_retraining(self) -> Child:
        """Its port is chosen late: a first start takes time, and another stack may take the usual one."""
        port = self._settings.retraining_port or preferred_port(RETRAINING_PORT)
        self._settings = self._settings.model_copy(update={"retraining_port": port})
        self._supervisor.publish("retraining_url", services.retraining_site(self._settings))
        return self._supervisor.start(services.retraining(self._settings))

    def _await(self, child: Child) -> None:
        with self._progress.step(child.spec.name):
            child.wait_ready()

    def _announce(self) -> None:
        for name, value in _summary(self._settings, self._operator_password).items():
            # Never wrapped or boxed: addresses and paths are there to be copied.
            self._console.print(f"{name + ':':<19}{value}", highlight=False, markup=False, soft_wrap=True)
        self._operator_password = None
        for complaint in self._complaints():
            self._progress.warn(f"Not all is well. {complaint}")
        started = f"Started in {self._progress.elapsed:.1f} s. Ctrl-C stops it."
        self._console.print(started, highlight=False, soft_wrap=True)
        self._console.print("ready", highlight=False)

    def _complaints(self) -> list[str]:
        """What is wrong with what serves. It has a moment: a damaged copy of the model is fetched again."""
        deadline = time.monotonic() + SETTLE_SECONDS
        besides = "" if self._has_model else MODEL  # that there is none has been said
        while complaints := complaints_of(services.ready_page(self._settings), besides=besides):
            self._supervisor.check_runs()
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
        return complaints

    def _stop(self) -> None:
        self._interrupts.begin_stop()
        if self._operator_password:  # it will not be shown again
            line = f"operator password: {self._operator_password}"
            self._console.print(line, highlight=False, soft_wrap=True)
        began = time.monotonic()
        self._console.print("Stopping …", highlight=False)
        self._supervisor.stop(self._interrupts)
        self._progress.done("Stopped", time.monotonic() - began)


def _summary(settings: Settings, password: str | None) -> dict[str, str]:
    return {
        "web pages": f"{services.site(settings)}/",
        "API": f"{services.site(settings)}/docs",
        "MLflow": f"{services.mlflow_site(settings)}/",
        "MLflow account": f"{settings.mlflow_username}, password in {settings.secrets / 'mlflow_password'}",
        "retraining": f"{services.retraining_site(settings)}/health/ready",
        "state": str(settings.home),
        "operator": "operator",
        "operator password": f"{password} (shown only now)" if password else "as shown at the first start",
    }


def _absolute(settings: Settings) -> Settings:
    """The settings with absolute paths: children run in other folders."""
    paths = {name: value.absolute() for name, value in settings if isinstance(value, Path)}
    return settings.model_copy(update=paths)


def _check_own(settings: Settings) -> None:
    for name in ("database_url", "mlflow_url"):
        if getattr(settings, name) is not None:
            raise ConfigurationError(
                f"MARQUEE_{name.upper()} is set, and `marquee up` runs a server of its own.",
                hint="Unset it, or start the services one by one, as docker-compose.yml does.",
            )


def _check_ports(settings: Settings) -> None:
    require_free(settings.port, "MARQUEE_PORT", "the web pages and the API", settings.host)
    require_free(settings.mlflow_port, "MARQUEE_MLFLOW_PORT", "MLflow", settings.host)
    if settings.retraining_port is not None:
        require_free(
            settings.retraining_port, "MARQUEE_RETRAINING_PORT", "the retraining service", settings.host
        )
    if settings.postgres_port is not None:
        require_free(settings.postgres_port, "MARQUEE_POSTGRES_PORT", "PostgreSQL")


def _port(port: int | None) -> int:
    if port is None:
        raise ValueError("the port was not chosen")
    return port


def _record(settings: Settings) -> StackRecord:
    database = f"postgresql://{ROLE}@{LOOPBACK}:{settings.postgres_port}/{DATABASES[0]}"
    return StackRecord(
        supervisor=ProcessMark.of("marquee up", os.getpid()),
        addresses={
            "database_url": database,
            "url": services.site(settings),
            "mlflow_url": services.mlflow_site(settings),
        },
    )
