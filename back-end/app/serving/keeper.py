"""Keeps the deployed models in memory: load, verify, warm, and hand over to the stage."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from app import metrics
from app.serving.bundles import BundleStore
from app.serving.shelf import ServedModel
from app.serving.stage import Stage
from app.serving.vital import VitalThread
from marquee.domain.errors import CorruptBundle, MarqueeError, Unavailable
from marquee.models.bundle import Bundle
from marquee.settings import Serving
from marquee.store.deployment import Deployment

logger = logging.getLogger("marquee.app.model")

_LOOK_SECONDS = 2.0
_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 60.0
_TRIES = 3  # until a challenger that is found broken each time is given up


class ModelKeeper:
    """Follows the deployment: what is in memory changes places at once, what is not is loaded.

    The champion has a thread of its own, so that going back to a version waits for no challenger that takes
    long to come. What serves goes on serving until its successor is ready. Where nothing serves yet and the
    champion cannot be had, another one stands in for it: of the previous champion and the approved versions
    the first of which this machine holds a sound copy.

    Args:
        bundles: where bundles come from.
        serving: list settings.
        stage: takes the models in.
        stopping: ends the threads.

    Attributes:
        wanted: the version that is to serve.
        problem: why it does not; None when it does.
        challenger_problem: why the challenger is not in memory; None when it is, or there is none.
        tried: set once the first version that was wanted serves, or has been refused.
    """

    def __init__(
        self, bundles: BundleStore, serving: Serving, stage: Stage, stopping: threading.Event
    ) -> None:
        self._bundles, self._serving, self._stage, self._stopping = bundles, serving, stage, stopping
        self._approved: tuple[int, ...] = ()
        self._gave_up: int | None = (
            None  # the previous champion, where it cannot be had: it is not needed yet
        )
        self._champion = _Fetching("model-keeper", self._keep_champion, stopping)
        self._others = _Fetching("challenger-keeper", self._keep_others, stopping)
        self.problem: str | None = None
        self.challenger_problem: str | None = None
        self._broken: tuple[int | None, int] = (None, 0)  # the challenger, and how often it was found so
        self.tried = self._champion.tried

    @property
    def wanted(self) -> int | None:
        return self._stage.deployment.champion

    @property
    def refusal(self) -> str | None:
        """Why the challenger is taken for broken; None where it is not, or cannot be had as yet.

        It may be that a download was cut off, or that memory was short: so it is tried more than once.
        """
        version, times = self._broken
        refused = times >= _TRIES and version == self._stage.deployment.challenger
        return self.challenger_problem if refused else None

    def start(self) -> None:
        self._champion.start()
        self._others.start()

    def join(self, timeout: float) -> None:
        ends = time.monotonic() + timeout
        for thread in (self._champion, self._others):
            thread.join(max(0.0, ends - time.monotonic()))

    def want(self, deployment: Deployment, approved: Sequence[int] = ()) -> None:
        """Follow a deployment.

        Args:
            approved: what may stand in for the champion after the previous one, the best first.
        """
        self._approved = tuple(approved)
        self._stage.follow(deployment)
        self.wake()

    def wake(self) -> None:
        self._champion.wake.set()
        self._others.wake.set()

    # ---- the champion ----

    def _keep_champion(self) -> bool:
        """Have the wanted version serve; False when that must be tried again."""
        version = self.wanted
        if version is None or self._stage.holds(version):
            self.problem = None
            return True
        try:
            self._take_in(version, self._bundles.open)
        except (CorruptBundle, Unavailable) as error:
            self._refuse(version, error)
            return False
        self.problem = None
        return True

    def _refuse(self, version: int, error: MarqueeError) -> None:
        metrics.swaps.labels("refused").inc()
        if self._stage.lineup.champion is None:
            self._stand_in(version)
        self.problem = str(error)
        champion = self._stage.lineup.champion
        still = f"version {champion.version} serves" if champion is not None else "no model serves"
        logger.error("Version %d is not taken into service, %s: %s", version, still, error)

    def _stand_in(self, wanted: int) -> None:
        for other in (self._stage.deployment.previous, *self._approved):
            if other is None or other == wanted:
                continue
            try:
                self._take_in(other, self._bundles.open_copy, stands_in=True)
            except (CorruptBundle, Unavailable) as error:
                logger.warning("Version %d cannot stand in: %s", other, error.message)
            else:
                return

    # ---- the challenger, and the champion before ----

    def _keep_others(self) -> bool:
        """Have in memory what may have to serve next; False when that must be tried again."""
        if not self.tried.is_set():  # at the start the champion has the machine for itself
            return True
        wanted = self._stage.deployment
        error = self._failure_of(wanted.challenger)
        self._note_challenger(wanted.challenger, error)
        if wanted.previous != self._gave_up:
            self._gave_up = None if self._failure_of(wanted.previous) is None else wanted.previous
        return error is None

    def _note_challenger(self, version: int | None, error: MarqueeError | None) -> None:
        known, times = self._broken
        times = times if known == version else 0
        self.challenger_problem = None if error is None else f"Version {version} is not in memory: {error}"
        self._broken = (version, times + 1 if isinstance(error, CorruptBundle) else 0)

    def _failure_of(self, version: int | None) -> CorruptBundle | Unavailable | None:
        """Load a version, unless it is there; returns why it cannot be had."""
        if version is None or self._stage.holds(version):
            return None
        try:
            self._take_in(version, self._bundles.open)
        except (CorruptBundle, Unavailable) as error:
            metrics.swaps.labels("refused").inc()
            logger.error("Version %d is not taken into memory: %s", version, error)  # noqa: TRY400  it is told
            return error
        return None

    # ---- both ----

    def _take_in(
        self, version: int, open_bundle: Callable[[int], Bundle], *, stands_in: bool = False
    ) -> None:
        """Load, verify, warm and join a version.

        Raises:
            CorruptBundle: its files are damaged, or it cannot be used although they are sound.
            Unavailable: they cannot be had.
        """
        began = time.monotonic()
        bundle = open_bundle(version)
        try:
            bundle.warm()
            self._stage.add(ServedModel.of(version, bundle, self._serving), stands_in=stands_in)
        except Exception as error:
            logger.exception("Version %d fails when it is used.", version)
            raise CorruptBundle(f"It fails when it is used: {error!r}.") from error
        logger.info("Version %d is in memory and warm after %.2f s.", version, time.monotonic() - began)
        wanted = self._stage.deployment
        self._bundles.prune(
            {v for v in (wanted.champion, wanted.challenger, wanted.previous) if v is not None}
        )


class _Fetching(VitalThread):
    """Calls `keep` when it is woken and every few seconds, and less often while that fails.

    Attributes:
        tried: set once it has been called.
    """

    def __init__(self, name: str, keep: Callable[[], bool], stopping: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._keep, self._stopping = keep, stopping
        self.wake, self.tried = threading.Event(), threading.Event()

    def work(self) -> None:
        patience = 0.0
        self.wake.wait()
        while not self._stopping.is_set():
            self.wake.clear()
            if self._keep():
                patience = 0.0
            else:
                patience = min(max(patience * 2, _FIRST_RETRY_SECONDS), _LONGEST_RETRY_SECONDS)
            self.tried.set()
            self.wake.wait(patience or _LOOK_SECONDS)
