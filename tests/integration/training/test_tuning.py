"""`marquee tune` against a real Postgres and a real MLflow."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest
from sqlalchemy import Engine

from tests.running import MlflowServer
from tests.support.platform import Platform, load_checkerboard, make_platform

TUNING = """
validation: {share: 0.3, folds: 2}
spaces:
  svd:
    rating.n_factors: {choices: [2, 4]}
    rating.lr_all: {choices: [0.01, 1.0]}
    rating.reg_all: {choices: [0.0, 0.05]}
  ease:
    ranking.regularization: {low: 1.0, high: 100.0, log: true, points: 3}
"""
MARQUEE = [sys.executable, "-P", "-m", "marquee"]


@pytest.fixture(scope="module")
def platform(
    tmp_path_factory: pytest.TempPathFactory, database_url: str, engine: Engine, mlflow_server: MlflowServer
) -> Platform:
    platform = make_platform(tmp_path_factory.mktemp("platform"), database_url, engine, mlflow_server)
    (platform.settings.configs_dir / "tuning.yaml").write_text(TUNING)
    load_checkerboard(engine)
    return platform


def tune(platform: Platform, outputs: Path, *words: str) -> dict[str, object]:
    command = [*MARQUEE, "tune", "--json", f"--outputs={outputs}", *words]
    ended = subprocess.run(
        command, env=dict(platform.environment), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found: dict[str, object] = json.loads(ended.stdout)
    return found


@pytest.fixture
def client(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> mlflow.MlflowClient:
    for name, value in platform.settings.mlflow().environment.items():
        monkeypatch.setenv(name, value)
    mlflow.set_tracking_uri(platform.settings.mlflow().url)
    return mlflow.MlflowClient()


def children(client: mlflow.MlflowClient, run_id: str) -> list[mlflow.entities.Run]:
    experiment = client.get_run(run_id).info.experiment_id
    found = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run_id}'", max_results=100)
    return sorted(found, key=lambda run: int(run.data.tags["trial"]))


def test_a_study_is_a_run_with_a_run_below_it_for_each_trial(
    platform: Platform, client: mlflow.MlflowClient, tmp_path: Path
) -> None:
    found = tune(platform, tmp_path, "--sampler", "grid", "--rating", "svd", "--trials", "100")
    assert sum(found["trials"].values()) == 8  # type: ignore[attr-defined]
    run_id = str(found["mlflow_run_id"])
    run = client.get_run(run_id)
    assert client.get_experiment(run.info.experiment_id).name == "marquee-tuning"
    assert run.info.status == "FINISHED"
    assert run.data.params["sampler"] == "grid"
    assert {file.path for file in client.list_artifacts(run_id)} == {
        "grid_search_results.csv",
        "tuning_heat_map.png",
        "tuning_heat_map.svg",
        "tuning_sensitivity.png",
        "tuning_sensitivity.svg",
    }
    below = children(client, run_id)
    assert len(below) == 8
    complete = [trial for trial in below if trial.data.tags["state"] == "complete"]
    best = min(complete, key=lambda trial: trial.data.metrics["all.rmse"])
    assert run.data.metrics["best.all.rmse"] == best.data.metrics["all.rmse"]
    for trial in below:
        assert {"rating.n_factors", "rating.seed", "hyperparameters_hash"} <= set(trial.data.params)
        assert {"seed", "code_version", "environment.python", "snapshot"} <= set(trial.data.tags)
        (dataset,) = trial.inputs.dataset_inputs
        assert dataset.dataset.digest == str(found["snapshot"])[:36]
    assert "n_factors" in str(found["params_yaml"])
    assert len((tmp_path / "grid_search_results.csv").read_text().splitlines()) == 9


def test_ctrl_c_ends_cleanly_and_the_study_goes_on(
    platform: Platform, client: mlflow.MlflowClient, tmp_path: Path
) -> None:
    command = [*MARQUEE, "tune", f"--outputs={tmp_path}", "--ranking=ease", "--sampler=random",
               "--trials=300", "--study=long"]  # fmt: skip
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=dict(platform.environment), stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    _wait_for(log, "trial 1:")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130, log.read_text()
    assert "goes on with the study long" in log.read_text()
    assert "Traceback" not in log.read_text()
    done = log.read_text().count("\ntrial ")
    found = tune(
        platform, tmp_path, "--ranking=ease", "--sampler=random", f"--trials={done + 3}", "--study=long"
    )
    run_id = str(found["mlflow_run_id"])
    below = children(client, run_id)
    counted = [trial for trial in below if trial.data.tags["reason"] != "interrupted"]
    assert len(counted) == done + 3
    assert client.get_run(run_id).info.status == "FINISHED"


def test_a_killed_study_goes_on_where_it_was(
    platform: Platform, client: mlflow.MlflowClient, tmp_path: Path
) -> None:
    command = [*MARQUEE, "tune", f"--outputs={tmp_path}", "--ranking=ease", "--trials=300", "--study=killed"]
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, env=dict(platform.environment), stdout=output, stderr=output)
    _wait_for(log, "trial 2:")
    process.kill()
    process.wait()
    found = tune(platform, tmp_path, "--ranking=ease", "--trials=6", "--study=killed")
    assert sum(found["trials"].values()) >= 6  # type: ignore[attr-defined]
    below = children(client, str(found["mlflow_run_id"]))
    numbers = [int(trial.data.tags["trial"]) for trial in below]
    assert numbers == list(range(len(numbers)))  # none is missing, none is there twice
    assert all(trial.info.status != "RUNNING" for trial in below)


def test_what_cannot_be_tuned_is_said_in_one_line(platform: Platform, tmp_path: Path) -> None:
    command = [*MARQUEE, "tune", "--rating", "knn"]
    ended = subprocess.run(
        command, env=dict(platform.environment), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 4
    assert ended.stderr == (
        "error: configs/tuning.yaml has no space for the rating algorithm 'knn'. It has: svd.\n"
    )


def _wait_for(log: Path, text: str, patience: float = 90.0) -> None:
    deadline = time.monotonic() + patience
    while text not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
