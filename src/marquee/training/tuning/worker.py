"""One fold of one trial, in a child process: Ctrl-C ends it at once, and a crash is the trial's alone."""

import math
import multiprocessing
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from marquee.domain.errors import MarqueeError
from marquee.evaluation.protocols import prequential
from marquee.models.arrays import blas_threads
from marquee.models.model_set import ModelSet
from marquee.models.train import train_baselines, train_ranking, train_rating
from marquee.models.training_set import TrainingSet
from marquee.recommend.recommender import Recommender
from marquee.settings import Params, Serving
from marquee.settings.tuning import Goal, Role
from marquee.training.process import describe_end, end_with_parent
from marquee.training.tuning.folds import Folds

_PATIENCE = 5.0  # seconds for a process that was asked to end


class TrialFailed(Exception):
    """A trial cannot have a score; its text says why. The study goes on."""


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """Everything that scores parameters: `score` is a pure function of them and the fold's number.

    Attributes:
        threads: of the linear algebra.
    """

    folds: Folds
    role: Role
    goal: Goal
    serving: Serving
    k: int
    threads: int = 1

    def score(self, params: Params, fold: int) -> float:
        """The goal's figure for a model trained on the fold's past, judged on the fold's window.

        Raises:
            TrialFailed: the figure is not finite, or there is nobody to measure it on.
            MarqueeError: the model cannot be trained with these parameters.
        """
        split = self.folds.splits[fold]
        past = TrainingSet.from_tables(split.train, self.folds.items, self.folds.users)
        with blas_threads(self.threads):
            models = self._models(past, params)
            report = prequential(
                Recommender(models, self.serving),
                split.train,
                split.test,
                k=self.k,
                users=self.folds.users,
            )
        value = report.figure(self.goal.group, self.goal.metric)
        if value is None or not math.isfinite(value):
            raise TrialFailed(f"{self.goal.name} of fold {fold + 1} is {value}, not a number.")
        return value

    def _models(self, past: TrainingSet, params: Params) -> ModelSet:
        """What is tuned, with a baseline in the other role."""
        baselines = train_baselines(past)
        if self.role == "rating":
            rating, _ = train_rating(past, params.rating, threads=self.threads)
            return replace(baselines, rating=rating, user_vocabulary=past.user_features.vocabulary)
        ranking = train_ranking(past, params.ranking, threads=self.threads)
        return replace(baselines, ranking=ranking, user_vocabulary=past.user_features.vocabulary)


class Worker:
    """A child process with a bench; use it as a context manager. A new one is started when it has died."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._child: _Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def score(self, params: Params, fold: int) -> float:
        """`Bench.score`, elsewhere.

        Raises:
            TrialFailed: the bench failed, or the process died (of memory, of a crash in compiled code).
        """
        if self._child is None:
            self._child = _Child.start(self._bench)
        try:
            self._child.pipe.send((params.model_dump(), fold))
            value, reason = self._child.pipe.recv()
        except (EOFError, OSError):
            ended = self._child.stop()
            self._child = None
            raise TrialFailed(f"The process that trained ended with {ended}.") from None
        if reason:
            raise TrialFailed(reason)
        return float(value)

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._child is not None:
            self._child.stop()
            self._child = None


@dataclass(frozen=True, slots=True, eq=False)
class _Child:
    process: multiprocessing.process.BaseProcess
    pipe: Connection

    @classmethod
    def start(cls, bench: Bench) -> Self:
        context = multiprocessing.get_context("spawn")  # a fork would copy locks that other threads hold
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, bench, os.getpid()), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours)

    def stop(self) -> str:
        """End it; returns what it ended with, in words."""
        self.process.join(0.1)  # if it is dying, of what it is dying
        if self.process.is_alive():
            self.process.kill()
        self.process.join(_PATIENCE)
        self.pipe.close()
        return describe_end(self.process.exitcode or 0)


def _serve(pipe: Connection, bench: Bench, parent: int) -> None:
    """Answer (parameters, fold) with (value, "") or (None, reason) until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's matter, which ends this process by a kill
    end_with_parent(parent)
    while True:
        try:
            content, fold = pipe.recv()
        except EOFError:
            return
        pipe.send(_answer(bench, content, fold))


def _answer(bench: Bench, content: Mapping[str, Any], fold: int) -> tuple[float | None, str]:
    try:
        return bench.score(Params.model_validate(content), fold), ""
    except (MarqueeError, TrialFailed) as error:
        return None, str(error)
    except (ArithmeticError, ValueError, MemoryError) as error:  # LinAlgError is a ValueError
        return None, f"{type(error).__name__}: {error}".rstrip(": ")
