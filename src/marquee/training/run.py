"""A training, from the data in Postgres to a registered version."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marquee.domain.errors import Unavailable
from marquee.models.arrays import blas_threads
from marquee.registry.client import RegistryClient
from marquee.registry.runs import TrackingClient
from marquee.training import progress
from marquee.training.context import TrainingContext
from marquee.training.judgement import judge_recipe
from marquee.training.logbook import run_record, write_files
from marquee.training.progress import OnProgress
from marquee.training.quality import check_snapshot
from marquee.training.refit import refit
from marquee.training.registration import Registered, register
from marquee.training.snapshot import take_snapshot


def train(context: TrainingContext, on_progress: OnProgress) -> Registered:
    """Take a snapshot, judge the recipe, train it on everything, register it; deploy it if the gates pass.

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
        model = refit(
            snapshot,
            judgement,
            scale,
            folder,
            threads=context.threads,
            created_at=began,
        )
        on_progress(*progress.PLOTS)
        files = write_files(judgement, quality, folder)
        on_progress(*progress.LOG)
        tracking = TrackingClient(context.mlflow)
        logged = tracking.log(run_record(context, snapshot, judgement, model, files, began))
        on_progress(*progress.DECIDE)
        return register(context, tracking, registry, logged, snapshot, judgement, on_progress)


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
