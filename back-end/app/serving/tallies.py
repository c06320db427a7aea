"""What a worker counts of the lists of a rollout, until the reporter has written it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection

from app.serving.reporter import Outcome
from app.serving.variants import Arm
from marquee.recommend.variants import BUCKETS
from marquee.store import tallies
from marquee.store.tallies import Tally


def _zeros() -> list[int]:
    return [0] * BUCKETS


def _no_time() -> list[float]:
    return [0.0] * BUCKETS


@dataclass(slots=True, eq=False)
class _Counts:
    """Of one arm, by bucket; as of `store.tallies.Tally`. To count in an array would take longer."""

    requests: list[int] = field(default_factory=_zeros)
    errors: list[int] = field(default_factory=_zeros)
    empty: list[int] = field(default_factory=_zeros)
    fallback: list[int] = field(default_factory=_zeros)
    timed: list[int] = field(default_factory=_zeros)
    milliseconds: list[float] = field(default_factory=_no_time)
    milliseconds_squared: list[float] = field(default_factory=_no_time)
    is_written: bool = False

    def as_tally(self, arm: Arm, rollout: int, step: int, worker: str) -> Tally:
        return Tally(
            rollout,
            step,
            arm.variant,
            worker,
            list(self.requests),
            list(self.errors),
            list(self.empty),
            list(self.fallback),
            list(self.timed),
            list(self.milliseconds),
            list(self.milliseconds_squared),
        )


class Tallies:
    """Counts by arm: the rollout, its step and the variant. A ledger of the `Reporter`.

    Args:
        worker: whose they are.
    """

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._of: dict[Arm, _Counts] = {}
        self._counting = threading.Lock()

    def count(
        self,
        arm: Arm,
        bucket: int,
        seconds: float | None,
        *,
        error: bool = False,
        empty: bool = False,
        fallback: bool = False,
    ) -> None:
        """Count one list; costs a microsecond.

        Args:
            seconds: that making it took; None: they say nothing of the model.
        """
        milliseconds = 0.0 if seconds is None else seconds * 1000.0
        with self._counting:
            counts = self._of.get(arm)
            if counts is None:
                counts = self._of[arm] = _Counts()
            counts.requests[bucket] += 1
            counts.timed[bucket] += seconds is not None
            counts.milliseconds[bucket] += milliseconds
            counts.milliseconds_squared[bucket] += milliseconds * milliseconds
            counts.errors[bucket] += error
            counts.empty[bucket] += empty
            counts.fallback[bucket] += fallback
            counts.is_written = False

    def write(self, connection: Connection) -> None:
        """Write what has changed, within the caller's transaction."""
        for tally in self.unwritten():
            tallies.replace(connection, tally)

    def unwritten(self) -> Iterator[Tally]:
        """What has changed since the last time; it is taken for written then."""
        for arm, counts in list(self._of.items()):
            if arm.rollout is None or arm.step is None:  # they are nobody's to compare
                continue
            with self._counting:
                if counts.is_written:
                    continue
                counts.is_written = True
                tally = counts.as_tally(arm, arm.rollout, arm.step, self._worker)
            yield tally

    def settle(self, outcome: Outcome) -> None:
        if outcome == "later":
            for counts in list(self._of.values()):
                counts.is_written = False
