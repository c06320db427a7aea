"""The inference service as it really runs: `python -m app`, its workers, a PostgreSQL, bundles on disk."""

import contextlib
import os
import shutil
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
from sqlalchemy import Engine

from marquee.domain.errors import Unavailable
from marquee.stack.ports import free_port
from marquee.stack.postgres import Server
from marquee.stack.processes import Child, ChildSpec
from marquee.stack.secrets import ensure_secrets, write_private
from marquee.store import deployment, keys, operators
from marquee.store.engine import connect, migrate
from tests.support.world import load_world, record_version, write_world_bundle

OPERATOR_PASSWORD = "correct horse battery staple"
_TLS = ssl.create_default_context()  # unused, but a client makes its own otherwise, which takes long


@dataclass(frozen=True)
class Service:
    """A service with a database and a state folder of its own.

    Attributes:
        keys: an API key of each scope, by the scope's name.
        engine: the service's database.
        environment: of its processes; other commands find it with that.
    """

    home: Path
    url: str
    keys: dict[str, str]
    engine: Engine
    environment: dict[str, str]
    child: Child

    def client(self, scope: str | None = None) -> httpx.Client:
        """A client with the key of a scope, or with none."""
        headers = {} if scope is None else {"Authorization": f"Bearer {self.keys[scope]}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=_TLS)

    def on_every_worker(
        self, ask: Callable[[httpx.Client], httpx.Response], *, scope: str = "read", workers: int = 2
    ) -> dict[str, httpx.Response]:
        """Answers by worker: asks over new connections until each worker has answered."""
        answers: dict[str, httpx.Response] = {}
        deadline = time.monotonic() + 20
        while len(answers) < workers:
            if time.monotonic() > deadline:
                raise Unavailable(f"Only {len(answers)} of {workers} workers answered.")
            with self.client(scope) as client:
                response = ask(client)
            answers.setdefault(response.headers["x-marquee-worker"], response)
        return answers

    def deploy(self, version: int, *, without: str | None = None) -> None:
        """Make a new version the champion; its bundle is on this machine already."""
        write_world_bundle(self.home / "bundles" / str(version), without=without)
        self.promote(version, is_new=True)

    def promote(self, version: int, *, is_new: bool = False) -> None:
        """Make a version the champion, whether or not its bundle can be had."""
        with self.engine.begin() as connection:
            if is_new:
                record_version(connection, version)
            deployment.set_champion(
                connection,
                version,
                expected_revision=deployment.get(connection).revision,
                actor="test",
                action="promote",
                reason="a test",
                evidence={},
            )

    def serves(self, version: int | None) -> bool:
        """Whether every worker says that it serves this version."""
        answers = self.on_every_worker(lambda client: client.get("/api/v1/health/ready"))
        return all(answer.json()["model_version"] == version for answer in answers.values())

    def serves_alone(self, version: int | None) -> bool:
        """Whether the one worker says that it serves this version; not while it is away."""
        try:
            with self.client() as client:
                return bool(client.get("/api/v1/health/ready").json()["model_version"] == version)
        except httpx.TransportError:
            return False


def eventually(holds: Callable[[], bool], *, within: float = 30.0, what: str = "it") -> None:
    """Wait until something holds; Unavailable when it does not in time."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            raise Unavailable(f"{what} did not come to hold within {within:g} s.")
        time.sleep(0.05)


def path_of(user_id: str, *rest: str) -> str:
    """The path of a person's resource, every part percent-encoded."""
    return "/api/v1/users/" + "/".join(quote(part, safe="") for part in (user_id, *rest))


@contextlib.contextmanager
def running_service(home: Path, server: Server, database: str, **variables: str) -> Iterator[Service]:
    """The service on a new database that holds the world; nothing is deployed yet.

    Args:
        home: its state folder.
        server: where the database is made.
        variables: more of the service's environment.
    """
    engine, made_keys = _new_database(server, database)
    ensure_secrets(home / "secrets")
    (home / "secrets" / "postgres_password").unlink()
    write_private(home / "secrets" / "postgres_password", server.password)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **_inherited(),
        "MARQUEE_HOME": str(home),
        "MARQUEE_PORT": str(port),
        "MARQUEE_DATABASE_URL": f"postgresql://marquee@127.0.0.1:{server.port}/{database}",
        "MARQUEE_FRONT_END_DIR": str(home / "pages"),
        "MARQUEE_MLFLOW_URL": "http://127.0.0.1:9",  # nobody is there
        **variables,
    }
    try:
        with started_at(home, url, environment) as child:
            yield Service(home, url, made_keys, engine, environment, child)
    finally:
        engine.dispose()


@contextlib.contextmanager
def running_replica(home: Path, service: Service) -> Iterator[Service]:
    """Another service on the same database, as on another machine: its ports and state folder are its own."""
    for part in ("secrets", "bundles"):
        shutil.copytree(service.home / part, home / part)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**service.environment, "MARQUEE_HOME": str(home), "MARQUEE_PORT": str(port)}
    with started_at(home, url, environment) as child:
        yield Service(home, url, service.keys, service.engine, environment, child)


@contextlib.contextmanager
def started_at(home: Path, url: str, environment: dict[str, str]) -> Iterator[Child]:
    """The inference service as a process, alive; its end comes with the block's."""
    spec = ChildSpec(
        name="the service",
        command=(sys.executable, "-P", "-m", "app"),
        log=home / "service.log",
        is_ready=lambda: _is_alive(url),
        environment=environment,
        start_seconds=90,
    )
    child = Child(spec)
    child.start()
    try:
        child.wait_ready()
        yield child
    finally:
        child.stop()


def _new_database(server: Server, name: str) -> tuple[Engine, dict[str, str]]:
    server.ensure_databases(name)
    engine = connect(server.url(name), application_name="test")
    migrate(engine)
    with engine.begin() as connection:
        load_world(connection)
        operators.set_password(connection, "operator", OPERATOR_PASSWORD)
        made = {scope: keys.create(connection, scope, [scope]) for scope in keys.SCOPES}
    return engine, made


def _inherited() -> dict[str, str]:
    """This process's environment, without settings, and so that services may keep what they compile."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("MARQUEE_", "PYTHONDONT"))
    }


def _is_alive(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health/live", verify=_TLS).status_code == 200
    except httpx.TransportError:
        return False
