"""Starts the MLflow server of a platform: tracking, registry and proxied artifacts, behind passwords.

    python mlflow_server/serve.py

It reads the platform's settings (`MARQUEE_*`, secret files), as every other service does. `mlflow server`
imports MLflow twice, in itself and in the process that serves, and keeps both: this serves in one process,
which starts in half the time and holds half the memory. What it sets is what `mlflow server --app-name
basic-auth --workers 1 --serve-artifacts` sets; MLflow's version is pinned for that reason.
"""

import os
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn  # before mlflow.server, which arms its host and origin checks when it sees a server loaded
from sqlalchemy.exc import SQLAlchemyError

from marquee.domain.errors import ConfigurationError, MarqueeError, Unavailable
from marquee.settings import Settings, load_settings
from marquee.store.engine import connect, waiting_for

if TYPE_CHECKING:
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
    from starlette.types import ASGIApp

STORE = "mlflow"
ACCOUNTS = "mlflow_auth"
SHORTEST_PASSWORD = 12  # MLflow's own rule
DATABASE_WAIT = 10.0  # seconds


def main() -> int:
    """Serve until a signal comes; returns the exit status."""
    try:
        settings = load_settings()
        prepare(settings)
        app = build_app(settings)
    except MarqueeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.mlflow_port,
        log_level=settings.log_level,
        access_log=False,
        timeout_graceful_shutdown=10,
    )
    return 0


def prepare(settings: Settings) -> None:
    """Write the accounts' configuration and set what MLflow reads from its environment while it is imported.

    Raises:
        ConfigurationError: a secret is missing or too short, or the state folder cannot be written.
        Unavailable: Postgres, or one of MLflow's two databases, cannot be reached.
    """
    password = _password(settings)
    for name in (STORE, ACCOUNTS):
        _await_database(settings, name)
    configuration = settings.home / "mlflow" / "auth.ini"
    write_accounts(configuration, settings.database(ACCOUNTS), settings.mlflow_username)
    os.environ.update(
        MLFLOW_AUTH_CONFIG_PATH=str(configuration),
        MLFLOW_AUTH_ADMIN_PASSWORD=password,
        MLFLOW_FLASK_SERVER_SECRET_KEY=settings.secret("mlflow_secret_key"),
        MLFLOW_SERVER_ALLOWED_HOSTS=settings.mlflow_allowed_hosts,
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
        MLFLOW_DISABLE_TELEMETRY="true",
        DO_NOT_TRACK="true",
        OPENBLAS_NUM_THREADS="1",  # nothing here multiplies matrices, and each thread has a buffer
    )


def build_app(settings: Settings) -> "ASGIApp":
    """The server's application, its databases migrated and the platform's account in place."""
    from mlflow.environment_variables import _MLFLOW_SGI_NAME
    from mlflow.exceptions import MlflowException
    from mlflow.server import auth, constants
    from mlflow.server.handlers import initialize_backend_stores

    database, artifacts = settings.database(STORE), "mlflow-artifacts:/"
    os.environ.update(
        {
            constants.BACKEND_STORE_URI_ENV_VAR: database,
            constants.REGISTRY_STORE_URI_ENV_VAR: database,
            constants.ARTIFACT_ROOT_ENV_VAR: artifacts,
            constants.ARTIFACTS_DESTINATION_ENV_VAR: str(_artifacts(settings)),
            constants.SERVE_ARTIFACTS_ENV_VAR: "true",
            _MLFLOW_SGI_NAME.name: "uvicorn",
        }
    )
    try:
        initialize_backend_stores(database, database, artifacts)
        app: ASGIApp = auth.create_app()
        _follow_password(auth.store, settings.mlflow_username, os.environ["MLFLOW_AUTH_ADMIN_PASSWORD"])
    except (MlflowException, SQLAlchemyError) as error:
        raise Unavailable(f"MLflow's databases cannot be used: {' '.join(str(error).split())}") from error
    return app


def write_accounts(path: Path, database: str, username: str) -> None:
    """Write the configuration of MLflow's accounts, readable by its owner alone: it holds a password.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    accounts = ConfigParser(interpolation=None)
    accounts["mlflow"] = {
        "default_permission": "READ",  # of accounts that an administrator adds
        "database_uri": database.replace("%", "%%"),  # MLflow reads the file with interpolation
        "admin_username": username,
        "authorization_function": "mlflow.server.auth:authenticate_request_basic_auth",
        # Without this each request costs a slow password hash, 50 to 500 ms.
        "auth_cache_ttl_seconds": "60",
    }
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with os.fdopen(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            accounts.write(file)
        part.replace(path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error.strerror}).",
            hint="MARQUEE_HOME must be a folder of this user's.",
        ) from error


def _await_database(settings: Settings, name: str) -> None:
    engine = connect(settings.database(name), application_name="marquee-mlflow")
    try:
        waiting_for(engine, seconds=DATABASE_WAIT)
    except Unavailable as error:
        reason = str(error.__cause__).partition("\n")[0]
        raise Unavailable(f"MLflow's database {name!r} cannot be reached: {reason}") from error
    finally:
        engine.dispose()


def _password(settings: Settings) -> str:
    password = settings.secret("mlflow_password")
    if len(password) < SHORTEST_PASSWORD:
        raise ConfigurationError(
            f"The secret mlflow_password is shorter than {SHORTEST_PASSWORD} characters, MLflow's least."
        )
    return password


def _artifacts(settings: Settings) -> Path:
    path = settings.home / "mlflow" / "artifacts"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be made ({error.strerror}).", hint="MARQUEE_HOME must be a folder of this user's."
        ) from error
    return path


def _follow_password(accounts: "SqlAlchemyStore", username: str, password: str) -> None:
    """Make the account's password the secret's, which MLflow itself reads only to make the account."""
    if not accounts.authenticate_user(username, password):
        accounts.update_user(username, password=password)


if __name__ == "__main__":
    sys.exit(main())
