"""What happens from time to time. Jobs are defined here, in code; what they ask for stands in Postgres."""

import logging
from datetime import UTC

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Connection, Engine

from marquee.domain.clock import Clock, system_clock
from marquee.domain.errors import Conflict
from marquee.lifecycle import Mirroring, mirror
from marquee.registry.client import RegistryClient
from marquee.settings import Policy
from marquee.settings.serving import Serving
from marquee.store import changes, impressions
from marquee.training.queue import enqueue
from retraining import triggers
from retraining.outages import Outage
from retraining.status import Metrics, Status

logger = logging.getLogger("retraining")

DATA_SECONDS = 10  # between looks at the number of new ratings
MIRROR_SECONDS = 3  # between looks at MLflow's alias
FEED_HOURS = 24  # changes older than this have been read by everybody
REQUESTED_BY = "retraining service"


class Jobs:
    """The jobs of a leader; a follower's do nothing."""

    def __init__(
        self,
        engine: Engine,
        registry: RegistryClient,
        policy: Policy,
        status: Status,
        metrics: Metrics,
        postgres: Outage,
        mlflow: Outage,
        clock: Clock = system_clock,
        *,
        serving: Serving,
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._wanted = policy.triggers.new_ratings
        self._cron = None if policy.triggers.cron is None else triggers.cron_trigger(policy.triggers.cron)
        self._status = status
        self._metrics = metrics
        self._postgres = postgres
        self._mlflow = mlflow
        self._serving = serving
        self._clock = clock

    def scheduler(self) -> BackgroundScheduler:
        """A scheduler of all jobs, not started yet."""
        late = int(triggers.GRACE.total_seconds())  # the default would drop what is a second late
        defaults = {"misfire_grace_time": late, "coalesce": True, "max_instances": 1}
        scheduler = BackgroundScheduler(timezone=UTC, job_defaults=defaults)
        if self._cron is not None:
            scheduler.add_job(self.schedule, self._cron, id="schedule")
        if self._wanted is not None:
            scheduler.add_job(self.new_data, IntervalTrigger(seconds=DATA_SECONDS), id="new data")
        scheduler.add_job(self.mirror, IntervalTrigger(seconds=MIRROR_SECONDS), id="mirror")
        scheduler.add_job(self.prune, IntervalTrigger(hours=1), id="prune")
        return scheduler

    def catch_up(self) -> None:
        """Make up for a schedule that fell due while nobody led. For the moment of becoming the leader."""
        with self._engine.begin() as connection:
            if self._cron is not None and triggers.missed(connection, self._cron, self._clock()):
                self._ask(connection, triggers.SCHEDULE, "The schedule fell due while the service was away.")

    def schedule(self) -> None:
        """The cron expression of `policy.yaml` fires."""
        if not self._status.leading.is_set():
            return
        with self._postgres.watched(), self._engine.begin() as connection:
            self._ask(connection, triggers.SCHEDULE, "")

    def new_data(self) -> None:
        """Ask for a training when enough ratings have come since the last one."""
        if self._wanted is None or not self._status.leading.is_set():
            return
        with self._postgres.watched(), self._engine.begin() as connection:
            count = triggers.enough_new_ratings(
                connection, self._wanted, self._clock(), self._serving.feedback
            )
            if count is not None:
                self._ask(connection, triggers.NEW_DATA, f"{count} new ratings since the last training.")

    def mirror(self) -> None:
        """Have MLflow's alias follow the deployment."""
        if not self._status.leading.is_set():
            return
        with self._postgres.watched(), self._mlflow.watched():
            found = mirror(self._engine, self._registry)
            if found is Mirroring.RESTORED:
                logger.warning("The alias `champion` had been moved in MLflow; it was put back.")
            elif found is Mirroring.MOVED:
                logger.info("MLflow's alias `champion` follows the deployment.")

    def prune(self) -> None:
        """Delete what every reader of the change feed has had long since, and old impressions."""
        if not self._status.leading.is_set():
            return
        with self._postgres.watched():
            with self._engine.begin() as connection:
                changes.prune(connection, older_than_hours=FEED_HOURS)
            self._drop_impressions()

    def _drop_impressions(self) -> None:
        try:
            with self._engine.begin() as connection:
                dropped = impressions.drop_days(
                    connection, now=self._clock(), keep_days=self._serving.impressions.keep_days
                )
        except Conflict as conflict:
            logger.warning("%s", conflict)
            return
        if dropped:
            logger.info("The impressions of %s are dropped.", ", ".join(map(str, dropped)))

    def _ask(self, connection: Connection, trigger: str, reason: str) -> None:
        if triggers.is_busy(connection):
            return  # that training takes the newest data too
        run = enqueue(connection, trigger=trigger, requested_by=REQUESTED_BY, reason=reason)
        self._metrics.queued.labels(trigger).inc()
        logger.info("Run %s is queued (%s). %s", run.run_id, trigger, reason)
