"""Settings from the environment: a wrong or unknown one stops the start with one clear line."""

import json
from pathlib import Path

import pytest

from marquee.domain.errors import ConfigurationError
from marquee.settings import load_settings
from marquee.settings.environment import CHECKOUT


def test_an_unknown_variable_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(
        ConfigurationError, match=r"Unknown setting MARQUEE_PROT\. Did you mean MARQUEE_PORT\?"
    ):
        load_settings({"MARQUEE_PROT": "8001"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MARQUEE_PORT", "eighty"),
        ("MARQUEE_PORT", "0"),
        ("MARQUEE_PORT", "65536"),
        ("MARQUEE_WORKERS", "0"),
        ("MARQUEE_LOG_FORMAT", "xml"),
        ("MARQUEE_PROFILE_SIGN_IN", "maybe"),
    ],
)
def test_a_wrong_value_names_its_variable_and_itself(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is wrong") as caught:
        load_settings({name: value})

    assert value in str(caught.value)


def test_a_name_that_is_like_no_other_is_not_guessed_at() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"MARQUEE_COLOUR": "red"})
    assert str(caught.value).startswith("Unknown setting MARQUEE_COLOUR. docs/operations.md lists")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(
            {"MARQUEE_PROT": "1", "MARQUEE_COLOUR": "red", "MARQUEE_PORT": "x", "MARQUEE_WORKERS": "0"}
        )
    for name in ("MARQUEE_PROT", "MARQUEE_COLOUR", "MARQUEE_PORT is wrong", "MARQUEE_WORKERS is wrong"):
        assert name in str(caught.value)


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARQUEE_PORT", "")
    monkeypatch.setenv("MARQUEE_HOME", "")
    assert load_settings().port == 8000
    assert load_settings().home == CHECKOUT / "var"


def test_the_database_url_gets_its_password_from_the_secret_file(tmp_path: Path) -> None:
    (tmp_path / "postgres_password").write_text("p@ss/word\n")

    settings = load_settings(
        {"MARQUEE_DATABASE_URL": "postgresql://marquee@db:5432/marquee", "MARQUEE_SECRETS_DIR": str(tmp_path)}
    )

    assert settings.database() == "postgresql+psycopg2://marquee:p%40ss%2Fword@db:5432/marquee"
    assert settings.database("mlflow").endswith("@db:5432/mlflow")


def test_a_password_in_the_database_url_stands() -> None:
    settings = load_settings({"MARQUEE_DATABASE_URL": "postgresql://me:mine@db/marquee"})

    assert settings.database() == "postgresql+psycopg2://me:mine@db/marquee"


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not the address of a PostgreSQL"):
        load_settings({"MARQUEE_DATABASE_URL": "sqlite:///x.db"}).database()


def test_without_a_url_the_running_stack_says_where_the_database_is(tmp_path: Path) -> None:
    settings = load_settings({"MARQUEE_HOME": str(tmp_path)})
    with pytest.raises(ConfigurationError, match="No platform runs"):
        settings.database()

    settings.stack_file.parent.mkdir()
    settings.stack_file.write_text(
        json.dumps({"database_url": "postgresql://marquee@127.0.0.1:6000/marquee"})
    )
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "postgres_password").write_text("secret")

    assert settings.database() == "postgresql+psycopg2://marquee:secret@127.0.0.1:6000/marquee"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:5460"),
        ({"MARQUEE_MLFLOW_PORT": "5000"}, "http://127.0.0.1:5000"),
        ({"MARQUEE_MLFLOW_URL": "http://mlflow:5000"}, "http://mlflow:5000"),
    ],
)
def test_the_running_stack_says_where_mlflow_is_unless_a_setting_does(
    tmp_path: Path, given: dict[str, str], url: str
) -> None:
    settings = load_settings({"MARQUEE_HOME": str(tmp_path), **given})
    settings.secrets.mkdir()
    (settings.secrets / "mlflow_password").write_text("secret")
    settings.stack_file.parent.mkdir()
    settings.stack_file.write_text(json.dumps({"mlflow_url": "http://127.0.0.1:5460"}))

    assert settings.mlflow().url == url


def test_mlflow_is_looked_for_on_its_default_port_where_no_stack_runs(tmp_path: Path) -> None:
    (tmp_path / "mlflow_password").write_text("secret")
    settings = load_settings({"MARQUEE_HOME": str(tmp_path), "MARQUEE_SECRETS_DIR": str(tmp_path)})

    assert settings.mlflow().url == "http://127.0.0.1:5000"


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_missing_or_empty_secret_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "session_key").write_text(content)

    with pytest.raises(ConfigurationError, match="session_key"):
        load_settings({"MARQUEE_SECRETS_DIR": str(tmp_path)}).secret("session_key")
