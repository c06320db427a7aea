"""The MLflow server as the platform starts it: who gets in, under which names, and what a notebook can do."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from marquee.settings.environment import CHECKOUT
from marquee.stack.health import answers
from marquee.stack.ports import free_port
from marquee.stack.postgres import Server
from marquee.stack.processes import Child, ChildSpec
from marquee.stack.secrets import new_secret, write_private
from tests.running import MlflowServer

SEARCH = "/api/2.0/mlflow/experiments/search?max_results=5"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
CREATE = "/api/2.0/mlflow/experiments/create"

NOTEBOOK = """
import mlflow
mlflow.set_tracking_uri("http://{account}@{address}")
with mlflow.start_run(run_name="three lines"): mlflow.log_metric("rmse", 0.91)

run = mlflow.last_active_run()
mlflow.MlflowClient().log_text(run.info.run_id, "stars", "notes.txt")
print(mlflow.artifacts.load_text(run.info.artifact_uri + "/notes.txt"), run.data.metrics["rmse"])
"""


def _get(server: MlflowServer, path: str, *, password: str | None = None, **headers: str) -> httpx.Response:
    auth = (server.username, server.password if password is None else password)
    return httpx.get(server.url + path, auth=auth, headers=headers, trust_env=False)


def test_the_platforms_account_gets_in(mlflow_server: MlflowServer) -> None:
    assert _get(mlflow_server, SEARCH).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/", SEARCH, "/signup", "/api/2.0/mlflow-artifacts/artifacts", "/ajax-api/3.0/mlflow/assistant/config"],
)
def test_nobody_gets_in_without_a_password(mlflow_server: MlflowServer, path: str) -> None:
    assert httpx.get(mlflow_server.url + path, trust_env=False).status_code == 401


def test_a_wrong_password_does_not_get_in(mlflow_server: MlflowServer) -> None:
    assert _get(mlflow_server, SEARCH, password="wrong-password").status_code == 401


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "127.0.0.1:5000", "mlflow", "mlflow:5000"])
def test_it_answers_under_its_own_names(mlflow_server: MlflowServer, host: str) -> None:
    assert _get(mlflow_server, SEARCH, host=host).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "mlflow.evil.example", "localhost.evil.example:5000"])
def test_it_does_not_answer_under_foreign_names(mlflow_server: MlflowServer, host: str) -> None:
    assert _get(mlflow_server, SEARCH, host=host).status_code == 403


def test_a_foreign_page_cannot_change_anything(mlflow_server: MlflowServer) -> None:
    answer = httpx.post(
        mlflow_server.url + CREATE,
        json={"name": "planted"},
        auth=(mlflow_server.username, mlflow_server.password),
        headers={"origin": "http://evil.example"},
        trust_env=False,
    )
    assert answer.status_code == 403


def test_a_notebook_logs_a_run_with_three_lines(mlflow_server: MlflowServer, tmp_path: Path) -> None:
    account = f"{mlflow_server.username}:{mlflow_server.password}"
    address = mlflow_server.url.removeprefix("http://")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    ended = subprocess.run(
        [sys.executable, "-c", NOTEBOOK.format(account=account, address=address)],
        env={**environment, "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "stars 0.91"
    assert list(tmp_path.iterdir()) == []  # nothing went to a folder of the notebook's instead


def test_the_account_follows_its_secret(
    mlflow_server: MlflowServer, postgres: Server, tmp_path: Path
) -> None:
    """A second server on the same databases, with an account whose password has changed since it was made."""
    old, new = new_secret(), new_secret()
    made = httpx.post(
        mlflow_server.url + "/api/2.0/mlflow/users/create",
        json={"username": "restored", "password": old},
        auth=(mlflow_server.username, mlflow_server.password),
        trust_env=False,
    )
    assert made.status_code == 200
    for name, value in (
        ("postgres_password", postgres.password),
        ("mlflow_password", new),
        ("mlflow_secret_key", new_secret()),
    ):
        (tmp_path / "secrets").mkdir(exist_ok=True)
        write_private(tmp_path / "secrets" / name, value)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    child = Child(
        ChildSpec(
            name="MLflow",
            command=(sys.executable, str(CHECKOUT / "mlflow_server" / "serve.py")),
            log=tmp_path / "mlflow.log",
            is_ready=lambda: answers(f"{url}/health"),
            environment={
                **mlflow_server.env,
                "MARQUEE_HOME": str(tmp_path),
                "MARQUEE_MLFLOW_PORT": str(port),
                "MARQUEE_MLFLOW_USERNAME": "restored",
            },
            folder=tmp_path,
        )
    )
    child.start()
    try:
        child.wait_ready()
        statuses = [
            httpx.get(url + SEARCH, auth=("restored", password), trust_env=False).status_code
            for password in (new, old)
        ]
    finally:
        child.stop()
    assert statuses == [200, 401]
    assert (tmp_path / "mlflow" / "auth.ini").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "MARQUEE_DATABASE_URL",
            "postgresql://marquee:x@127.0.0.1:9/marquee",
            "database 'mlflow' cannot be reached",
        ),
        ("MARQUEE_SECRETS_DIR", "/nowhere", "/nowhere/mlflow_password cannot be read"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    mlflow_server: MlflowServer, variable: str, value: str, said: str
) -> None:
    ended = subprocess.run(
        [sys.executable, str(CHECKOUT / "mlflow_server" / "serve.py")],
        env={**mlflow_server.env, variable: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in (7, 9)
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
