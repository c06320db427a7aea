"""What `marquee doctor` looks at: this machine, the state folder, and each part of the platform."""

import platform
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from sqlalchemy import Connection

from marquee.domain.counting import counted
from marquee.domain.errors import ConfigurationError, Conflict, CorruptBundle, MarqueeError, Unavailable
from marquee.models.bundle import Bundle
from marquee.settings import Settings, check_configs
from marquee.stack import services
from marquee.stack.health import complaints_of, status_of
from marquee.stack.home import LEAST_DISK, is_held
from marquee.stack.ports import require_free
from marquee.stack.postgres import find_programs
from marquee.stack.privileges import database_account
from marquee.stack.record import StackRecord
from marquee.store import alerts, audit_check, deployment, ratings, versions
from marquee.store.engine import connect, waiting_for

_ALERTS = 5  # as many are told


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what it is.
        ok: whether it is as it should be.
        detail: what was found, and, if it is wrong, what to do.
    """

    subject: str
    ok: bool
    detail: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one finding after the other."""
    runs = is_held(settings.home)
    yield _check("Python", _python)
    yield _check("configuration", lambda: _configuration(settings))
    yield _check("embedded PostgreSQL", lambda: _programs(settings))
    yield _check("disk", lambda: _disk(settings.home))
    yield _check("secrets", lambda: _secrets(settings.secrets))
    yield _check("front-end", lambda: _front_end(settings.front_end_dir))
    yield _check("model files", lambda: _bundles(settings.home / "bundles"))
    yield from _running(settings) if runs or settings.database_url else _at_rest(settings)


def _running(settings: Settings) -> Iterator[Finding]:
    yield _check("database", lambda: _database(settings))
    yield _check("deployed model", lambda: _champion(settings))
    yield _check("alerts", lambda: _alerts(settings))
    yield _check("audit", lambda: _audit(settings))
    record = StackRecord.read(settings.stack_file)
    addresses = record.addresses if record else {}
    site = addresses.get("url", services.site(settings))
    yield _check("inference service", lambda: _inference(f"{site}/api/v1/health/ready"))
    mlflow = addresses.get("mlflow_url", settings.mlflow().url)
    yield _check("MLflow", lambda: _service(f"{mlflow}/health", "mlflow"))
    retraining = addresses.get("retraining_url", services.retraining_site(settings))
    yield _check("retraining service", lambda: _service(f"{retraining}/health/ready", "retraining"))


def _at_rest(settings: Settings) -> Iterator[Finding]:
    yield Finding("platform", True, "it does not run; `make up` starts it")
    yield _check(f"port {settings.port}", lambda: _port(settings.port, "MARQUEE_PORT", settings.host))
    mlflow_port = settings.mlflow_port
    yield _check(f"port {mlflow_port}", lambda: _port(mlflow_port, "MARQUEE_MLFLOW_PORT", settings.host))


def _check(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except MarqueeError as error:
        return Finding(subject, False, str(error))


def _python() -> str:
    return f"{platform.python_version()} at {sys.executable}"


def _configuration(settings: Settings) -> str:
    check_configs(settings.configs_dir)
    return f"params.yaml, policy.yaml and serving.yaml in {settings.configs_dir} are sound"


def _programs(settings: Settings) -> str:
    programs = find_programs()
    folder = settings.home if settings.home.exists() else Path("/")
    account = database_account(programs / "postgres", folder)
    return f"{programs}, run as user {account.uid}"


def _disk(home: Path) -> str:
    folder = next(path for path in (home, *home.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if free < LEAST_DISK:
        raise ConfigurationError(f"{free // 2**20} MB free at {folder}.", hint="Make room.")
    return f"{free / 2**30:.1f} GB free at {folder}"


def _secrets(folder: Path) -> str:
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    loose = [file.name for file in files if stat.S_IMODE(file.stat().st_mode) & 0o007]
    if loose:
        raise ConfigurationError(
            f"Others may read {', '.join(loose)} in {folder}.", hint=f"chmod o= {folder}/*"
        )
    return f"{len(files)} in {folder}" if files else "none yet; the first start makes them"


def _front_end(folder: Path) -> str:
    if not (folder / "index.html").exists():
        raise ConfigurationError(
            f"The web pages are not built in {folder}.", hint="`make front-end` builds them."
        )
    return f"built in {folder}"


def _bundles(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir() if path.name.isdigit()) if folder.is_dir() else []
    damaged = [error for name in names if (error := _damage(folder / name))]
    if damaged:
        raise CorruptBundle(
            " ".join(damaged), hint="A damaged copy is fetched again when its version is to serve."
        )
    copies = counted(len(names), "local copy", "local copies")
    return f"{copies}, every hash right" if names else "no local copy yet"


def _damage(folder: Path) -> str | None:
    try:
        Bundle.open(folder)
    except CorruptBundle as error:
        return error.message
    return None


def _port(port: int, setting: str, host: str) -> str:
    require_free(port, setting, "Marquee", host)
    return "free"


@contextmanager
def _reading(settings: Settings) -> Iterator[Connection]:
    engine = connect(settings.database(), application_name="marquee-doctor")
    try:
        waiting_for(engine, seconds=5)
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _database(settings: Settings) -> str:
    with _reading(settings) as connection:
        return f"answers; {ratings.count(connection):,} ratings"


def _champion(settings: Settings) -> str:
    with _reading(settings) as connection:
        return champion_sound(connection)


def champion_sound(connection: Connection) -> str:
    """Which version serves; raises Unavailable if none does, Conflict if it is not one that should."""
    champion = deployment.get(connection).champion
    if champion is None:
        raise Unavailable(
            "No model is deployed.",
            hint="`marquee train` trains and deploys one; data first: `marquee data load`.",
        )
    found = versions.get(connection, champion)
    wrong = [] if found.state == "approved" else [f"it is {found.state}."]
    wrong += [f"it did not pass a gate: {gate['reason']}" for gate in found.gates if not gate["passed"]]
    if wrong:
        raise Conflict(
            f"Version {champion} serves, and {' And '.join(wrong)}",
            hint=f"`marquee models checklist {champion}` shows what it lacks; `marquee rollback` goes back.",
        )
    return f"version {champion}, approved"


def no_open_alert(connection: Connection) -> str:
    """That nothing waits for a person; raises Conflict with what does."""
    waiting = alerts.list_page(connection, limit=_ALERTS, only_open=True)
    if waiting:
        raise Conflict(
            " ".join(f"{alert.subject}, {alert.kind}: {alert.message}" for alert in waiting),
            hint="The operator's overview shows what may be done, and takes note that it is seen to.",
        )
    return "none is open"


def audit_whole(connection: Connection) -> str:
    """That no row of the audit was changed, taken out or cut off; raises Conflict with what was."""
    found = audit_check.check(connection)
    if not found.is_whole:
        raise Conflict(
            " ".join(found.faults),
            hint="Compare it with a backup; `marquee audit verify --head HASH` looks for one that you kept.",
        )
    return f"{counted(found.rows, 'row')}, whole"


def _audit(settings: Settings) -> str:
    with _reading(settings) as connection:
        return audit_whole(connection)


def _alerts(settings: Settings) -> str:
    with _reading(settings) as connection:
        return no_open_alert(connection)


def _inference(url: str) -> str:
    complaints = complaints_of(url)
    if complaints:
        raise Unavailable(f"{url}: {' '.join(complaints)}", hint="Its log is logs/back-end.log.")
    return f"{url} answers"


def _service(url: str, log: str) -> str:
    status = status_of(url)
    if status is None:
        raise Unavailable(f"{url} does not answer.", hint=f"Its log is logs/{log}.log in the state folder.")
    if status != HTTPStatus.OK:
        raise Unavailable(f"{url} answers {status}.", hint=f"Open it to see what is missing; logs/{log}.log.")
    return f"{url} answers"
