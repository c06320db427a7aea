"""One fold in a child process: its answers, its failures, its death."""

import os
import signal
from collections.abc import Iterator

import pytest

from marquee.settings import Params, Serving
from marquee.settings.tuning import Goal, Validation
from marquee.training.tuning.folds import inner_folds
from marquee.training.tuning.worker import Bench, TrialFailed, Worker
from tests.support.ratings import checkerboard, undescribed

QUICK = Params.model_validate({"rating": {"n_factors": 4, "n_epochs": 30}})


@pytest.fixture(scope="module")
def bench() -> Bench:
    frame = checkerboard()
    folds = inner_folds(frame, *undescribed(frame), 0.2, Validation(share=0.3, folds=2))
    return Bench(folds, "rating", Goal(metric="rmse"), Serving(), k=5)


@pytest.fixture(scope="module")
def worker(bench: Bench) -> Iterator[Worker]:
    with Worker(bench) as worker:
        yield worker


def test_the_child_answers_what_the_bench_answers(bench: Bench, worker: Worker) -> None:
    assert worker.score(QUICK, 0) == bench.score(QUICK, 0)
    assert worker.score(QUICK, 1) == bench.score(QUICK, 1)
    assert worker.score(QUICK, 0) < 2.0  # the mean alone is off by 2 everywhere


def test_a_descent_that_runs_away_fails_the_trial_with_its_reason(worker: Worker) -> None:
    wild = Params.model_validate({"rating": {"n_factors": 4, "n_epochs": 400, "lr_all": 1.0, "reg_all": 0.0}})
    with pytest.raises(TrialFailed, match="SVD's training ran away to infinity"):
        worker.score(wild, 0)
    assert worker.score(QUICK, 0) > 0  # and the next one is scored


def test_a_child_that_dies_fails_the_trial_and_another_takes_its_place(worker: Worker) -> None:
    before = worker.score(QUICK, 0)
    assert worker._child is not None
    os.kill(worker._child.process.pid or 0, signal.SIGKILL)
    with pytest.raises(TrialFailed, match="ended with SIGKILL"):
        worker.score(QUICK, 0)
    assert worker.score(QUICK, 0) == before


def test_nobody_to_measure_is_no_score(bench: Bench) -> None:
    known = Goal(metric="ndcg", group="new")
    nobody_is_new = Bench(bench.folds, "ranking", known, Serving(), k=5)
    with pytest.raises(TrialFailed, match=r"new\.ndcg of fold 1 is None"):
        nobody_is_new.score(QUICK, 0)
