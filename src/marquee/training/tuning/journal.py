"""What a study writes to MLflow: a run of its own, and below it one a trial."""

from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from marquee.models.manifest import hash_of
from marquee.registry.runs import DatasetFacts
from marquee.registry.studies import Ending, StudyLog, StudyRecord, TrialRun
from marquee.training.code_version import code_version
from marquee.training.tuning.results import Findings
from marquee.training.tuning.space import SearchSpace
from marquee.training.tuning.study import StudyFile, TrialRecord

_ENDINGS: MappingProxyType[str, Ending] = MappingProxyType(
    {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}
)


class Journal:
    """The runs of one study.

    A trial is written when it has ended. One whose process was killed before it could be is written when the
    study goes on: the study's file remembers which trials have a run.
    """

    def __init__(
        self, log: StudyLog, study: StudyFile, space: SearchSpace, dataset: DatasetFacts, requested_by: str
    ) -> None:
        self._log = log
        self._study = study
        self._space = space
        self._dataset = dataset
        self._requested_by = requested_by

    def begin(self, at: datetime) -> str:
        """Make the study's run, or go on with it; returns its id."""
        run_id = self._study.run_id
        if run_id is None:
            run_id = self._log.begin(self._record(at))
            self._study.remember_run(run_id)
        else:
            self._log.go_on(run_id)
        self.catch_up()
        return run_id

    def catch_up(self) -> None:
        """Write every trial that has ended and has no run yet."""
        study_run = self._study.run_id
        for trial in self._study.trials():
            if study_run is not None and trial.run_id is None:
                self._study.remember_run(self._log.trial(study_run, self._trial(trial)), trial.number)

    def end(self, ending: Ending, findings: Findings, files: list[Path]) -> None:
        """Close the study's run with what it found so far."""
        self.catch_up()
        metrics = {f"trials.{state}": float(count) for state, count in findings.counts().items()}
        metrics |= {f"importance.{path}": share for path, share in findings.importances.items()}
        tags = {}
        if findings.best is not None and findings.best.value is not None:
            metrics[f"best.{findings.goal.name}"] = findings.best.value
            tags["best_trial"] = str(findings.best.number)
            tags |= {f"best.{path}": str(value) for path, value in findings.best.values.items()}
        self._log.end(self._study.run_id or "", ending, metrics, tags, files)

    def _record(self, at: datetime) -> StudyRecord:
        plan = self._study.plan
        params = {
            "role": plan.role,
            "algorithm": plan.algorithm,
            "sampler": plan.sampler,
            "seed": plan.seed,
            "goal": plan.goal,
            "folds": plan.folds,
            "space_hash": hash_of(plan.to_dict()["space"]),
            **{f"space.{path}": dimension.model_dump() for path, dimension in self._space.dimensions.items()},
        }
        return StudyRecord(self._study.name, at, params, self._tags(), self._dataset)

    def _trial(self, trial: TrialRecord) -> TrialRun:
        params = self._space.params(trial.values)
        section = getattr(params, self._space.role).model_dump()
        metrics = {"seconds": trial.seconds}
        if trial.value is not None:
            metrics[self._study.goal.name] = trial.value
        return TrialRun(
            name=f"{self._study.name} {trial.number}",
            started_at=trial.started_at,
            ended_at=trial.started_at + timedelta(seconds=trial.seconds),
            ending=_ENDINGS[trial.state],
            params={
                **{f"{self._space.role}.{name}": value for name, value in section.items()},
                "hyperparameters_hash": hash_of({self._space.role: section}),
            },
            metrics=metrics,
            steps={f"fold.{self._study.goal.name}": trial.folds},
            tags={**self._tags(), "trial": str(trial.number), "state": trial.state, "reason": trial.reason},
            dataset=self._dataset,
        )

    def _tags(self) -> dict[str, str]:
        plan = self._study.plan
        return {
            "study": self._study.name,
            "snapshot": plan.snapshot,
            "code_version": code_version(),
            "seed": str(plan.seed),
            "requested_by": self._requested_by,
            "mlflow.user": self._requested_by,
            "mlflow.source.name": "marquee tune",
            "mlflow.source.type": "LOCAL",
        }
