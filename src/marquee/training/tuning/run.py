"""A study on the platform's data, written to MLflow as it goes."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Engine

from marquee.domain.clock import Clock, system_clock
from marquee.registry.studies import Ending, StudyLog
from marquee.settings import MlflowConnection, Params, Serving, Tuning
from marquee.settings.tuning import Goal, Role, Value
from marquee.training.logbook import dataset_facts
from marquee.training.snapshot import Snapshot, restore_snapshot, take_snapshot
from marquee.training.tuning.folds import Folds, inner_folds
from marquee.training.tuning.journal import Journal
from marquee.training.tuning.results import Findings, write_findings
from marquee.training.tuning.space import SearchSpace, search_space
from marquee.training.tuning.study import Plan, Sampler, Score, StudyFile, TrialRecord, open_study
from marquee.training.tuning.worker import Bench, Worker

OnTrial: TypeAlias = Callable[[TrialRecord, TrialRecord | None], None]  # one that ended, and the best so far


@dataclass(frozen=True, slots=True)
class Quest:
    """What is sought, and how hard.

    Attributes:
        study: its name; one that is there is continued.
        algorithm: None: the one that `params.yaml` chooses for the role.
        trials: how many the study is to have in all.
        timeout: after this, no further trial begins.
    """

    study: str
    role: Role
    algorithm: str | None
    sampler: Sampler
    seed: int
    trials: int
    timeout: timedelta | None = None


@dataclass(frozen=True, slots=True)
class TuningContext:
    """What a study works with, and on whose behalf.

    Attributes:
        home: the state folder: studies and snapshots.
        outputs: the folder for the table and the pictures.
        threads: of the linear algebra.
    """

    engine: Engine
    home: Path
    outputs: Path
    mlflow: MlflowConnection
    params: Params
    tuning: Tuning
    serving: Serving
    requested_by: str
    threads: int = 1
    clock: Clock = system_clock


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """What came of it, and the files that were written; `interrupted` by Ctrl-C, the study can go on."""

    findings: Findings
    files: list[Path]
    mlflow_run_id: str
    snapshot: str
    interrupted: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            **self.findings.to_dict(),
            "mlflow_run_id": self.mlflow_run_id,
            "snapshot": self.snapshot,
            "files": [str(file) for file in self.files],
            "interrupted": self.interrupted,
        }


def tune(context: TuningContext, quest: Quest, on_trial: OnTrial, say: Callable[[str], None]) -> Tuned:
    """Carry a study on until it has its trials, the time is up, the grid is exhausted, or Ctrl-C.

    A study keeps the snapshot that it began with: trials on other data could not be compared.

    Raises:
        NotFound: `tuning.yaml` has no space for the algorithm.
        ConfigurationError: that space is not one of the algorithm's parameters.
        Conflict: another process works on the study, or it is about something else.
        DataError: too few ratings.
        Unavailable: MLflow, Postgres or the disk does not take it; the study can go on later.
    """
    space = search_space(context.tuning, context.params, quest.role, quest.algorithm)
    goal = context.tuning.goals.of(quest.role)
    snapshots: list[Snapshot] = []

    def plan(kept: Plan | None) -> Plan:
        snapshots.append(_snapshot(context, kept))
        return _plan(context, quest, space, goal, snapshots[0])

    with open_study(context.home / "studies", quest.study, plan, goal, context.tuning.pruning) as study:
        (snapshot,) = snapshots
        folds = _folds(context, snapshot)
        say(_described(study, folds))
        facts = dataset_facts(context.params.data.name, snapshot)
        journal = Journal(StudyLog(context.mlflow), study, space, facts, context.requested_by)
        run_id = journal.begin(context.clock())
        bench = Bench(folds, quest.role, goal, context.serving, context.params.evaluation.k, context.threads)
        with Worker(bench) as worker:
            score = partial(_score, worker, space)
            ending = search(study, space, score, quest, on_trial=_heard(journal, study, on_trial))
        findings = Findings.of(study, space)
        files = write_findings(findings, context.outputs)
        journal.end(ending, findings, files)
    return Tuned(findings, files, run_id, snapshot.hash, ending == "KILLED")


def search(
    study: StudyFile,
    space: SearchSpace,
    score: Score,
    quest: Quest,
    *,
    on_trial: Callable[[TrialRecord], None],
    clock: Callable[[], float] = time.monotonic,
) -> Ending:
    """Run trials until there are enough, the time is up or a grid is exhausted; `KILLED` when Ctrl-C came."""
    until = math.inf if quest.timeout is None else clock() + quest.timeout.total_seconds()
    try:
        while len(study.counted()) < quest.trials and clock() < until:
            trial = study.run_trial(space, score)
            if trial is None:
                break
            on_trial(trial)
    except KeyboardInterrupt:
        return "KILLED"
    return "FINISHED"


def _heard(journal: Journal, study: StudyFile, on_trial: OnTrial) -> Callable[[TrialRecord], None]:
    def heard(trial: TrialRecord) -> None:
        journal.catch_up()
        on_trial(trial, study.best())

    return heard


def _score(worker: Worker, space: SearchSpace, values: Mapping[str, Value], fold: int) -> float:
    return worker.score(space.params(values), fold)


def _snapshot(context: TuningContext, kept: Plan | None) -> Snapshot:
    if kept is None:
        return take_snapshot(context.engine, context.home, context.serving.feedback, clock=context.clock)
    return restore_snapshot(context.engine, context.home, kept.snapshot)


def _folds(context: TuningContext, snapshot: Snapshot) -> Folds:
    tables, evaluation = snapshot.tables, context.params.evaluation
    return inner_folds(
        tables.ratings, tables.items, tables.users, evaluation.test_share, context.tuning.validation
    )


def _plan(context: TuningContext, quest: Quest, space: SearchSpace, goal: Goal, snapshot: Snapshot) -> Plan:
    evaluation = context.params.evaluation
    return Plan(
        role=quest.role,
        algorithm=space.algorithm,
        sampler=quest.sampler,
        seed=quest.seed,
        goal=f"{goal.name}@{evaluation.k}",
        folds=context.tuning.validation.folds,
        snapshot=snapshot.hash,
        space={
            "dimensions": {path: dimension.model_dump() for path, dimension in space.dimensions.items()},
            "base": getattr(space.base, space.role).model_dump(mode="json"),
            "validation_share": context.tuning.validation.share,
            "test_share": evaluation.test_share,
        },
    )


def _described(study: StudyFile, folds: Folds) -> str:
    plan, done = study.plan, len(study.counted())
    through = datetime.fromtimestamp(folds.validated_through, UTC)
    begun = f"goes on behind {done} trials" if done else "begins"
    return (
        f"Study {study.name} {begun}: {plan.role} {plan.algorithm} by {plan.goal}, {plan.folds} folds of the "
        f"{folds.outer_train:,} ratings through {through:%Y-%m-%d %H:%M}; the {folds.outer_test:,} newer "
        f"ones are kept for the test."
    )
