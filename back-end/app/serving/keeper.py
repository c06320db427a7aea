"""Keeps the deployed model in memory: load, verify, warm, swap."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from app import metrics
from app.serving.bundles import BundleStore
from app.serving.shelf import ServedModel
from app.serving.vital import VitalThread
from marquee.domain.errors import CorruptBundle, MarqueeError, Unavailable
from marquee.models.bundle import Bundle
from marquee.settings import Serving

logger = logging.getLogger("marquee.app.model")

_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 60.0


class ModelKeeper(VitalThread):
    """Follows the version it is told to serve; what serves goes on serving until its successor is ready.

    Where nothing serves yet and the wanted version cannot be had, another one stands in for it: of the
    previous champion and the approved versions the first of which this machine holds a sound copy.

    Args:
        bundles: where bundles come from.
        serving: list settings.
        swap: puts a model in service, or takes it out (None).
        stopping: ends the thread.

    Attributes:
        wanted: the version it is to serve.
        problem: why the wanted version does not serve; None when it does.
        tried: set once the first version that was wanted serves, or has been refused.
    """

    def __init__(
        self,
        bundles: BundleStore,
        serving: Serving,
        swap: Callable[[ServedModel | None], None],
        stopping: threading.Event,
    ) -> None:
        super().__init__(name="model-keeper", daemon=True)
        self._bundles, self._serving, self._swap, self._stopping = bundles, serving, swap, stopping
        self._wake = threading.Event()
        self.wanted: int | None = None
        self._others: tuple[int, ...] = ()
        self._keep: set[int] = set()
        self._serves: int | None = None
        self.problem: str | None = None
        self.tried = threading.Event()

    def want(self, version: int | None, previous: int | None, approved: Sequence[int] = ()) -> None:
        """Serve this version.

        Args:
            previous: what a rollback would return to: its files are kept, and it stands in first.
            approved: what may stand in after it, the best first.
        """
        self.wanted = version
        self._others = tuple(v for v in (previous, *approved) if v is not None and v != version)
        self._keep = {kept for kept in (version, previous) if kept is not None}
        self._wake.set()

    def wake(self) -> None:
        self._wake.set()

    def work(self) -> None:
        patience = _FIRST_RETRY_SECONDS
        while not self._stopping.is_set():
            self._wake.wait(patience if self.problem else None)
            self._wake.clear()
            if self.wanted != self._serves and not self._stopping.is_set():
                self._follow()
            else:
                self.problem = None
            patience = min(patience * 2, _LONGEST_RETRY_SECONDS) if self.problem else _FIRST_RETRY_SECONDS
            self.tried.set()

    def _follow(self) -> None:
        version = self.wanted
        try:
            model = None if version is None else self._load(version, self._bundles.open)
        except (CorruptBundle, Unavailable) as error:
            self._refuse(version, error)
        else:
            self._serve(version, model)
            self.problem = None
            if version is not None:
                self._bundles.prune(self._keep)

    def _serve(self, version: int | None, model: ServedModel | None) -> None:
        self._swap(model)
        self._serves = version
        metrics.swaps.labels("served").inc()
        metrics.served_version.set(version or 0)

    def _load(self, version: int, open_bundle: Callable[[int], Bundle]) -> ServedModel:
        began = time.monotonic()
        bundle = open_bundle(version)
        bundle.warm()
        model = ServedModel.of(version, bundle, self._serving)
        logger.info("Version %d is loaded and warm after %.2f s.", version, time.monotonic() - began)
        return model

    def _refuse(self, version: int | None, error: MarqueeError) -> None:
        metrics.swaps.labels("refused").inc()
        if self._serves is None:
            self._stand_in()
        self.problem = str(error)
        still = f"version {self._serves} serves" if self._serves is not None else "no model serves"
        logger.error("Version %s is not taken into service, %s: %s", version, still, error)

    def _stand_in(self) -> None:
        for other in self._others:
            try:
                self._serve(other, self._load(other, self._bundles.open_copy))
            except (CorruptBundle, Unavailable) as error:
                logger.warning("Version %d cannot stand in: %s", other, error.message)
            else:
                return
