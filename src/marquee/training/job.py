"""A training as a job: one at a time, with a row in Postgres that says how it goes and how it ended."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from marquee.domain.errors import Conflict, MarqueeError, Unreachable
from marquee.settings import Settings, load_params, load_policy, load_serving
from marquee.settings.params import with_algorithms
from marquee.store import runs
from marquee.store.leadership import TRAINING_LOCK, Leadership
from marquee.training.context import TrainingContext
from marquee.training.progress import OnProgress
from marquee.training.queue import RETRAINING, TRAINING, postpone
from marquee.training.registration import Registered
from marquee.training.run import train

_LOOK_SECONDS = 2.0  # more than the lock is held by whoever only looks whether a training has died


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants a training, and why.

    Attributes:
        params: another `params.yaml` than the platform's.
        rating, ranking: other algorithms than those of `params.yaml`.
        deploy: whether the policy may take a version on that passes the gates.
    """

    trigger: str
    requested_by: str
    reason: str = ""
    params: Path | None = None
    deploy: bool = True
    rating: str | None = None
    ranking: str | None = None


def run_now(
    settings: Settings, engine: Engine, order: Order, on_progress: OnProgress, *, run_id: str
) -> Registered:
    """Train in this process, under a new row of the table of runs.

    Raises:
        Conflict: another training runs.
        MarqueeError: the training failed; the row says so too.
    """
    with _alone(engine):
        with engine.begin() as connection:
            runs.request(
                connection,
                run_id=run_id,
                kind=TRAINING,
                trigger=order.trigger,
                requested_by=order.requested_by,
                reason=order.reason,
            )
            runs.start(connection, run_id)  # in the same transaction: nobody sees it queued
        return _carry_out(settings, engine, order, run_id, on_progress)


def run_queued(settings: Settings, engine: Engine, run_id: str, on_progress: OnProgress) -> Registered:
    """Train in this process, for a run that waits in the queue.

    Raises:
        NotFound: there is no such run.
        Conflict: another training runs, or the run does not wait (any more).
        MarqueeError: the training failed; the row says so too.
    """
    with _alone(engine):
        with engine.begin() as connection:
            run = runs.get(connection, run_id)
            if not runs.start(connection, run_id):
                raise Conflict(f"Run {run_id} is {run.state}, not queued.")
        order = Order(run.trigger, run.requested_by, run.reason)
        return _carry_out(settings, engine, order, run_id, on_progress)


def _carry_out(
    settings: Settings, engine: Engine, order: Order, run_id: str, on_progress: OnProgress
) -> Registered:
    journal = _Journal(engine, run_id, on_progress)
    try:
        registered = train(context_of(settings, engine, order), journal.note)
    except (Unreachable, OperationalError) as error:  # MLflow or Postgres went away
        journal.put_off(str(error) if isinstance(error, Unreachable) else "Postgres could not be reached.")
        raise
    except MarqueeError as error:
        journal.fail(str(error))
        raise
    except Exception as error:  # a defect: the run's row must say so before the process dies of it
        journal.fail(f"{type(error).__name__}: {error}")
        raise
    journal.succeed(registered)
    return registered


def context_of(settings: Settings, engine: Engine, order: Order) -> TrainingContext:
    """What an order means on this platform: its configuration is read now.

    Raises:
        ConfigurationError: naming the file and the key.
        InvalidInput: there is no such algorithm.
    """
    _keep_caches_in(settings.home / "training-cache")
    return TrainingContext(
        engine=engine,
        home=settings.home,
        mlflow=settings.mlflow(),
        params=with_algorithms(
            load_params(order.params or settings.configs_dir / "params.yaml"), order.rating, order.ranking
        ),
        policy=load_policy(settings.configs_dir / "policy.yaml"),
        serving=load_serving(settings.configs_dir / "serving.yaml"),
        trigger=order.trigger,
        requested_by=order.requested_by,
        reason=order.reason,
        deploy=order.deploy,
    )


def _keep_caches_in(folder: Path) -> None:
    """Where matplotlib puts its own by itself is the account's home, which a service may not have."""
    os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    lock = Leadership(engine, TRAINING_LOCK)
    deadline = time.monotonic() + _LOOK_SECONDS
    while not lock.acquire():
        if time.monotonic() > deadline:
            raise Conflict(
                "Another training runs.", hint="See `marquee jobs list`; try again when it has ended."
            )
        time.sleep(0.1)
    try:
        yield
    finally:
        lock.release()


class _Journal:
    """Writes what a training says into its row and log, each line a transaction of its own."""

    def __init__(self, engine: Engine, run_id: str, on_progress: OnProgress) -> None:
        self._engine = engine
        self._run_id = run_id
        self._on_progress = on_progress

    def note(self, message: str, share: float | None) -> None:
        self._on_progress(message, share)
        with self._engine.begin() as connection:
            runs.log(connection, self._run_id, message)
            if share is not None:
                runs.report(connection, self._run_id, step=message, progress=share)

    def succeed(self, registered: Registered) -> None:
        with self._engine.begin() as connection:
            runs.succeed(
                connection, self._run_id, model_version=registered.version, result=registered.to_dict()
            )

    def put_off(self, reason: str) -> None:
        """A run of the queue goes back there; one that somebody started here and now fails."""
        line = " ".join(reason.split())
        try:
            with self._engine.begin() as connection:
                if runs.get(connection, self._run_id).kind == RETRAINING:
                    postpone(connection, self._run_id, line)
                    return
        except SQLAlchemyError as error:
            self._on_progress(f"The run's row could not be written: {type(error).__name__}", None)
            return  # it stays `running` until the retraining service sees to it
        self.fail(line)

    def fail(self, reason: str) -> None:
        line = " ".join(reason.split())
        self._on_progress(f"failed: {line}", None)
        try:
            with self._engine.begin() as connection:
                runs.log(connection, self._run_id, line, level="error")
                runs.fail(connection, self._run_id, line)
        except SQLAlchemyError as error:
            # Postgres is away: the row stays `running` until the retraining service finds that nobody trains.
            self._on_progress(f"The run's row could not be written: {type(error).__name__}", None)
