"""The service's loop: lead if nobody else does, and as the leader see to the queue."""

import logging
import threading
import time

from marquee.store.leadership import Leadership
from retraining.jobs import Jobs
from retraining.outages import Outage
from retraining.runner import Runner
from retraining.status import Status

logger = logging.getLogger("retraining")

TICK_SECONDS = 0.5


class Service:
    """Goes round until `stop` is called; one thread, the one that calls `run`."""

    def __init__(
        self, leadership: Leadership, runner: Runner, jobs: Jobs, status: Status, postgres: Outage
    ) -> None:
        self._leadership = leadership
        self._runner = runner
        self._jobs = jobs
        self._status = status
        self._postgres = postgres
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Have `run` return soon; safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Lead and train, or wait for the chance to; without Postgres, wait for it."""
        scheduler = self._jobs.scheduler()
        scheduler.start()
        while not self._stopping.wait(TICK_SECONDS):
            self._status.beat = time.monotonic()
            self._go_round()
        scheduler.shutdown(wait=False)
        self._shut_down()

    def _go_round(self) -> None:
        leads = False
        with self._postgres.watched():
            leads = self._leadership.acquire()
            if leads:
                self._lead()
        if not leads and self._status.leading.is_set():
            self._step_down()

    def _lead(self) -> None:
        if not self._status.leading.is_set():
            logger.info("This process leads.")
            self._runner.bury("the process that ran it has gone")
            self._jobs.catch_up()
            self._status.leading.set()
        self._runner.step()

    def _step_down(self) -> None:
        """Another may lead by now, and train: what runs here must end. Who leads next settles its row."""
        logger.warning("This process leads no longer.")
        self._status.leading.clear()
        self._runner.stop()

    def _shut_down(self) -> None:
        was_training = self._runner.stop()
        if was_training and self._status.leading.is_set():
            with self._postgres.watched():
                self._runner.bury("the retraining service was stopped", patience=2.0, blameless=True)
        self._leadership.release()
        logger.info("Stopped.")
