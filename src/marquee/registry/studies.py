"""Writing a study to MLflow: a run for the study, and below it one for each trial. Imports mlflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from marquee.registry.runs import DatasetFacts, TrackingClient, explained

EXPERIMENT = "marquee-tuning"
Ending: TypeAlias = Literal["FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """What is known of a study when it begins."""

    name: str
    started_at: datetime
    params: Mapping[str, object]
    tags: Mapping[str, str]
    dataset: DatasetFacts


@dataclass(frozen=True, slots=True)
class TrialRun:
    """What a trial leaves in MLflow.

    Attributes:
        steps: the goal's mean after each fold, by the goal's name, one value a fold.
    """

    name: str
    started_at: datetime
    ended_at: datetime
    ending: Ending
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    steps: Mapping[str, tuple[float, ...]]
    tags: Mapping[str, str]
    dataset: DatasetFacts


class StudyLog(TrackingClient):
    """The tuning experiment on the MLflow server.

    Every method raises `Unavailable` when the server is away or refuses.
    """

    def begin(self, record: StudyRecord) -> str:
        """Make the study's run; returns its id."""
        with explained("The study cannot be written to MLflow"):
            run_id = self.create_run(EXPERIMENT, record.name, record.started_at, record.tags)
            self.log_values(run_id, record.params, {})
            self.log_dataset(run_id, record.dataset, "tuning")
        return run_id

    def go_on(self, run_id: str) -> None:
        """Mark the run of a study that is continued as running."""
        with explained("The study cannot be written to MLflow"):
            self.client.update_run(run_id, status="RUNNING")

    def trial(self, study_run: str, trial: TrialRun) -> str:
        """Write a trial that has ended below its study; returns its run's id."""
        from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

        with explained("The trial cannot be written to MLflow"):
            tags = {**trial.tags, MLFLOW_PARENT_RUN_ID: study_run}
            run_id = self.create_run(EXPERIMENT, trial.name, trial.started_at, tags)
            self.log_values(run_id, trial.params, trial.metrics, trial.steps)
            self.log_dataset(run_id, trial.dataset, "tuning")
            self.client.set_terminated(run_id, trial.ending, int(trial.ended_at.timestamp() * 1000))
        return run_id

    def end(
        self,
        run_id: str,
        ending: Ending,
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        files: list[Path],
    ) -> None:
        """Close the study's run with what it found so far."""
        with explained("The study cannot be written to MLflow"):
            self.log_values(run_id, {}, metrics)
            for name, value in tags.items():
                self.client.set_tag(run_id, name, value)
            for file in files:
                self.client.log_artifact(run_id, str(file))
            self.client.set_terminated(run_id, ending)
