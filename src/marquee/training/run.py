"""A training, from the data in Postgres to a registered version."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marquee.data.quality import Quality
from marquee.domain.errors import Unavailable
from marquee.evaluation.gates import Gate
from marquee.models.arrays import blas_threads
from marquee.registry.client import RegistryClient
from marquee.registry.runs import TrackingClient, TrainedModel
from marquee.training import progress
from marquee.training.context import TrainingContext
from marquee.training.facts import facts_of_training
from marquee.training.finished import data_gate, integrity_gate, size_gates, time_gates
from marquee.training.judgement import findings, judge_recipe
from marquee.training.logbook import run_record, write_files
from marquee.training.progress import OnProgress
from marquee.training.quality import check_snapshot
from marquee.training.refit import refit
from marquee.training.registration import Registered, register
from marquee.training.snapshot import Snapshot, take_snapshot


def train(context: TrainingContext, on_progress: OnProgress) -> Registered:
    """Take a snapshot, judge the recipe, train it on everything, register it; take it on if the gates pass.

    Only one training at a time may run on a state folder; `marquee.training.job` sees to that.

    Raises:
        DataError: there are no ratings, too few, or a quality check fails.
        InvalidInput: the recipe cannot be trained.
        Unavailable: MLflow, Postgres or the disk does not take it. The champion is then as it was.
    """
    began = context.clock()
    with (
        _disk_may_fill(),
        blas_threads(context.threads),
        RegistryClient(context.mlflow) as registry,
        _workshop(context.home) as folder,
    ):
        registry.ping()  # now, not after a minute of training
        on_progress(*progress.SNAPSHOT)
        snapshot = take_snapshot(context.engine, context.home, context.serving.feedback, clock=context.clock)
        on_progress(f"{len(snapshot.tables.ratings)} ratings, snapshot {snapshot.hash[:12]}", None)
        quality = check_snapshot(snapshot, context.serving.rating_scale, began, on_progress)
        judgement = judge_recipe(context, snapshot, registry, folder, on_progress)
        on_progress(*progress.REFIT)
        scale = context.serving.rating_scale
        started = time.perf_counter()
        model = refit(
            snapshot,
            judgement,
            scale,
            folder,
            threads=context.threads,
            created_at=began,
        )
        seconds = time.perf_counter() - started
        judgement = judgement.with_gates(*_of_files(context, snapshot, quality, model, seconds))
        for line in findings(judgement, judgement.comparison):
            on_progress(line, None)
        on_progress(*progress.PLOTS)
        files = write_files(judgement, quality, folder)
        on_progress(*progress.LOG)
        tracking = TrackingClient(context.mlflow)
        logged = tracking.log(run_record(context, snapshot, judgement, model, files, began))
        on_progress(*progress.DECIDE)
        facts = facts_of_training(context, model, logged, seconds)
        return register(context, tracking, registry, logged, snapshot, judgement, facts, on_progress)


def _of_files(
    context: TrainingContext, snapshot: Snapshot, quality: Quality, model: TrainedModel, seconds: float
) -> Iterator[Gate]:
    """The gates of the data, and of the bundle that was just written."""
    rules, k = context.policy.gates, context.params.evaluation.k
    yield data_gate(quality, rules.most_warnings)
    yield from size_gates(rules.cost, model.bundle)
    yield from time_gates(rules.cost, seconds)
    yield integrity_gate(model.bundle, snapshot.tables, context.serving, sample=rules.sample, k=k)


@contextmanager
def _workshop(home: Path) -> Iterator[Path]:
    """An empty folder for files on their way to MLflow; what a killed training left goes first."""
    parent = home / "training"
    shutil.rmtree(parent, ignore_errors=True)
    parent.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


@contextmanager
def _disk_may_fill() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise Unavailable(
            f"The training's files cannot be written: {error.strerror or error}{where}.",
            hint="Make room on the disk, and see that MARQUEE_HOME is this user's.",
        ) from error
