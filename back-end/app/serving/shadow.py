"""The challenger in the shadow: it makes lists that were asked for, and nobody sees them."""

import threading
import time
from bisect import bisect_left
from collections import deque
from copy import deepcopy
from math import isfinite
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app import metrics
from app.serving.audience import Person
from app.serving.complaints import Complaint
from app.serving.lists import ListMaker, Made
from app.serving.reporter import Outcome
from app.serving.stage import Trial
from app.serving.vital import VitalThread
from marquee.recommend.agreement import agreement
from marquee.store import tallies

MOST_WAITING = 64
MOST_UNDER_WAY = 16  # requests in the worker: above, it has better things to do
REST = 4.0  # times as long as a list took: so at most a fifth of one processor goes into it

# Upper ends of the histogram of the challenger's times, in seconds; what took longer is "inf".
EDGES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_NAMES = (*map(str, EDGES), "inf")


class Shown(NamedTuple):
    """A list that the champion made.

    Attributes:
        made: as it was shown.
        seconds: of this thread's processor that making it took.
    """

    trial: Trial
    request_id: str
    person: Person
    made: Made
    seconds: float


def _nothing() -> dict[str, Any]:
    sums = ("overlap", "rank_correlation", "stars_shift", "score_shift", "champion_ms", "challenger_ms")
    counts = ("compared", "errors", "dropped", "correlated", "starred", "scored")
    return {
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(sums, 0.0),
        "seconds": dict.fromkeys(_NAMES, 0),
    }


class Shadow(VitalThread):
    """A bounded queue of lists, and the one thread that has the challenger make them too.

    It rests after each, and is not niced: a thread that must wait for the processor while it holds the
    interpreter's lock would hold up every request. Whatever does not fit is dropped, and counted. A ledger of
    the `Reporter`: sums over the lists that were compared, by rollout.

    Args:
        lists: makes them.
        worker: whose figures they are.
        stopping: ends the thread.
    """

    def __init__(self, lists: ListMaker, worker: str, stopping: threading.Event) -> None:
        super().__init__(name="shadow", daemon=True)
        self._lists, self._worker, self._stopping = lists, worker, stopping
        self._queue: deque[Shown] = deque()
        self._offered = threading.Event()
        self._counting = threading.Lock()
        self._of: dict[int, dict[str, Any]] = {}
        self._is_written: dict[int, bool] = {}
        self._complaint = Complaint("The challenger failed to make a list in the shadow.")

    def offer(self, shown: Shown, under_way: int) -> None:
        """Have a list compared, if there is time for it; never waits.

        Args:
            under_way: how many requests the worker has.
        """
        if under_way > MOST_UNDER_WAY or len(self._queue) >= MOST_WAITING:
            metrics.shadow_lists.labels("dropped").inc()
            self._add(shown.trial.rollout, dropped=1)
            return
        self._queue.append(shown)
        self._offered.set()

    def wake(self) -> None:
        self._offered.set()

    def work(self) -> None:
        while not self._stopping.is_set():
            self._offered.wait()
            self._offered.clear()
            while self._queue and not self._stopping.is_set():
                began = time.perf_counter()
                self._compare(self._queue.popleft())
                self._stopping.wait(REST * (time.perf_counter() - began))

    def _compare(self, shown: Shown) -> None:
        rollout = shown.trial.rollout
        try:
            shown.person.state(shown.trial.shelf)  # is not timed, nor in `Trials`
            began = time.thread_time()  # not the time that others kept this thread waiting for
            made = self._lists.make_again(shown.request_id, shown.person, shown.made, shown.trial.shelf)
            seconds = time.thread_time() - began
            _require_numbers(made)
            found = agreement(shown.made.places, made.places)
        except Exception as error:
            metrics.shadow_lists.labels("error").inc()
            self._add(rollout, errors=1)
            self._complaint.about(error)
            return
        metrics.shadow_lists.labels("compared").inc()
        counted = {
            "rank_correlation": ("correlated", found.rank_correlation),
            "stars_shift": ("starred", found.stars_shift),
            "score_shift": ("scored", found.score_shift),
        }
        known = {name: value for name, (_, value) in counted.items() if value is not None}
        counts = {count: 1 for count, value in counted.values() if value is not None}
        times = {"champion_ms": shown.seconds * 1000, "challenger_ms": seconds * 1000}
        self._add(rollout, seconds, compared=1, overlap=found.overlap, **known, **counts, **times)

    def _add(self, rollout: int, seconds: float | None = None, **amounts: float) -> None:
        with self._counting:
            figures = self._of.setdefault(rollout, _nothing())
            for name, amount in amounts.items():
                figures[name] += amount
            if seconds is not None:
                figures["seconds"][_NAMES[bisect_left(EDGES, seconds)]] += 1
            self._is_written[rollout] = False

    def count_error(self, rollout: int) -> None:
        """Count something else that the challenger could not do."""
        self._add(rollout, errors=1)

    # ---- ledger ----

    def write(self, connection: Connection) -> None:
        """Write the figures that have changed, within the caller's transaction."""
        for rollout, figures in self.unwritten().items():
            tallies.replace_shadow(connection, rollout, self._worker, figures)

    def unwritten(self) -> dict[int, dict[str, Any]]:
        """The figures that have changed since the last time, by rollout; they are taken for written then."""
        with self._counting:
            fresh = [rollout for rollout, is_written in self._is_written.items() if not is_written]
            figures = {rollout: deepcopy(self._of[rollout]) for rollout in fresh}
            self._is_written.update(dict.fromkeys(fresh, True))
        return figures

    def settle(self, outcome: Outcome) -> None:
        if outcome == "later":
            with self._counting:
                self._is_written = dict.fromkeys(self._is_written, False)


def _require_numbers(made: Made) -> None:
    """Raises ValueError when a score or predicted stars are no numbers: no sum would be one either."""
    given = [number for place in made.places for number in (place.score, place.stars) if number is not None]
    if not all(map(isfinite, given)):
        raise ValueError("scores or predicted stars are no numbers")
