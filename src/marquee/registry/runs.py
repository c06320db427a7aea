"""Writing a training run and its model to MLflow. Imports mlflow: for the process that trains.

A run is written when the training is done, in few requests: a training that fails before leaves nothing in
MLflow, only its own row in Postgres.
"""

import json
import logging
import os
import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from marquee.domain.columns import ITEM, USER
from marquee.domain.errors import Unavailable, Unreachable
from marquee.registry.client import MODEL_NAME
from marquee.settings import MlflowConnection

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "marquee-training"
IMPORTED_EXPERIMENT = "marquee-imported"
EVALUATION_EXPERIMENT = "marquee-evaluation"
_FLAVOUR = Path(__file__).with_name("pyfunc.py")
_REQUIREMENTS = ("marquee", "numpy", "pandas", "scipy")
_DIGEST_LENGTH = 36  # MLflow's limit; the whole hash is a tag
# MLflow's own defaults would try an absent server for minutes.
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What a model was trained on.

    Attributes:
        name: of the data set.
        digest: the snapshot's hash.
        source: where the snapshot is kept.
        rows: ratings in it.
        profile: further counts and dates, as JSON can hold them.
    """

    name: str
    digest: str
    source: str
    rows: int
    profile: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The files of a model (bundle folder, `user_factors.npz`) and what its pyfunc flavour must know."""

    bundle: Path
    user_factors: Path
    rating_scale: tuple[float, float]
    example: tuple[str, str]  # a user and an item


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All that a run leaves in MLflow, in its experiment; `files` is a folder of plots and reports."""

    name: str
    started_at: datetime
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    dataset: DatasetFacts
    model: TrainedModel
    files: Path
    experiment: str = EXPERIMENT


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """What an evaluation leaves in MLflow; `files` is the folder of its report."""

    name: str
    started_at: datetime
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    dataset: DatasetFacts
    files: Path


@dataclass(frozen=True, slots=True)
class LoggedRun:
    run_id: str
    model_id: str


class TrackingClient:
    """MLflow's tracking and registry, for one account.

    MLflow's client reads the account from the process' environment only, so there is one a process.
    """

    def __init__(self, connection: MlflowConnection) -> None:
        os.environ.update({**_PATIENCE, **connection.environment})
        import mlflow  # takes seconds: only who trains pays for it

        logging.getLogger("mlflow").setLevel(logging.ERROR)  # it warns of what was chosen on purpose
        mlflow.set_tracking_uri(connection.url)
        self.client: MlflowClient = mlflow.MlflowClient(connection.url, connection.url)

    def log(self, record: RunRecord) -> LoggedRun:
        """Write a run that has made a model: parameters, metrics, data set, files, and the bundle.

        Raises:
            Unavailable: the server is away or refuses; a run that was begun is marked failed where possible.
        """
        with explained("The run cannot be written to MLflow"):
            run_id = self.create_run(record.experiment, record.name, record.started_at, record.tags)
        try:
            with explained("The run cannot be written to MLflow"):
                model_id = self._fill(run_id, record)
        except Unavailable:
            self._give_up(run_id)
            raise
        return LoggedRun(run_id, model_id)

    def log_evaluation(self, record: EvaluationRecord) -> str:
        """Write an evaluation: parameters, metrics, data set and report; returns the run's id.

        Raises:
            Unavailable: the server is away or refuses; a run that was begun is marked failed where possible.
        """
        with explained("The evaluation cannot be written to MLflow"):
            run_id = self.create_run(EVALUATION_EXPERIMENT, record.name, record.started_at, record.tags)
        try:
            with explained("The evaluation cannot be written to MLflow"):
                self.log_values(run_id, record.params, record.metrics)
                self.log_dataset(run_id, record.dataset, "evaluation")
                self.client.log_artifacts(run_id, str(record.files))
                self.client.set_terminated(run_id, "FINISHED")
        except Unavailable:
            self._give_up(run_id)
            raise
        return run_id

    def register(self, run: LoggedRun, tags: Mapping[str, str], description: str) -> int:
        """Make a logged model the next version of the platform's model; returns its number.

        Raises:
            Unavailable: the server is away or refuses.
        """
        with explained("The model cannot be registered"):
            self._ensure_model()
            created = self.client.create_model_version(
                MODEL_NAME,
                source=f"models:/{run.model_id}",
                run_id=run.run_id,
                tags=dict(tags),
                description=description,
                model_id=run.model_id,
                await_creation_for=0,  # it is there when the server answers
            )
        return int(created.version)

    def create_run(self, experiment: str, name: str, started_at: datetime, tags: Mapping[str, str]) -> str:
        """Make a run, tagged with the environment too; the first one makes its experiment."""
        found = self.client.get_experiment_by_name(experiment)
        experiment_id = found.experiment_id if found else self.client.create_experiment(experiment)
        started = int(started_at.timestamp() * 1000)
        every_tag = {**environment_tags(), **tags}
        run = self.client.create_run(experiment_id, start_time=started, tags=every_tag, run_name=name)
        return str(run.info.run_id)

    def log_values(
        self,
        run_id: str,
        params: Mapping[str, object],
        metrics: Mapping[str, float],
        steps: Mapping[str, Sequence[float]] = MappingProxyType({}),
    ) -> None:
        """Write parameters and metrics in one request; `steps` are metrics of one value a step."""
        from mlflow.entities import Metric, Param

        now = int(datetime.now(UTC).timestamp() * 1000)
        single = [Metric(name, value, now, 0) for name, value in metrics.items()]
        many = [
            Metric(name, value, now, step)
            for name, values in steps.items()
            for step, value in enumerate(values, start=1)
        ]
        named = [Param(name, str(value)) for name, value in params.items()]
        self.client.log_batch(run_id, metrics=single + many, params=named)

    def log_dataset(self, run_id: str, facts: DatasetFacts, context: str) -> None:
        """Say what data a run used; MLflow keeps one row a data set, shared by its runs."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        dataset = Dataset(
            name=facts.name,
            digest=facts.digest[:_DIGEST_LENGTH],
            source_type="dvc",
            source=json.dumps({"uri": facts.source, "sha256": facts.digest}),
            profile=json.dumps({"num_rows": facts.rows, **facts.profile}),
        )
        self.client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", context)])])

    def _fill(self, run_id: str, record: RunRecord) -> str:
        self.log_values(run_id, record.params, record.metrics)
        self.log_dataset(run_id, record.dataset, "training")
        self.client.log_artifacts(run_id, str(record.files))
        model_id = self._log_model(run_id, record.model)
        self.client.set_terminated(run_id, "FINISHED")
        return model_id

    def _log_model(self, run_id: str, model: TrainedModel) -> str:
        from mlflow.entities import LoggedModelOutput

        experiment_id = self.client.get_run(run_id).info.experiment_id
        logged = self.client.create_logged_model(experiment_id, MODEL_NAME, run_id, model_type="recommender")
        with tempfile.TemporaryDirectory(prefix="marquee-model-") as scratch:
            folder = Path(scratch) / "model"
            save_model(folder, model, run_id=run_id, model_id=logged.model_id)
            self.client.log_model_artifacts(logged.model_id, str(folder))
        self.client.finalize_logged_model(logged.model_id, "READY")
        self.client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, 0)])
        return str(logged.model_id)

    def _ensure_model(self) -> None:
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode

        # Asked first: to create what is there is an error in the log of MLflow's database, each time.
        if self.client.search_registered_models(f"name = '{MODEL_NAME}'", max_results=1):
            return
        try:
            self.client.create_registered_model(
                MODEL_NAME, description="Marquee's recommender: one bundle a version."
            )
        except MlflowException as error:
            if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
                raise

    def _give_up(self, run_id: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self.client.set_terminated(run_id, "FAILED")
        except MlflowException:
            return  # the server is gone: the caller is about to say so, with the first reason


def save_model(
    folder: Path, model: TrainedModel, *, run_id: str | None = None, model_id: str | None = None
) -> None:
    """Write the pyfunc flavour to a folder: MLmodel, the code as text, the bundle and the users' factors."""
    import pandas as pd
    from mlflow.models import Model, ModelSignature
    from mlflow.pyfunc import save_model as save
    from mlflow.types import ColSpec, Schema

    low, high = model.rating_scale
    save(
        path=str(folder),
        python_model=str(_FLAVOUR),
        artifacts={"bundle": str(model.bundle), "user_factors": str(model.user_factors)},
        model_config={"rating_min": low, "rating_max": high},
        mlflow_model=Model(run_id=run_id, model_uuid=model_id, model_id=model_id),
        signature=ModelSignature(
            inputs=Schema([ColSpec("string", USER), ColSpec("string", ITEM)]),
            outputs=Schema([ColSpec("float")]),
        ),
        input_example=pd.DataFrame([model.example], columns=[USER, ITEM]),
        pip_requirements=[f"{name}=={installed(name)}" for name in _REQUIREMENTS],
    )


def environment_tags() -> dict[str, str]:
    """What the training ran on: Python, platform, processors, and the versions that decide the figures."""
    libraries: Sequence[str] = ("marquee", "numpy", "scipy", "scikit-surprise", "mlflow")
    return {
        "environment.python": platform.python_version(),
        "environment.platform": platform.platform(),
        "environment.processors": str(os.cpu_count()),
        **{f"environment.{name}": installed(name) for name in libraries},
    }


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turns what MLflow raises into `Unavailable`."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError) as error:
        kind = Unreachable if _is_unanswered(error) else Unavailable
        reason = " ".join(str(error).split())
        raise kind(f"{what}: {reason}", hint="See that MLflow runs and its disk has room.") from error


def _is_unanswered(error: BaseException | None) -> bool:
    """Whether the server did not answer; MLflow says so only by the error that its own came from."""
    from requests import ConnectionError as NoConnection
    from requests import Timeout

    while error is not None:
        if isinstance(error, (NoConnection, Timeout)):
            return True
        error = error.__cause__ or error.__context__
    return False
