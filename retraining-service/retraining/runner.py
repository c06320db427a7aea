"""Starts the training of a queued run in a child process, and sees how it ends."""

import logging

from sqlalchemy import Connection, Engine

from marquee.domain.clock import Clock, system_clock
from marquee.domain.errors import Conflict, Unavailable
from marquee.registry.client import RegistryClient
from marquee.store import runs
from marquee.store.runs import Run
from marquee.training.process import TrainingProcess, describe_end
from marquee.training.queue import bury_the_dead, is_due, next_due, postpone
from retraining.outages import Outage
from retraining.status import Metrics, Status

logger = logging.getLogger("retraining")

ANOTHER_TRAINS = Conflict.exit_code
A_PART_IS_AWAY = Unavailable.exit_code
WAITS = "waiting for MLflow"
STOP_SECONDS = 5.0


class Runner:
    """One training at a time. For the loop's thread alone: the kernel ends a child with its thread."""

    def __init__(
        self,
        engine: Engine,
        registry: RegistryClient,
        status: Status,
        metrics: Metrics,
        mlflow: Outage,
        clock: Clock = system_clock,
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._mlflow = mlflow
        self._clock = clock
        self._status = status
        self._metrics = metrics
        self._child: TrainingProcess | None = None

    def step(self) -> None:
        """See to the run that goes, or start the one that has waited longest."""
        if self._child is None:
            self.bury("the process that ran it has gone")
            self._start_next()
            return
        status = self._child.exit_status()
        if status is not None:
            self._settle(status)

    def stop(self) -> bool:
        """End the training that runs; `bury` settles its row, here or in the next leader. False: none ran."""
        if self._child is None:
            return False
        logger.warning("The training of run %s is stopped.", self._status.run_id)
        self._child.stop(patience=STOP_SECONDS)
        self._forget()
        return True

    def bury(self, cause: str, *, patience: float = 0.0, blameless: bool = False) -> None:
        """Settle runs whose process has gone; see `bury_the_dead`."""
        for run in bury_the_dead(self._engine, cause, patience=patience, blameless=blameless):
            logger.warning("Run %s was interrupted: %s.", run.run_id, cause)
            self._metrics.runs.labels("interrupted").inc()

    def _start_next(self) -> None:
        with self._engine.connect() as connection:
            run = next_due(connection, self._clock())
        if run is not None and self._mlflow_answers(run):
            logger.info("Run %s begins (%s).", run.run_id, run.trigger)
            self._child = TrainingProcess(["--run-id", run.run_id])
            self._status.run_id = run.run_id

    def _mlflow_answers(self, run: Run) -> bool:
        """Whether a training could write down what it finds; while not, the run waits, and says so."""
        with self._mlflow.watched():
            self._registry.ping()
            return True
        if run.step != WAITS:
            with self._engine.begin() as connection:
                runs.report(connection, run.run_id, step=WAITS, progress=None)
                runs.log(connection, run.run_id, "It waits until MLflow answers.")
        return False

    def _settle(self, status: int) -> None:
        """The child has ended: normally its row says how; otherwise say it here."""
        with self._engine.begin() as connection:
            run = runs.get(connection, str(self._status.run_id))
            if status == A_PART_IS_AWAY and self._is_unsettled(connection, run):
                postpone(connection, run.run_id, "The training could not reach Postgres.")
                run = runs.get(connection, run.run_id)
            elif run.state == "queued" and status not in (ANOTHER_TRAINS, A_PART_IS_AWAY):
                # It never took the run (wrong settings, say), and would not the next time.
                reason = f"It could not begin ({describe_end(status)}); the service's log says why."
                runs.fail(connection, run.run_id, reason)
        if run.state == "running":
            self.bury(f"the training's process ended with {describe_end(status)}")
            with self._engine.connect() as connection:
                run = runs.get(connection, run.run_id)
            if run.state == "running":
                return  # Postgres has not noticed the end of the process's connection yet
        self._report(run)
        self._forget()

    def _is_unsettled(self, connection: Connection, run: Run) -> bool:
        """Whether the process could not even write that it postponed its run."""
        return run.state == "running" or (
            run.state == "queued" and is_due(connection, run.run_id, self._clock())
        )

    def _report(self, run: Run) -> None:
        logger.info("Run %s %s. %s", run.run_id, run.state, run.error or "")
        if run.state in ("succeeded", "failed"):
            self._metrics.runs.labels(run.state).inc()
        if run.started_at is not None and run.finished_at is not None:
            self._metrics.seconds.observe((run.finished_at - run.started_at).total_seconds())

    def _forget(self) -> None:
        self._child = None
        self._status.run_id = None
