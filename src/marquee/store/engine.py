"""Connecting to Postgres and bringing its schema up to date."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg2.errors import DeadlockDetected, LockNotAvailable, QueryCanceled, SerializationFailure
from psycopg2.extensions import ConnectionInfo
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from marquee.domain.errors import Unavailable

MIGRATIONS = Path(__file__).with_name("migrations")
_BUSY = (QueryCanceled, LockNotAvailable, DeadlockDetected, SerializationFailure)
_MIGRATION_LOCK = 7_205_759_403  # any number that nothing else in this database locks


def connect(
    url: str,
    *,
    application_name: str,
    pool_size: int = 5,
    pool_seconds: float = 5,
    statement_timeout_ms: int = 0,
) -> Engine:
    """An engine for one process.

    Args:
        url: `postgresql+psycopg2://…`, as `Settings.database()` gives it.
        application_name: how the process is called in `pg_stat_activity`.
        pool_size: connections at most.
        pool_seconds: how long a further caller waits for one of them.
        statement_timeout_ms: a statement that runs longer is cancelled; 0 lets it run.
    """
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_seconds,
        pool_pre_ping=True,
        connect_args={
            "application_name": application_name,
            "connect_timeout": 3,
            "keepalives_idle": 10,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "options": f"-c statement_timeout={statement_timeout_ms} -c timezone=UTC",
        },
    )


def migrate(engine: Engine, to: str = "head") -> None:
    """Bring the schema up to a revision, the newest by default; two processes may call it at once."""
    from alembic import command  # half a second and 15 MB, which no service has a use for
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        connection.commit()
        try:
            config.attributes["connection"] = connection
            command.upgrade(config, to)
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _MIGRATION_LOCK})
            connection.commit()


@contextmanager
def unavailable_when_away() -> Iterator[None]:
    """Turns a lost or refused connection, and a statement that others held up, into `Unavailable`."""
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        if isinstance(error, OperationalError) and isinstance(error.orig, _BUSY):
            raise Unavailable(
                "The database was too busy: something else, perhaps an import, holds what this needs.",
                hint="Try again in a moment.",
            ) from error
        raise Unavailable(
            "The database cannot be reached.", hint="Try again in a moment; see `marquee doctor`."
        ) from error


def connects_as(connection: Connection) -> dict[str, str]:
    """What `psycopg2.connect` takes for another session of the same kind; the password is among it."""
    known: ConnectionInfo = connection.connection.dbapi_connection.info  # type: ignore[union-attr]
    return known.dsn_parameters | ({"password": known.password} if known.password else {})


def end_session(connection: Connection, process_id: int, seconds: float) -> None:
    """End another session of this program.

    Args:
        process_id: of the session's process in Postgres; if it has ended already, all is well.
        seconds: that this waits at most.

    Raises:
        Unavailable: it goes on.
    """
    end = text(
        "SELECT pg_terminate_backend(pid, :milliseconds) FROM pg_stat_activity "
        "WHERE pid = :process_id AND pid <> pg_backend_pid() "
        "AND application_name = current_setting('application_name') AND usename = current_user"
    )
    values = {"process_id": process_id, "milliseconds": int(seconds * 1000)}
    if connection.scalar(end, values) is False:
        raise Unavailable("A session of the database goes on that should have ended.")


def waiting_for(engine: Engine, *, seconds: float) -> None:
    """Wait until the server takes connections; raises Unavailable when it does not within `seconds`."""
    from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed  # no worker needs it

    @retry(
        retry=retry_if_exception_type(OperationalError),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    def knock() -> None:
        with engine.connect():
            pass

    with unavailable_when_away():
        knock()
