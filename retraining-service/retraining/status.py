"""What the service knows of itself: written by its loop and jobs, read by its health page and metrics."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

STALE_SECONDS = 60.0


@dataclass(slots=True)
class Status:
    """Safe to share between threads: every field is replaced whole.

    Attributes:
        leading: whether this process is the leader; set and cleared by the loop alone.
        postgres, mlflow: why the part cannot be used, or None when it could the last time; only a leader asks
            MLflow.
        run_id: of the training that runs.
    """

    leading: threading.Event = field(default_factory=threading.Event)
    postgres: str | None = "not asked yet"
    mlflow: str | None = None
    run_id: str | None = None
    beat: float = field(default_factory=time.monotonic)

    @property
    def is_alive(self) -> bool:
        """Whether the loop has gone round lately."""
        return time.monotonic() - self.beat < STALE_SECONDS

    @property
    def role(self) -> str:
        return "leader" if self.leading.is_set() else "follower"


class Metrics:
    """What Prometheus reads; of this process alone."""

    def __init__(self, status: Status) -> None:
        self.registry = CollectorRegistry()
        self.runs = Counter(
            "marquee_retraining_runs", "Trainings that ended, by state.", ["state"], registry=self.registry
        )
        for state in ("succeeded", "failed", "interrupted"):
            self.runs.labels(state)  # so that a rate can be taken before the first one
        self.seconds = Histogram(
            "marquee_retraining_run_seconds",
            "How long trainings took.",
            buckets=(5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600),
            registry=self.registry,
        )
        self.queued = Counter(
            "marquee_retraining_queued",
            "Trainings asked for by a trigger of the service.",
            ["trigger"],
            registry=self.registry,
        )
        self._gauge("leader", "1 when this process leads.", lambda: float(status.leading.is_set()))
        self._gauge("running", "1 while a training runs.", lambda: float(status.run_id is not None))
        self._gauge("postgres_up", "1 when Postgres could be used.", lambda: float(status.postgres is None))
        self._gauge("mlflow_up", "1 when MLflow could be used.", lambda: float(status.mlflow is None))
        self._gauge(
            "heartbeat_age_seconds", "Since the loop last went round.", lambda: time.monotonic() - status.beat
        )

    def _gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        Gauge(f"marquee_retraining_{name}", text, registry=self.registry).set_function(value)
