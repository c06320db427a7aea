"""Fixtures that the tests of every part share: a real PostgreSQL, a real MLflow, the whole stack.

They are started when the first test asks for them, and only once a session.
"""

import signal
import uuid
from collections.abc import Callable, Iterator

import pytest
from psycopg2 import sql
from sqlalchemy import Engine
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from marquee.stack import postgres as embedded
from marquee.stack.secrets import new_secret
from tests.running import MlflowServer, RunningStack, running_mlflow

TEMPLATE = "marquee_template"


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start: children of a shell's background job inherit that it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


ON_THE_STACK = ("e2e/", "tests/integration/stack/test_up.py")  # files whose tests share the fixture `stack`


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the whole stack comes first, and unit tests last: small ones fill the gaps at the end."""
    items.sort(key=lambda item: (not item.nodeid.startswith(ON_THE_STACK), "tests/unit/" in item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Test processes share the work by files, but one of them gets all that needs the stack."""

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "stack" if file.startswith(ON_THE_STACK) else file

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Server]:
    """An embedded PostgreSQL of the session's own; `.url(database)`, `.port`, `.password`."""
    folder = tmp_path_factory.mktemp("postgres")
    with embedded.running(folder / "data", folder / "postgres.log", new_secret()) as server:
        yield server


@pytest.fixture(scope="session")
def new_database(postgres: embedded.Server) -> Callable[[], str]:
    """Makes an empty, migrated database and returns its SQLAlchemy URL; cheap: a copy of a template."""
    from marquee.store.engine import connect, migrate

    postgres.ensure_databases(TEMPLATE)
    engine = connect(postgres.url(TEMPLATE), application_name="tests")
    migrate(engine)
    engine.dispose()  # a template with connections cannot be copied

    def make() -> str:
        name = f"test_{uuid.uuid4().hex[:12]}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with postgres.connection() as connection, connection.cursor() as cursor:
            cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        return postgres.url(name)

    return make


@pytest.fixture(scope="module")
def database_url(new_database: Callable[[], str]) -> str:
    """The SQLAlchemy URL of a migrated database of the test module's own."""
    return new_database()


@pytest.fixture(scope="module")
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the test module's database."""
    from marquee.store.engine import connect

    engine = connect(database_url, application_name="tests")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def mlflow_server(
    postgres: embedded.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MlflowServer]:
    """An MLflow server of the session's own; `.url`, `.username`, `.password`."""
    with running_mlflow(tmp_path_factory.mktemp("mlflow"), postgres) as server:
        yield server


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The whole platform, as `marquee up` starts it, with MovieLens 100K and its first model.

    `.url`, `.mlflow_url`, `.mlflow_username`, `.mlflow_password`, `.operator_password`, `.home`, `.env`.
    """
    stack = RunningStack.at(tmp_path_factory.mktemp("stack"))
    stack.start()
    yield stack
    stack.stop()
