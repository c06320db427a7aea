"""Model versions that somebody asks for by number, beside the one that serves."""

import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate

from app.serving.bundles import BundleStore
from app.serving.catalogue import Catalogue
from app.serving.shelf import ServedModel, Shelf
from marquee.domain.errors import CorruptBundle, Unavailable
from marquee.settings import Serving

KEPT = 2  # in memory; those asked for last
PATIENCE_SECONDS = 5.0


class VersionShelf:
    """Loads versions when they are asked for, one after the other, and keeps the last few.

    Args:
        bundles: where they come from.
        serving: list settings.
        patience: seconds that a request waits for a version to be loaded; that goes on meanwhile.
    """

    def __init__(self, bundles: BundleStore, serving: Serving, patience: float = PATIENCE_SECONDS) -> None:
        self._bundles, self._serving, self._patience = bundles, serving, patience
        self._kept: OrderedDict[int, Shelf] = OrderedDict()
        self._loading: dict[int, Future[Shelf]] = {}
        self._lock = threading.Lock()
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="versions")

    def get(self, version: int, catalogue: Catalogue) -> Shelf:
        """A version joined with the catalogue. Blocks.

        Raises:
            Unavailable: it cannot be had, or takes longer to load than a request waits.
        """
        with self._lock:
            shelf = self._kept.get(version)
        if shelf is None:
            shelf = self._loaded(version, catalogue)
        if shelf.catalogue is not catalogue:
            shelf = Shelf.of(shelf.model, catalogue, shelf)
        return self._keep(version, shelf)

    def forget_person(self, user_id: str) -> None:
        """Keep no state of a person."""
        with self._lock:
            for shelf in self._kept.values():
                shelf.model.states.forget(user_id)

    def close(self) -> None:
        """Load nothing more."""
        self._loader.shutdown(wait=False, cancel_futures=True)

    def _loaded(self, version: int, catalogue: Catalogue) -> Shelf:
        with self._lock:
            future = self._loading.get(version)
            if future is None:
                future = self._loading[version] = self._loader.submit(self._load, version, catalogue)
        try:
            return future.result(self._patience)
        except TooLate:
            raise Unavailable(f"Version {version} is still loading.", hint="Ask again in a moment.") from None
        except (CorruptBundle, Unavailable) as error:
            raise Unavailable(f"Version {version} cannot be loaded: {error.message}") from error

    def _load(self, version: int, catalogue: Catalogue) -> Shelf:
        try:
            bundle = self._bundles.open(version)
            bundle.warm()
            return self._keep(version, Shelf.of(ServedModel.of(version, bundle, self._serving), catalogue))
        finally:
            with self._lock:
                self._loading.pop(version, None)

    def _keep(self, version: int, shelf: Shelf) -> Shelf:
        with self._lock:
            self._kept[version] = shelf
            self._kept.move_to_end(version)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return shelf
