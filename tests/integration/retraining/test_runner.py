"""What the runner does with a queued run while MLflow is away."""

import pytest
from retraining.outages import MLFLOW_ERRORS, Outage
from retraining.runner import WAITS, Runner
from retraining.status import Metrics, Status
from sqlalchemy import Engine

from marquee.registry.client import RegistryClient
from marquee.settings import MlflowConnection
from marquee.store import runs
from marquee.training import process
from marquee.training.queue import enqueue

NOWHERE = MlflowConnection("http://127.0.0.1:9", "marquee", "x")


def test_a_run_waits_while_mlflow_is_away(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.subprocess, "Popen", _no_process)
    with engine.begin() as connection:
        for run in runs.in_state(connection, "queued"):
            runs.fail(connection, run.run_id, "tidied away")
        run_id = enqueue(connection, trigger="retry", requested_by="ada").run_id
    status = Status()
    mlflow = Outage("MLflow", MLFLOW_ERRORS, lambda reason: setattr(status, "mlflow", reason))
    with RegistryClient(NOWHERE) as registry:
        runner = Runner(engine, registry, status, Metrics(status), mlflow)
        runner.step()
        runner.step()
    with engine.connect() as connection:
        run = runs.get(connection, run_id)
        said = [line.message for line in runs.log_lines(connection, run_id)]
    assert (run.state, run.step) == ("queued", WAITS)
    assert said == ["It waits until MLflow answers."]
    assert "cannot be reached" in str(status.mlflow)


def _no_process(*_: object, **__: object) -> None:
    raise AssertionError("a training was started")
