"""The search: Optuna's samplers and pruner over a memory on disk that a `kill -9` does not hurt.

Each study is an SQLite file of its own, `<home>/studies/<name>.db`. SQLite commits each write whole or not
at all, so that a killed study has every fold it had finished; and Optuna's tables stay out of the platform's
database, whose migrations are its own. A lock on `<name>.lock`, which the kernel drops with the process, says
whether somebody works on a study: without it, a trial that still says `running` died.
"""

import fcntl
import json
import logging
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from marquee.domain.errors import Conflict, InvalidInput, Unavailable
from marquee.settings.tuning import Goal, Pruning, Value
from marquee.training.tuning.space import SearchSpace
from marquee.training.tuning.worker import TrialFailed

if TYPE_CHECKING:  # half a second: only who tunes pays for it
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

Sampler: TypeAlias = Literal["grid", "random", "tpe"]
State: TypeAlias = Literal["complete", "pruned", "failed"]

Score: TypeAlias = Callable[[Mapping[str, Value], int], float]  # of some values, on one fold

STARTUP_TRIALS = 10  # that TPE draws at random before it has something to learn from
INTERRUPTED = "interrupted"
_REASON, _SECONDS, _FOLD, _RUN, _PLAN = "reason", "seconds", "fold:", "mlflow_run_id", "plan"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study is about; a study that is continued must be about the same.

    Attributes:
        snapshot: the hash of the data.
        space: `SearchSpace` as JSON takes it: the ranges, and the parameters that stay.
    """

    role: str
    algorithm: str
    sampler: Sampler
    seed: int
    goal: str
    folds: int
    snapshot: str
    space: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As JSON gives it back, so that a kept plan and a new one can be compared: tuples are lists."""
        content: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return content


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep a Ctrl-C until the block ends: within a commit it would leave the file locked."""
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield  # nothing is raised here
        return
    came: list[FrameType | None] = []
    signal.signal(signal.SIGINT, lambda _number, frame: came.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        before(signal.SIGINT, came[0])


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial that has ended.

    Attributes:
        number: from 0.
        values: by path.
        value: the mean over the folds; None unless the trial is complete.
        folds: the goal's figure of each fold that was scored.
        reason: why it failed or was pruned.
        run_id: of MLflow; None when it is not logged yet.
    """

    number: int
    state: State
    values: Mapping[str, Value]
    value: float | None
    folds: tuple[float, ...]
    seconds: float
    started_at: datetime
    reason: str
    run_id: str | None


class StudyFile:
    """A study on disk, held by this process alone; `open_study` gives one."""

    def __init__(self, study: "Study", plan: Plan, goal: Goal) -> None:
        self._study = study
        self.plan = plan
        self.goal = goal

    @property
    def name(self) -> str:
        return self._study.study_name

    @property
    @_undisturbed()
    def run_id(self) -> str | None:
        """MLflow's run of the study."""
        found: str | None = self._study.user_attrs.get(_RUN)
        return found

    @_undisturbed()
    def remember_run(self, run_id: str, trial: int | None = None) -> None:
        """Note the MLflow run of the study, or of one of its trials."""
        # With the study, for Optuna lets nobody write to a trial that has ended.
        self._study.set_user_attr(_RUN if trial is None else f"{_RUN}:{trial}", run_id)

    @_undisturbed()
    def trials(self) -> list[TrialRecord]:
        """Those that have ended, in their order."""
        attributes = self._study.user_attrs
        ended = [trial for trial in self._study.get_trials(deepcopy=False) if trial.state.is_finished()]
        return [_record(trial, attributes.get(f"{_RUN}:{trial.number}")) for trial in ended]

    def counted(self) -> list[TrialRecord]:
        """Those that count towards the number wanted: all but the interrupted."""
        return [trial for trial in self.trials() if trial.reason != INTERRUPTED]

    def best(self) -> TrialRecord | None:
        """The complete trial with the best value, the earliest of equals; None when none is complete."""
        sign = 1.0 if self.goal.lower_is_better else -1.0
        complete = [(sign * trial.value, trial) for trial in self.trials() if trial.value is not None]
        return min(complete, key=lambda pair: (pair[0], pair[1].number))[1] if complete else None

    def run_trial(self, space: SearchSpace, score: Score) -> TrialRecord | None:
        """Choose values, score them fold by fold, remember what came of it; None when a grid is exhausted.

        A trial that cannot be scored is recorded as failed. Ctrl-C, or any other error, leaves it recorded as
        interrupted and goes on up.
        """
        began, trial = time.monotonic(), None
        try:
            with _undisturbed():
                trial = self._ask(space)
                values = {} if trial is None else space.suggest(trial)
            if trial is None:
                return None
            outcome = self._scored(trial, values, score)
        except BaseException:
            if trial is not None:
                self._end(trial, began, _Outcome("failed", INTERRUPTED))
            raise
        self._end(trial, began, outcome)
        return next(record for record in self.trials() if record.number == trial.number)

    @_undisturbed()
    def importances(self) -> dict[str, float]:
        """Share of the differences between trials that each dimension explains (PED-ANOVA), largest first.

        Empty with fewer than two complete trials, or when none differs.
        """
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        if len({trial.value for trial in self.trials() if trial.value is not None}) < 2:
            return {}
        found = get_param_importances(self._study, evaluator=PedAnovaImportanceEvaluator())
        return {name: float(share) for name, share in found.items()}

    @_undisturbed()
    def bury_the_dead(self) -> int:
        """Fail the trials that a killed process left running; returns how many there were."""
        from optuna.trial import TrialState

        dead = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for trial in dead:
            self._study.tell(trial.number, state=TrialState.FAIL)
        return len(dead)

    def _ask(self, space: SearchSpace) -> "Trial | None":
        counted = self.counted()
        if self.plan.sampler == "grid" and not self._enqueue_next(space, counted):
            return None
        # A seed for each place: a study that was interrupted goes on as if it had not been.
        self._study.sampler = _sampler(self.plan.sampler, self.plan.seed + len(counted))
        return self._study.ask()

    def _enqueue_next(self, space: SearchSpace, counted: Sequence[TrialRecord]) -> bool:
        """Have the grid's next point tried; False when there is none left."""
        from optuna.trial import TrialState

        if self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            return True  # of a process that was killed before it could begin
        tried = [trial.values for trial in counted]
        untried = (values for values in space.grid(self.plan.seed) if values not in tried)
        following = next(untried, None)
        if following is not None:
            self._study.enqueue_trial(following)
        return following is not None

    def _scored(self, trial: "Trial", values: Mapping[str, Value], score: Score) -> "_Outcome":
        figures: list[float] = []
        try:
            for fold in range(self.plan.folds):
                figures.append(score(values, fold))
                if self._is_hopeless(trial, figures):
                    return _Outcome(
                        "pruned", f"Worse than the median of the trials before, at fold {fold + 1}."
                    )
        except (TrialFailed, InvalidInput) as error:
            return _Outcome("failed", str(error))
        return _Outcome("complete", "", _mean(figures))

    @_undisturbed()
    def _is_hopeless(self, trial: "Trial", figures: Sequence[float]) -> bool:
        """Note the newest fold's figure; whether the pruner sees no use in the next fold."""
        fold = len(figures) - 1
        trial.set_user_attr(f"{_FOLD}{fold:02d}", figures[-1])
        trial.report(_mean(figures), fold)
        return fold + 1 < self.plan.folds and trial.should_prune()

    @_undisturbed()
    def _end(self, trial: "Trial", began: float, outcome: "_Outcome") -> None:
        from optuna.trial import TrialState

        states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
        trial.set_user_attr(_SECONDS, time.monotonic() - began)
        if outcome.reason:
            trial.set_user_attr(_REASON, outcome.reason)
        self._study.tell(trial, outcome.value, state=states[outcome.state])


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: State
    reason: str
    value: float | None = None


@contextmanager
def open_study(
    folder: Path, name: str, plan: Callable[[Plan | None], Plan], goal: Goal, pruning: Pruning
) -> Iterator[StudyFile]:
    """Make a study, or go on with the one of that name; nobody else works on it meanwhile.

    Args:
        folder: of all studies.
        plan: given the plan of the study that is there (None: there is none), the plan it is to have.

    Raises:
        InvalidInput: the name cannot be a file's.
        Conflict: another process works on it, or it is about something else.
        Unavailable: the folder cannot be written.
    """
    import optuna

    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} cannot name a study.", hint="Letters, digits, '.', '_' and '-', at most 100."
        )
    optuna.logging.set_verbosity(logging.ERROR)
    with _alone(folder, name), _readable(folder / f"{name}.db") as path:
        with _undisturbed():
            study = optuna.create_study(
                storage=optuna.storages.RDBStorage(f"sqlite:///{path}"),
                study_name=name,
                direction="minimize" if goal.lower_is_better else "maximize",
                pruner=optuna.pruners.MedianPruner(
                    n_startup_trials=pruning.startup_trials, n_warmup_steps=max(pruning.warmup_folds - 1, 0)
                ),
                load_if_exists=True,
            )
            kept = _kept_plan(study)
        wanted = plan(kept)
        _same_or_refuse(name, kept, wanted)
        with _undisturbed():
            study.set_user_attr(_PLAN, wanted.to_dict())
        file = StudyFile(study, wanted, goal)
        file.bury_the_dead()
        yield file


def study_names(folder: Path) -> list[str]:
    """The studies that are kept, by name."""
    return sorted(path.stem for path in folder.glob("*.db"))


def _kept_plan(study: "Study") -> Plan | None:
    kept = study.user_attrs.get(_PLAN)
    return None if kept is None else Plan(**kept)


def _same_or_refuse(name: str, kept: Plan | None, wanted: Plan) -> None:
    if kept is None:
        return
    before, now = kept.to_dict(), wanted.to_dict()
    changed = ", ".join(key for key in before if before[key] != now[key])
    if not changed:
        return
    raise Conflict(
        f"The study {name} was begun with another {changed}: its trials cannot be compared with new ones.",
        hint="Begin another with --study NAME, or put things back as they were.",
    )


@contextmanager
def _alone(folder: Path, name: str) -> Iterator[None]:
    """Hold the study's lock, which the kernel drops when this process ends, however it ends."""
    with _readable(folder / f"{name}.lock") as path:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"Another process works on the study {name}.") from None
        yield


@contextmanager
def _readable(path: Path) -> Iterator[Path]:
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield path
    except (StorageInternalError, SQLAlchemyError, OSError) as error:
        reason = " ".join(str(error).split())
        raise Unavailable(
            f"The study's file {path} cannot be used: {reason}",
            hint="Make room on the disk, and see that the folder is this user's.",
        ) from error


def _sampler(name: Sampler, seed: int) -> "BaseSampler":
    from optuna.samplers import RandomSampler, TPESampler

    if name == "tpe":
        return TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
    return RandomSampler(seed=seed)  # a grid leaves nothing to it: every value of a trial is enqueued


def _record(trial: "FrozenTrial", run_id: str | None) -> TrialRecord:
    from optuna.trial import TrialState

    states: dict[TrialState, State] = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned"}
    state = states.get(trial.state, "failed")
    folds = [value for key, value in sorted(trial.user_attrs.items()) if key.startswith(_FOLD)]
    began = trial.datetime_start or trial.datetime_complete or datetime.now(UTC)
    return TrialRecord(
        number=trial.number,
        state=state,
        values=trial.params,
        value=trial.value if state == "complete" else None,
        folds=tuple(folds),
        seconds=float(trial.user_attrs.get(_SECONDS, 0.0)),
        started_at=began.astimezone(UTC),
        reason="" if state == "complete" else str(trial.user_attrs.get(_REASON, INTERRUPTED)),
        run_id=run_id,
    )


def _mean(figures: Sequence[float]) -> float:
    return sum(figures) / len(figures)
