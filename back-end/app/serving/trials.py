"""Lists for people while two versions are in memory: whose they are, and what is counted of them."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple
from zlib import crc32

from app import metrics
from app.serving import batches
from app.serving.asked import Asked
from app.serving.audience import Person
from app.serving.batches import Batch
from app.serving.catalogue import Catalogue
from app.serving.complaints import Complaint
from app.serving.deadline import require_time
from app.serving.lists import ListMaker, is_needless
from app.serving.shadow import Shadow, Shown
from app.serving.shelf import Shelf
from app.serving.stage import Lineup, Trial
from app.serving.tallies import Tallies
from app.serving.variants import CHALLENGER, CHAMPION, Arm
from marquee.domain.errors import Conflict
from marquee.recommend.listing import Listing, Wanted

logger = logging.getLogger("marquee.app.rollout")

_ONE_IN = 32  # lists of a batch is timed

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
        clock: seconds, by which making a list is timed.
    """

    def __init__(
        self,
        lists: ListMaker,
        tallies: Tallies,
        shadow: Shadow,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._lists, self._tallies, self._shadow, self._clock = lists, tallies, shadow, clock
        self._complaint = Complaint("The challenger failed to make a list; the champion made it.")

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
        if requested is None:
            if trial is None or champion is None:
                return self._lists.for_person(request_id, person, asked, champion, catalogue)
            if trial.mode == "shadow":
                return self._shadowed(request_id, person, asked, trial, champion, under_way)
        return self._by_choice(person, request_id, asked, lineup, catalogue, requested)

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

        Blocks for as long as it takes, or until the request's end.

        Raises:
            Conflict: the challenger was requested, and there is none.
            Unavailable: it takes too long.
        """
        every = [_chosen(person.user_id, lineup, requested) for person in people]

        def alone(person: Person) -> bytes:
            require_time()
            return self._by_choice(person, request_id, asked, lineup, catalogue, requested)

        if not batches.are_made_together(self._lists, asked):
            return batches.joined([alone(person) for person in people])
        made: list[bytes] = [b""] * len(people)
        for arm, places in _by_arm(every).items():
            shelf = every[places[0]].shelf
            if arm.rollout is not None:
                timed = [place for place in places if _is_timed(request_id, people[place])]
                for place in timed:
                    made[place] = alone(people[place])
                places = sorted(set(places).difference(timed))
            group = [people[place] for place in places]
            buckets = [every[place].bucket for place in places]
            if shelf is None:
                answers: Iterable[bytes] = map(alone, group)
            else:
                batch = Batch.of(self._lists, request_id, asked, shelf, arm)
                answers = self._of_group(batch, group, buckets, alone)
            for place, answer in zip(places, answers, strict=True):
                made[place] = answer
        return batches.joined(made)

    def _of_group(
        self,
        batch: Batch,
        people: Sequence[Person],
        buckets: Sequence[int | None],
        alone: Callable[[Person], bytes],
    ) -> Iterator[bytes]:
        """The lists of people who have the same variant; where some fail together, each is made alone."""
        for part in batches.blocks(len(people), batch.shelf):
            require_time()
            try:
                block = batches.make_block(batch, people[part])
            except Exception:
                logger.debug("A part of a batch failed.", exc_info=True)  # and whose list it is will tell
                yield from map(alone, people[part])
                continue
            for bucket, listing in zip(buckets[part], block.listings, strict=True):
                if bucket is not None:
                    self._count(batch.arm, bucket, None, batch.wanted, listing)
            yield from block.answers

    # ---- one list ----

    def _by_choice(
        self,
        person: Person,
        request_id: str,
        asked: Asked,
        lineup: Lineup,
        catalogue: Catalogue,
        requested: Requested,
    ) -> bytes:
        """The list of the variant that is chosen, by whomever."""
        chosen = _chosen(person.user_id, lineup, requested)
        try:
            return self._made(request_id, person, asked, chosen, catalogue)
        except Exception as error:
            if chosen.arm.variant == "champion":
                raise
            self._complaint.about(error)
            return self._lists.for_person(request_id, person, asked, lineup.champion, catalogue, chosen.arm)

    def _made(
        self, request_id: str, person: Person, asked: Asked, chosen: _Chosen, catalogue: Catalogue
    ) -> bytes:
        arm, shelf, bucket = chosen
        if shelf is None or bucket is None:
            return self._lists.for_person(request_id, person, asked, shelf, catalogue, arm)
        try:
            if not person.has_state(shelf):  # this costs the variant to which somebody is new, once:
                self._lists.make(request_id, person, asked, shelf)  # so the list after it is timed, warm
            person.state(shelf)  # whole, also where a batch has made it
            began = self._clock()
            made = self._lists.make(request_id, person, asked, shelf)
            answer = self._lists.answer(request_id, person, made, arm)
        except Exception:
            metrics.list_errors.labels(arm.variant).inc()
            self._tallies.count(arm, bucket, None, error=True)
            raise
        self._count(arm, bucket, self._clock() - began, made.wanted, made.listing)
        return answer

    def _shadowed(
        self, request_id: str, person: Person, asked: Asked, trial: Trial, champion: Shelf, under_way: int
    ) -> bytes:
        person.state(champion)  # to take a history in is not timed, nor in `Shadow`
        began = time.thread_time()
        made = self._lists.make(request_id, person, asked, champion)
        shown = Shown(trial, request_id, person, made, time.thread_time() - began)
        answer = self._lists.answer(request_id, person, made)
        self._shadow.offer(shown, under_way)
        return answer

    def _count(self, arm: Arm, bucket: int, seconds: float | None, wanted: Wanted, listing: Listing) -> None:
        fallback = listing.stage is not None and listing.stage != "personal"
        empty = is_needless(wanted, listing)
        self._tallies.count(arm, bucket, seconds, empty=empty, fallback=fallback)


def _chosen(user_id: str, lineup: Lineup, requested: Requested) -> _Chosen:
    """Who makes somebody's list.

    Raises:
        Conflict: the challenger was requested, and there is none.
    """
    trial = lineup.trial
    if requested == "challenger":
        if trial is None:
            raise Conflict(
                "There is no challenger in memory.", hint="Leave the header X-Marquee-Variant out."
            )
        return _Chosen(CHALLENGER, trial.shelf)
    if trial is None or requested is not None or trial.mode != "canary":
        return _Chosen(CHAMPION, lineup.champion)
    is_challengers, bucket = trial.draw.of(user_id)
    if is_challengers:
        return _Chosen(trial.challenger, trial.shelf, bucket)
    return _Chosen(trial.champion, lineup.champion, bucket)


def _is_timed(request_id: str, person: Person) -> bool:
    """Whether somebody's list of a batch is made alone, for its time: the more at once, the less each takes.

    So few are that the batch takes little longer; by chance, so that it is as large a part of either variant.
    """
    return crc32(f"{request_id} {person.user_id}".encode()) % _ONE_IN == 0


def _by_arm(every: Sequence[_Chosen]) -> dict[Arm, list[int]]:
    """The places of those who have the same variant."""
    places: dict[Arm, list[int]] = {}
    for place, chosen in enumerate(every):
        places.setdefault(chosen.arm, []).append(place)
    return places
