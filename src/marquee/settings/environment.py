"""Settings of a process: where its parts are. Every field is `MARQUEE_<NAME>` in the environment."""

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from marquee.domain.errors import ConfigurationError

PREFIX = "MARQUEE_"
TEST_PREFIX = "MARQUEE_TEST_"  # read by the tests alone
CHECKOUT = Path(__file__).resolve().parents[3]

Port = Annotated[int, Field(ge=1, le=65535)]


@dataclass(frozen=True, slots=True)
class MlflowConnection:
    """How to reach the MLflow server."""

    url: str
    username: str
    password: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that MLflow's own client reads."""
        return {
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_TRACKING_USERNAME": self.username,
            "MLFLOW_TRACKING_PASSWORD": self.password,
        }


class Settings(BaseSettings):
    """One process's settings; build it with `load_settings`, which explains what is wrong."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    home: Path = Field(CHECKOUT / "var", description="state folder: database, models, secrets, logs")
    configs_dir: Path = Field(CHECKOUT / "configs", description="params.yaml, serving.yaml, policy.yaml")
    data_dir: Path = Field(CHECKOUT / "data", description="raw/ and processed/ data sets")
    front_end_dir: Path = Field(CHECKOUT / "front-end" / "dist", description="the built web pages")
    secrets_dir: Path | None = Field(None, description="secret files; default: HOME/secrets")

    host: str = Field("127.0.0.1", description="the address that services listen on")
    port: Port = Field(8000, description="web pages and API")
    mlflow_port: Port = Field(5000, description="MLflow server")
    retraining_port: Port | None = Field(None, description="retraining service; default: 8100 or a free one")
    postgres_port: Port | None = Field(None, description="embedded PostgreSQL; default: a free one")
    workers: Annotated[int, Field(ge=1, le=64)] = Field(2, description="processes of the inference service")

    database_url: str | None = Field(None, description="postgresql://USER@HOST:PORT/NAME; default: embedded")
    mlflow_url: str | None = Field(None, description="default: the embedded server")
    mlflow_username: str = Field("marquee", description="the platform's account on the MLflow server")
    mlflow_allowed_hosts: str = Field(
        "localhost,localhost:*,127.0.0.1,127.0.0.1:*,mlflow,mlflow:5000",
        description="Host headers that the MLflow server answers",
    )

    allowed_hosts: str = Field(
        "",
        pattern=r"^[^/:]*$",
        description="more host names that web pages and API answer to, without ports, by commas; * for any",
    )
    profile_sign_in: Literal["open", "off"] = Field(
        "open", description="open: anybody may pick a profile in the web UI, with no password"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @property
    def secrets(self) -> Path:
        return self.secrets_dir or self.home / "secrets"

    @property
    def stack_file(self) -> Path:
        """What `marquee up` says of the stack that runs: `{"database_url", "mlflow_url", …}`."""
        return self.home / "run" / "stack.json"

    def secret(self, name: str) -> str:
        """The content of a secret file, without the line's end.

        Raises:
            ConfigurationError: the file is missing, unreadable or empty.
        """
        path = self.secrets / name
        try:
            value = path.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise ConfigurationError(
                f"The secret file {path} cannot be read ({error.strerror}).",
                hint="`marquee up` makes it; with Compose, the service `secrets` does.",
            ) from error
        if not value:
            raise ConfigurationError(
                f"The secret file {path} is empty.", hint="Delete it to have it made anew."
            )
        return value

    def database(self, name: str | None = None) -> str:
        """SQLAlchemy's URL of the database, password included; `name` picks another on the same server."""
        url = self.database_url or self._running("database_url", "MARQUEE_DATABASE_URL")
        parts = urlsplit(url)
        if parts.scheme.partition("+")[0] not in ("postgresql", "postgres") or not parts.hostname:
            raise ConfigurationError(
                "MARQUEE_DATABASE_URL is not the address of a PostgreSQL database.",
                hint="It looks like postgresql://marquee@127.0.0.1:5432/marquee.",
            )
        location = parts.netloc
        if parts.password is None:
            user, _, server = parts.netloc.rpartition("@")
            location = f"{user or 'marquee'}:{quote(self.secret('postgres_password'), safe='')}@{server}"
        path = f"/{name}" if name else parts.path
        return urlunsplit(("postgresql+psycopg2", location, path, parts.query, ""))

    def mlflow(self) -> MlflowConnection:
        """Where the MLflow server is and who the platform is to it.

        A setting wins; else the stack that runs says where; else it is looked for on the default port.
        """
        url = self.mlflow_url or self._running_mlflow() or f"http://127.0.0.1:{self.mlflow_port}"
        return MlflowConnection(url, self.mlflow_username, self.secret("mlflow_password"))

    def _running_mlflow(self) -> str | None:
        if "mlflow_port" in self.model_fields_set or not self.stack_file.exists():
            return None
        return self._running("mlflow_url", "MARQUEE_MLFLOW_URL")

    def _running(self, key: str, variable: str) -> str:
        try:
            value = json.loads(self.stack_file.read_text(encoding="utf-8"))[key]
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"No platform runs with its state in {self.home}.",
                hint=f"Start it with `make up`, or say with {variable} where it is.",
            ) from error
        except (KeyError, ValueError) as error:
            raise ConfigurationError(
                f"{self.stack_file} does not say {key}.", hint="Run `make up`."
            ) from error
        return str(value)


def load_settings(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read and check the settings.

    Args:
        environment: stands in for `os.environ`, whose `MARQUEE_*` names are checked.
        overrides: values that win over the environment.

    Raises:
        ConfigurationError: variables are unknown, or their values wrong; the message names them all.
    """
    source = os.environ if environment is None else environment
    given = {name: value for name, value in source.items() if name.startswith(PREFIX)}
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    unknown = [name for name in given if name not in known and not name.startswith(TEST_PREFIX)]
    values: dict[str, Any] = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in given.items()
        if name in known and value != ""
    }
    try:
        settings, wrong = Settings(**{**values, **overrides}), []
    except ValidationError as error:
        settings, wrong = None, error.errors()
    if settings is None or unknown:
        faults = [*(_unknown(name, known) for name in unknown), *(_wrong(each) for each in wrong)]
        raise ConfigurationError(" ".join(faults), hint=_KNOWN if unknown else "")
    return settings


_KNOWN = "docs/operations.md lists the settings there are."
_CLOSE = 0.7  # of 1: two letters changed places, one too many, one missing


def _unknown(name: str, known: set[str]) -> str:
    """Compared without the prefix, which all of them share."""
    names = [each.removeprefix(PREFIX) for each in sorted(known)]
    close = difflib.get_close_matches(name.removeprefix(PREFIX), names, n=1, cutoff=_CLOSE)
    return f"Unknown setting {name}." + (f" Did you mean {PREFIX}{close[0]}?" if close else "")


def _wrong(error: ErrorDetails) -> str:
    field = str(error["loc"][0])
    meaning = Settings.model_fields[field].description or field
    value = error.get("input")
    return f"{PREFIX}{field.upper()} is wrong: {error['msg']} (it is {value!r}). It means: {meaning}."
