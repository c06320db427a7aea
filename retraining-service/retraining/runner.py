"""Starts the training of a queued run in a child process, and sees how it ends."""

import logging

from sqlalchemy import Engine

from marquee.domain.errors import Conflict
from marquee.store import runs
from marquee.store.runs import Run
from marquee.training.process import TrainingProcess, describe_end
from marquee.training.queue import RETRAINING, bury_the_dead
from retraining.status import Metrics, Status

logger = logging.getLogger("retraining")

ANOTHER_TRAINS = Conflict.exit_code
STOP_SECONDS = 5.0


class Runner:
    """One training at a time. For the loop's thread alone: the kernel ends a child with its thread."""

    def __init__(self, engine: Engine, status: Status, metrics: Metrics) -> None:
        self._engine = engine
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

    def bury(self, cause: str, *, patience: float = 0.0) -> None:
        """Settle runs whose process has gone; see `bury_the_dead`."""
        for run in bury_the_dead(self._engine, cause, patience=patience):
            logger.warning("Run %s was interrupted: %s.", run.run_id, cause)
            self._metrics.runs.labels("interrupted").inc()

    def _start_next(self) -> None:
        with self._engine.connect() as connection:
            waiting = runs.in_state(connection, "queued", kind=RETRAINING)
        if waiting:
            run = waiting[0]
            logger.info("Run %s begins (%s).", run.run_id, run.trigger)
            self._child = TrainingProcess(["--run-id", run.run_id])
            self._status.run_id = run.run_id

    def _settle(self, status: int) -> None:
        """The child has ended: normally its row says how; otherwise say it here."""
        with self._engine.begin() as connection:
            run = runs.get(connection, str(self._status.run_id))
            if run.state == "queued" and status != ANOTHER_TRAINS:
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

    def _report(self, run: Run) -> None:
        logger.info("Run %s %s. %s", run.run_id, run.state, run.error or "")
        if run.state in ("succeeded", "failed"):
            self._metrics.runs.labels(run.state).inc()
        if run.started_at is not None and run.finished_at is not None:
            self._metrics.seconds.observe((run.finished_at - run.started_at).total_seconds())

    def _forget(self) -> None:
        self._child = None
        self._status.run_id = None
