"""Lists for people while two versions are in memory: whose they are, and what is counted of them."""

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from app import metrics
from app.serving import batches
from app.serving.asked import Asked
from app.serving.audience import Person
from app.serving.catalogue import Catalogue
from app.serving.lists import ListMaker, is_needless
from app.serving.shadow import Shadow, Shown
from app.serving.shelf import Shelf
from app.serving.stage import Lineup, Trial
from app.serving.tallies import Tallies
from app.serving.variants import CHALLENGER, CHAMPION, Arm
from marquee.domain.errors import Conflict
from marquee.recommend.listing import Listing, Wanted

logger = logging.getLogger("marquee.app.rollout")

_SAY_AGAIN_SECONDS = 60.0

Requested = Literal["champion", "challenger"] | None


class _Chosen(NamedTuple):
    """Who makes somebody's list; `bucket`: in which it is counted, None: chance did not choose."""

    arm: Arm
    shelf: Shelf | None
    bucket: int | None = None


class Trials:
    """Gives each person the variant that is theirs.

    A variant is requested by callers who may; otherwise chance chooses, in mode `canary`. Where the
    challenger fails, people get the champion's list, and the log says that the variant was the challenger.

    Args:
        lists: makes the lists.
        tallies: count what becomes of them.
        shadow: has the challenger make them too, in mode `shadow`.
    """

    def __init__(self, lists: ListMaker, tallies: Tallies, shadow: Shadow) -> None:
        self._lists, self._tallies, self._shadow = lists, tallies, shadow
        self._said_at = -_SAY_AGAIN_SECONDS

    def for_person(
        self,
        request_id: str,
        person: Person,
        asked: Asked,
        lineup: Lineup,
        catalogue: Catalogue,
        requested: Requested = None,
        under_way: int = 0,
    ) -> bytes:
        """The JSON of `Recommendations` for somebody with an id.

        Args:
            under_way: how many requests the worker has.

        Raises:
            Conflict: the challenger was requested, and there is none.
        """
        trial, champion = lineup.trial, lineup.champion
        if requested is None and trial is not None and champion is not None and trial.mode == "shadow":
            return self._shadowed(request_id, person, asked, trial, champion, under_way)
        chosen = _chosen(person.user_id, lineup, requested)
        try:
            return self._made(request_id, person, asked, chosen, catalogue)
        except Exception:
            if chosen.arm.variant == "champion":
                raise
            self._say_that_it_failed()
            return self._lists.for_person(request_id, person, asked, champion, catalogue, chosen.arm)

    def for_many(
        self,
        request_id: str,
        people: Sequence[Person],
        asked: Asked,
        lineup: Lineup,
        catalogue: Catalogue,
        requested: Requested = None,
    ) -> bytes:
        """The JSON of `BatchRecommendations`: for each person the list that they would be given alone.

        Blocks for as long as it takes.

        Raises:
            Conflict: the challenger was requested, and there is none.
        """
        chosen = [_chosen(person.user_id, lineup, requested) for person in people]
        made: list[bytes] = [b""] * len(people)
        for arm in dict.fromkeys(one.arm for one in chosen):
            places = [place for place, one in enumerate(chosen) if one.arm is arm]
            group = [people[place] for place in places]
            buckets = [chosen[place].bucket for place in places]
            shelf = chosen[places[0]].shelf
            answers = self._of_group(
                request_id, group, buckets, asked, _Chosen(arm, shelf), lineup, catalogue, requested
            )
            for place, answer in zip(places, answers, strict=True):
                made[place] = answer
        return batches.joined(made)

    # ---- one list ----

    def _made(
        self, request_id: str, person: Person, asked: Asked, chosen: _Chosen, catalogue: Catalogue
    ) -> bytes:
        arm, shelf, bucket = chosen
        if shelf is None or bucket is None:
            return self._lists.for_person(request_id, person, asked, shelf, catalogue, arm)
        began = time.perf_counter()
        try:
            made = self._lists.make(request_id, person, asked, shelf)
            answer = self._lists.answer(request_id, person, made, arm)
        except Exception:
            metrics.list_errors.labels(arm.variant).inc()
            self._tallies.count(arm, bucket, time.perf_counter() - began, error=True)
            raise
        self._count(arm, bucket, time.perf_counter() - began, made.wanted, made.listing)
        return answer

    def _shadowed(
        self, request_id: str, person: Person, asked: Asked, trial: Trial, champion: Shelf, under_way: int
    ) -> bytes:
        began = time.thread_time()
        made = self._lists.make(request_id, person, asked, champion)
        shown = Shown(trial, request_id, person, made, time.thread_time() - began)
        answer = self._lists.answer(request_id, person, made)
        self._shadow.offer(shown, under_way)
        return answer

    def _count(self, arm: Arm, bucket: int, seconds: float, wanted: Wanted, listing: Listing) -> None:
        fallback = listing.stage is not None and listing.stage != "personal"
        empty = is_needless(wanted, listing)
        self._tallies.count(arm, bucket, seconds, empty=empty, fallback=fallback)

    def _say_that_it_failed(self) -> None:
        """Log why the challenger failed, once a minute."""
        if time.monotonic() - self._said_at >= _SAY_AGAIN_SECONDS:
            logger.exception("The challenger failed to make a list; the champion made it.")
            self._said_at = time.monotonic()
