"""The models in a worker's memory, each joined with the catalogue, and which of them serves whom."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from app import metrics
from app.serving.catalogue import Catalogue
from app.serving.shelf import ServedModel, Shelf
from app.serving.variants import Arm
from marquee.recommend.variants import Draw
from marquee.store.deployment import NOTHING_DEPLOYED, Deployment, Mode

logger = logging.getLogger("marquee.app.model")


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A challenger in memory, beside the champion that it is compared with.

    Attributes:
        shelf: the challenger's.
        draw: of the people whom it serves in mode `canary`.
        champion, challenger: the arms that chance puts people in.
    """

    shelf: Shelf
    mode: Mode
    rollout: int
    step: int
    draw: Draw
    champion: Arm
    challenger: Arm

    @classmethod
    def of(cls, shelf: Shelf, deployment: Deployment) -> "Trial | None":
        """The trial that a deployment wants; None where it wants none."""
        rollout, step = deployment.rollout, deployment.step
        if rollout is None or deployment.mode == "none":
            return None
        return cls(
            shelf,
            deployment.mode,
            rollout,
            step,
            Draw(deployment.salt, deployment.share),
            Arm("champion", rollout, step),
            Arm("challenger", rollout, step),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Lineup:
    """Who serves, at one moment. Immutable: a request goes by one of them from beginning to end.

    Attributes:
        champion: None before the first model.
        trial: None without a challenger in memory, or while another version stands in for the champion.
    """

    champion: Shelf | None = None
    trial: Trial | None = None


class Stage:
    """Keeps the shelves of the champion, the challenger and the previous champion, by version.

    Models that are in memory change places at once: by a rollback, a promotion, an advance of a rollout.
    Requests read `lineup` and `catalogue` freely.

    Args:
        changed: called, on whatever thread it was, when something else is in memory or serves.

    Attributes:
        deployment: that it follows.
        lineup: who serves.
        catalogue: as it is now.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._shelves: dict[int, Shelf] = {}
        self._changing = threading.Lock()
        self.catalogue = Catalogue.of(())
        self.deployment = NOTHING_DEPLOYED
        self.lineup = Lineup()

    def follow(self, deployment: Deployment) -> None:
        """Let serve what a deployment says, as far as it is in memory; forget what it does not name."""
        with self._changing:
            self.deployment = deployment
            self._arrange()
        self._changed()

    def add(self, model: ServedModel, *, stands_in: bool = False) -> None:
        """Take in a model that is warm; it serves at once if the deployment says so.

        Args:
            stands_in: let it serve, in the place of a champion that cannot be had.
        """
        shelf = Shelf.of(model, self.catalogue).prepared()  # takes long, so before anybody has to wait
        with self._changing:
            self._shelves[shelf.version] = shelf
            self._arrange(stands_in=shelf.version if stands_in else None)
        self._changed()

    def put_catalogue(self, catalogue: Catalogue) -> None:
        """Join those that serve with a catalogue that has changed."""
        with self._changing:
            self.catalogue = catalogue
            self._arrange()

    def forget_person(self, user_id: str) -> None:
        """Keep no state of a person, of whatever is in memory."""
        with self._changing:
            for shelf in self._shelves.values():
                shelf.model.states.forget(user_id)

    def holds(self, version: int) -> bool:
        """Whether a version is in memory."""
        return version in self._shelves

    def shelf(self, version: int) -> Shelf | None:
        """A version that serves, or is under trial; None for all others."""
        lineup = self.lineup
        for shelf in (lineup.champion, None if lineup.trial is None else lineup.trial.shelf):
            if shelf is not None and shelf.version == version:
                return shelf
        return None

    def _arrange(self, stands_in: int | None = None) -> None:
        wanted, before = self.deployment, self.lineup.champion
        serves = None if before is None else before.version
        if wanted.champion is None:
            serves = None
        elif wanted.champion in self._shelves:
            serves = wanted.champion
        elif stands_in is not None:
            serves = stands_in
        champion = None if serves is None else self._joined(serves)
        trial = self._trial() if serves == wanted.champion else None
        self.lineup = Lineup(champion, trial)
        metrics.challenger_version.set(0 if trial is None else trial.shelf.version)
        for version, shelf in self._shelves.items():
            if self.shelf(version) is None:  # it may stay in memory, people's states of it need not
                shelf.model.states.clear()
        self._forget({serves, wanted.champion, wanted.challenger, wanted.previous})
        if serves != (None if before is None else before.version):
            self._note_swap(champion)

    def _trial(self) -> Trial | None:
        """The challenger on trial; one that cannot be joined with the catalogue is dropped."""
        challenger = self.deployment.challenger
        if challenger is None or challenger not in self._shelves:
            return None
        try:
            return Trial.of(self._joined(challenger), self.deployment)
        except Exception:
            logger.exception("Version %d cannot be joined with the catalogue; it is loaded anew.", challenger)
            del self._shelves[challenger]
            return None

    def _joined(self, version: int) -> Shelf:
        shelf = self._shelves[version]
        if shelf.catalogue is not self.catalogue:
            shelf = self._shelves[version] = Shelf.of(shelf.model, self.catalogue, shelf).prepared()
        return shelf

    def _note_swap(self, now: Shelf | None) -> None:
        metrics.swaps.labels("served").inc()
        metrics.served_version.set(0 if now is None else now.version)
        logger.info("%s serves.", "No model" if now is None else f"Version {now.version}")

    def _forget(self, but: set[int | None]) -> None:
        for version in self._shelves.keys() - but:
            del self._shelves[version]
