"""The search itself, with scores that are worked out on the spot."""

import fcntl
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy import Engine, event

from marquee.domain.errors import Conflict, InvalidInput, Unavailable
from marquee.settings import Params, Tuning
from marquee.settings.tuning import Choices, Goal, Pruning, Value
from marquee.training.tuning.results import Findings, write_findings
from marquee.training.tuning.run import Quest, search
from marquee.training.tuning.space import SearchSpace, search_space
from marquee.training.tuning.study import Plan, Sampler, StudyFile, TrialRecord, _readable, open_study
from marquee.training.tuning.worker import TrialFailed

LOWER = Goal(metric="rmse")
SPACE = {
    "rating.n_factors": {"low": 10, "high": 50, "step": 10, "points": 5},
    "rating.reg_all": {"low": 0.01, "high": 1.0, "log": True, "points": 3},
}


def space() -> SearchSpace:
    return search_space(Tuning.model_validate({"spaces": {"svd": SPACE}}), Params(), "rating")


def distance(values: Mapping[str, Value], _fold: int) -> float:
    """Best, 0, at 30 factors and reg 0.1; regularization matters little."""
    factors, regularization = float(values["rating.n_factors"] or 0), float(values["rating.reg_all"] or 0)
    return abs(factors - 30) / 10 + abs(regularization - 0.1) / 100


def plan(sampler: Sampler = "grid", folds: int = 1, **changes: object) -> Plan:
    fields = {
        "role": "rating",
        "algorithm": "svd",
        "goal": "all.rmse@10",
        "snapshot": "abc",
        "seed": 0,
        "space": {},
    }
    return Plan(**{**fields, "sampler": sampler, "folds": folds, **changes})  # type: ignore[arg-type]


def run(
    folder: Path,
    wanted: Plan,
    trials: int,
    score=distance,
    *,
    pruning: Pruning = Pruning(),  # type: ignore[no-untyped-def]  # noqa: B008
) -> tuple[Findings, str]:
    quest = Quest("study", "rating", "svd", wanted.sampler, wanted.seed, trials)
    with open_study(folder, "study", lambda _kept: wanted, LOWER, pruning) as study:
        ending = search(study, space(), score, quest, on_trial=lambda _trial: None)
        return Findings.of(study, space()), ending


def values_of(trials: list[TrialRecord]) -> list[Mapping[str, Value]]:
    return [trial.values for trial in trials]


def test_a_grid_tries_every_point_once_and_then_ends(tmp_path: Path) -> None:
    findings, ending = run(tmp_path, plan(), trials=100)
    assert ending == "FINISHED"
    tried = [tuple(trial.values.values()) for trial in findings.trials]
    assert len(tried) == len(set(tried)) == 15
    assert findings.best is not None
    assert findings.best.values == {"rating.n_factors": 30, "rating.reg_all": 0.1}
    assert findings.best.value == 0.0
    assert next(iter(findings.importances)) == "rating.n_factors"
    assert sum(findings.importances.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("sampler", ["grid", "random", "tpe"])
def test_a_study_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path, sampler: Sampler) -> None:
    at_once, _ = run(tmp_path / "a", plan(sampler), trials=14)
    calls = []

    def stopped(values: Mapping[str, Value], fold: int) -> float:
        calls.append(values)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return distance(values, fold)

    first, ending = run(tmp_path / "b", plan(sampler), 14, stopped)
    assert (ending, len(first.trials), first.trials[-1].reason) == ("KILLED", 6, "interrupted")
    rest, _ = run(tmp_path / "b", plan(sampler), trials=14)
    counted = [trial for trial in rest.trials if trial.reason != "interrupted"]
    assert values_of(counted) == values_of(list(at_once.trials))


@pytest.mark.parametrize(
    ("moment", "number"),
    [("before_cursor_execute", 3), ("before_cursor_execute", 40), ("commit", 1), ("commit", 12)],
)
def test_ctrl_c_while_the_study_is_written_ends_the_search(tmp_path: Path, moment: str, number: int) -> None:
    happened = 0

    def interrupt(*_: object) -> None:
        nonlocal happened
        happened += 1
        if happened == number:
            signal.raise_signal(signal.SIGINT)

    with open_study(tmp_path, "study", lambda _kept: plan("random"), LOWER, Pruning()) as study:
        quest = Quest("study", "rating", "svd", "random", 0, trials=4)
        event.listen(Engine, moment, interrupt)
        try:
            assert search(study, space(), distance, quest, on_trial=lambda _trial: None) == "KILLED"
        finally:
            event.remove(Engine, moment, interrupt)
    rest, ending = run(tmp_path, plan("random"), trials=4)
    assert ending == "FINISHED"
    assert {(trial.state, trial.reason) for trial in rest.trials} <= {
        ("complete", ""),
        ("failed", "interrupted"),
    }
    assert rest.counts()["complete"] == 4


def test_random_and_tpe_depend_on_the_seed(tmp_path: Path) -> None:
    one, other = (run(tmp_path / str(seed), plan("random", seed=seed), 5)[0] for seed in (1, 2))
    assert values_of(list(one.trials)) != values_of(list(other.trials))


def test_tpe_looks_where_it_is_good(tmp_path: Path) -> None:
    findings, _ = run(tmp_path, plan("tpe"), trials=25)
    drawn, _ = run(tmp_path / "random", plan("random"), trials=25)
    late, chance = ([trial.value or 0.0 for trial in found.trials[15:]] for found in (findings, drawn))
    assert sum(late) < sum(chance)


def test_a_trial_that_cannot_be_scored_is_recorded_and_the_study_goes_on(tmp_path: Path) -> None:
    def runs_away(values: Mapping[str, Value], fold: int) -> float:
        if values["rating.n_factors"] == 50:
            raise TrialFailed("It ran away.")
        return distance(values, fold)

    findings, ending = run(tmp_path, plan(), 100, runs_away)
    assert ending == "FINISHED"
    assert findings.counts() == {"complete": 12, "pruned": 0, "failed": 3}
    failed = [trial for trial in findings.trials if trial.state == "failed"]
    assert {trial.reason for trial in failed} == {"It ran away."}
    assert all(trial.value is None for trial in failed)


def test_a_value_is_the_mean_of_its_folds(tmp_path: Path) -> None:
    findings, _ = run(tmp_path, plan(folds=3), 1, lambda _values, fold: float(fold))
    (trial,) = findings.trials
    assert trial.folds == (0.0, 1.0, 2.0)
    assert trial.value == 1.0


def test_a_trial_worse_than_the_median_is_given_up_after_its_first_fold(tmp_path: Path) -> None:
    scored = []

    def worse_each_time(values: Mapping[str, Value], fold: int) -> float:
        scored.append(fold)
        return len(scored) / 100 + 1

    findings, _ = run(
        tmp_path,
        plan("random", folds=3),
        3,
        worse_each_time,
        pruning=Pruning(startup_trials=2, warmup_folds=1),
    )
    assert [trial.state for trial in findings.trials] == ["complete", "complete", "pruned"]
    assert findings.trials[2].folds == (1.07,)
    assert findings.trials[2].reason == "Worse than the median of the trials before, at fold 1."
    assert findings.best == findings.trials[0]


def test_no_trial_begins_when_the_time_is_up(tmp_path: Path) -> None:
    now = iter([0.0, 1.0, 2.0, 11.0])
    quest = Quest("study", "rating", "svd", "random", 0, 100, timedelta(seconds=10))
    with open_study(tmp_path, "study", lambda _kept: plan("random"), LOWER, Pruning()) as study:
        search(study, space(), distance, quest, on_trial=lambda _trial: None, clock=lambda: next(now))
        assert len(study.trials()) == 2


def test_a_study_about_something_else_is_refused(tmp_path: Path) -> None:
    run(tmp_path, plan(), 1)
    with pytest.raises(Conflict, match="begun with another sampler, seed"):
        run(tmp_path, plan("tpe", seed=3), 1)


def test_a_study_whose_space_has_choices_goes_on(tmp_path: Path) -> None:
    run(tmp_path, plan(space={"dimensions": {"x": Choices(choices=(1, None)).model_dump()}}), 1)
    same = plan(space={"dimensions": {"x": Choices(choices=(1, None)).model_dump()}})
    assert len(run(tmp_path, same, 2)[0].trials) == 2
    other = plan(space={"dimensions": {"x": Choices(choices=(1, 2)).model_dump()}})
    with pytest.raises(Conflict, match="begun with another space"):
        run(tmp_path, other, 3)


def test_a_study_that_another_process_works_on_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "study.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="Another process works on the study study"):
            run(tmp_path, plan(), 1)


def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput), open_study(tmp_path, "../x", lambda _kept: plan(), LOWER, Pruning()):
        pass


def test_trials_left_running_by_a_killed_process_count_as_interrupted(tmp_path: Path) -> None:
    with open_study(tmp_path, "study", lambda _kept: plan(), LOWER, Pruning()) as study:
        _begin_and_die(study)
    with open_study(tmp_path, "study", lambda _kept: plan(), LOWER, Pruning()) as study:
        (trial,) = study.trials()
        assert (trial.state, trial.reason) == ("failed", "interrupted")
        assert study.counted() == []


def _begin_and_die(study: StudyFile) -> None:
    assert study._ask(space()) is not None


def test_the_table_and_the_pictures_are_written(tmp_path: Path) -> None:
    findings, _ = run(tmp_path, plan(), trials=15)
    files = write_findings(findings, tmp_path / "outputs")
    assert [file.name for file in files] == [
        "grid_search_results.csv",
        "tuning_heat_map.svg",
        "tuning_heat_map.png",
        "tuning_sensitivity.svg",
        "tuning_sensitivity.png",
    ]
    lines = files[0].read_text().splitlines()
    assert lines[0].startswith("trial,state,all.rmse,fold_1,rating.n_factors,rating.reg_all,seconds")
    assert len(lines) == 16
    assert lines[1].split(",")[1:6] == [
        "complete",
        "0.000000",
        "0.000000",
        "30",
        "0.1",
    ]  # the best comes first
    assert "rating.n_factors" in files[1].read_text()


def test_the_lines_for_params_yaml_are_what_was_found(tmp_path: Path) -> None:
    findings, _ = run(tmp_path, plan(), trials=15)
    assert findings.yaml.splitlines()[:3] == ["rating:", "  algorithm: svd", "  n_factors: 30"]
    assert "  reg_all: 0.1" in findings.yaml


def test_nothing_is_drawn_of_nothing(tmp_path: Path) -> None:
    def never(_values: Mapping[str, Value], _fold: int) -> float:
        raise TrialFailed("no")

    findings, _ = run(tmp_path, plan(), 2, never)
    assert [file.name for file in write_findings(findings, tmp_path / "outputs")] == [
        "grid_search_results.csv"
    ]
    assert findings.yaml == ""


def test_a_commit_that_fails_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"study\.db cannot be used"), _readable(tmp_path / "study.db"):
        raise StorageInternalError("An exception is raised during the commit.") from OSError("disk full")
