"""What happens from time to time. Jobs are defined here, in code; what they ask for stands in Postgres."""

import logging
from datetime import UTC

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Connection, Engine

from marquee.domain.clock import Clock, system_clock
from marquee.domain.errors import Conflict
from marquee.lifecycle import Mirroring, mirror, mirror_tags
from marquee.lifecycle.conductor import conduct
from marquee.lifecycle.onward import take_up
from marquee.lifecycle.retirement import retire_due
from marquee.registry.client import RegistryClient
from marquee.settings import Policy
from marquee.settings.serving import Serving
from marquee.store import changes, impressions, outcomes, workers
from marquee.training.queue import enqueue
from retraining import triggers
from retraining.outages import Outage
from retraining.status import Metrics, Status

logger = logging.getLogger("retraining")

DATA_SECONDS = 10  # between looks at the number of new ratings
MIRROR_SECONDS = 3  # between looks at MLflow's aliases
TAGS_SECONDS = 15  # between looks at MLflow's tags
RETIRE_AT = CronTrigger(hour=2, minute=30, timezone=UTC)  # a new leader does it too
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
        self._policy = policy
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
        scheduler.add_job(self.mirror_tags, IntervalTrigger(seconds=TAGS_SECONDS), id="mirror tags")
        scheduler.add_job(
            self.conduct, IntervalTrigger(seconds=self._policy.rollouts.look_seconds), id="conduct"
        )
        scheduler.add_job(self.retire, RETIRE_AT, id="retire")
        scheduler.add_job(self.prune, IntervalTrigger(hours=1), id="prune")
        return scheduler

    def catch_up(self) -> None:
        """Make up for what fell due while nobody led. For the moment of becoming the leader."""
        with self._engine.begin() as connection:
            if self._cron is not None and triggers.missed(connection, self._cron, self._clock()):
                self._ask(connection, triggers.SCHEDULE, "The schedule fell due while the service was away.")
        self._retire()

    def schedule(self) -> None:
        """The cron expression of `policy.yaml` fires."""
        if not self._status.leading.is_set():
            return
        with self._postgres.watched(), self._engine.begin() as connection:
            self._ask(connection, triggers.SCHEDULE, "")

    def new_data(self) -> None:
        """Ask for a training when enough ratings have come since the last that made a version."""
        if self._wanted is None or not self._status.leading.is_set():
            return
        with self._postgres.watched(), self._engine.begin() as connection:
            count = triggers.enough_new_ratings(
                connection, self._wanted, self._clock(), self._serving.feedback
            )
            if count is not None:
                self._ask(
                    connection,
                    triggers.NEW_DATA,
                    f"{count} new ratings since the newest version was trained.",
                )

    def mirror(self) -> None:
        """Have MLflow's aliases follow the deployment."""
        if not self._status.leading.is_set():
            return
        with self._postgres.watched(), self._mlflow.watched():
            found = mirror(self._engine, self._registry)
            if found is Mirroring.RESTORED:
                logger.warning("An alias had been moved in MLflow; it was put back, and an alert says so.")
            elif found is Mirroring.MOVED:
                logger.info("MLflow's aliases follow the deployment.")

    def mirror_tags(self) -> None:
        """Have MLflow's tags say the state and the number of each version."""
        if not self._status.leading.is_set():
            return
        with self._postgres.watched(), self._mlflow.watched():
            mirror_tags(self._engine, self._registry)

    def conduct(self) -> None:
        """Take the rollout that goes on, or back; when none goes, begin that of a version which waits."""
        if not self._status.leading.is_set():
            return
        with self._postgres.watched():
            done = conduct(self._engine, self._serving, self._clock)
            for line in (*done, *take_up(self._engine, self._policy, self._clock)):
                logger.info("%s", line)

    def retire(self) -> None:
        """Retire versions that nobody may return to any more."""
        if not self._status.leading.is_set():
            return
        with self._postgres.watched():
            self._retire()

    def _retire(self) -> None:
        for version in retire_due(self._engine, self._clock):
            logger.info("Version %d is retired: the time to return to it is over.", version)

    def prune(self) -> None:
        """Delete what every reader of the change feed has had long since, and what else is over."""
        if not self._status.leading.is_set():
            return
        with self._postgres.watched():
            with self._engine.begin() as connection:
                changes.prune(connection, older_than_hours=FEED_HOURS)
                workers.prune(connection)
                outcomes.forget_ended(connection)
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
