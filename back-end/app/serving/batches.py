"""Lists for many people in one answer."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import orjson

from app import metrics
from app.serving import notices
from app.serving.answers import keep, kept, told
from app.serving.asked import Asked, wanted_of
from app.serving.audience import Person
from app.serving.lists import ListMaker
from app.serving.shelf import Shelf
from app.serving.variants import Arm
from marquee.recommend.batch import block_size, make_many
from marquee.recommend.listing import NO_ROWS, Listing, Wanted
from marquee.recommend.recommender import PersonState, Recommender
from marquee.recommend.showable import Showable


class Batch(NamedTuple):
    """What all lists of a batch, or of those people of it who have the same variant, share."""

    lists: ListMaker
    request_id: str
    asked: Asked
    shelf: Shelf
    arm: Arm
    showable: Showable
    wanted: Wanted

    @classmethod
    def of(cls, lists: ListMaker, request_id: str, asked: Asked, shelf: Shelf, arm: Arm) -> "Batch":
        showable = lists.showable(shelf)
        return cls(lists, request_id, asked, shelf, arm, showable, wanted_of(asked, shelf, showable))


class MadeBlock(NamedTuple):
    """The lists of some people: as `Recommendations`, and as rows."""

    answers: list[bytes]
    listings: list[Listing]


def joined(answers: Sequence[bytes]) -> bytes:
    """The JSON of `BatchRecommendations`."""
    parts = list(answers) or [b""]
    parts[0] = b'{"lists":[' + parts[0]  # so that the whole is copied once
    parts[-1] += b"]}"
    return b",".join(parts)


def are_made_together(lists: ListMaker, asked: Asked) -> bool:
    """Whether lists can be made many at a time: people's differ in nothing but their scores.

    Chance, reasons, and what somebody was shown make them differ in more.
    """
    return not (asked.explain or lists.differs_by_person)


def blocks(n_people: int, shelf: Shelf) -> Iterator[slice]:
    """How many people to take at a time."""
    size = block_size(len(shelf.ids))
    for start in range(0, n_people, size):
        yield slice(start, start + size)


def make_block(batch: Batch, people: Sequence[Person]) -> MadeBlock:
    """For each person the list that `lists.for_person` makes. None is noted, unless all are made."""
    states = _states(people, batch.shelf)
    listings = make_many(batch.shelf.model.recommender, states, batch.wanted)
    heads = _heads(batch, people, states, listings)
    answers = list(_answers(batch.shelf, heads, states, listings))
    if batch.asked.log:
        for person, listing in zip(people, listings, strict=True):
            batch.lists.note(batch.request_id, person.user_id, batch.shelf, listing, batch.arm)
    _count(listings, batch)
    return MadeBlock(answers, listings)


def _heads(
    batch: Batch, people: Sequence[Person], states: Sequence[PersonState], listings: Sequence[Listing]
) -> list[str]:
    """The JSON of each list up to its entries."""
    beginning, middle = _frame(batch)
    unknown = notices.of_filters(batch.asked.filters, batch.showable)
    ends = {
        stage: f'{middle}{_json(stage)},"next_cursor":null,"items":['
        for stage in {listing.stage for listing in listings}
    }
    heads = []
    for person, state, listing in zip(people, states, listings, strict=True):
        notice = unknown or _notice(batch, person, state, listing)
        heads.append(
            f"{beginning}{_json(person.user_id)}"
            f',"known":{"true" if person.known else "false"}'
            f',"notice":{"null" if notice is None else _json(notice)}{ends[listing.stage]}'
        )
    return heads


def _json(text: str | None) -> str:
    return orjson.dumps(text).decode()


def _frame(batch: Batch) -> tuple[str, str]:
    """What the JSON of every list of a batch has before the user's id, and between notice and source."""
    version, variant = batch.shelf.version, batch.arm.variant
    token = batch.lists.token(batch.request_id, version, variant)
    beginning = f'{{"request_id":"{batch.request_id}","token":"{token}","user_id":'
    middle = f',"model_version":{version},"variant":"{variant}","source":'
    return beginning, middle


def _states(people: Sequence[Person], shelf: Shelf) -> list[PersonState]:
    """What each is to the model: as kept, or computed together, and kept as far as there is room."""
    states, rows = shelf.model.states, shelf.row_of_number
    found: list[PersonState | None] = []
    for person in people:
        if person.is_blank:
            found.append(states.nobody)
            continue
        kept = states.kept(person.user_id, person.rated, rows, person.profile, person.done)
        if kept is not None and kept.front is None:  # who is asked for again will be once more
            kept = shelf.model.recommender.with_front(kept)
        found.append(kept)
    missing = [person for person, state in zip(people, found, strict=True) if state is None]
    histories = [states.history(who.rated, rows, who.profile, who.done) for who in missing]
    computed = shelf.model.recommender.states(histories)
    metrics.states_computed.inc(len(missing))
    for who, state in zip(missing, computed, strict=True):
        states.keep_if_there_is_room(who.user_id, who.rated, rows, who.profile, who.done, state)
    fresh = iter(computed)
    return [next(fresh) if state is None else state for state in found]


def _answers(
    shelf: Shelf, heads: Sequence[str], states: Sequence[PersonState], listings: Sequence[Listing]
) -> Iterator[bytes]:
    """The JSON of each list, its entries as `answers.entries_of` has them; all are laid out in one go.

    A text for each part of each entry, the same part of all entries at once: to format entries one after
    the other took most of a batch's time.
    """
    lengths = [len(listing.rows) for listing in listings]
    rows = np.concatenate([NO_ROWS, *(listing.rows for listing in listings)]).tolist()
    texts = [*_PARTS] * len(rows)
    texts[_FRAGMENT::_WIDTH] = map(shelf.fragments.__getitem__, rows)
    ranks = [f',"rank":{rank}' for rank in range(1, max(lengths, default=0) + 1)]
    texts[_RANK::_WIDTH] = chain.from_iterable(ranks[:length] for length in lengths)
    texts[_TOLD::_WIDTH] = chain.from_iterable(_told(shelf.model.recommender, states, listings))
    after = 0
    for head, length in zip(heads, lengths, strict=True):
        first, after = after, after + _WIDTH * length
        entries = "".join(texts[first : after - 1]) if length else ""
        yield f"{head}{entries}]}}".encode()


# The parts of an entry, and what is between two.
_PARTS = ("", "", "", ",")
_FRAGMENT, _RANK, _TOLD = 0, 1, 2
_WIDTH = len(_PARTS)


def _told(
    recommender: Recommender, states: Sequence[PersonState], listings: Sequence[Listing]
) -> list[list[str]]:
    """Of each list the JSON of each entry from behind its rank on: as the front knows it, or anew."""
    said = [kept(state.front, listing) for state, listing in zip(states, listings, strict=True)]
    unknown = [number for number, texts in enumerate(said) if texts is None]
    if unknown:
        some = [listings[number] for number in unknown]
        scores = np.concatenate([listing.scores for listing in some])
        sources = list(chain.from_iterable(listing.sources for listing in some))
        figures = recommender.figures_many([states[number] for number in unknown], some)
        fresh = iter(told(scores, figures, sources))
        for number, listing in zip(unknown, some, strict=True):
            said[number] = anew = list(islice(fresh, len(listing.rows)))
            keep(states[number].front, listing, anew)
    return [texts for texts in said if texts is not None]


def _notice(batch: Batch, person: Person, state: PersonState, listing: Listing) -> str | None:
    if listing.stage == "personal":  # which most are
        return person.notice
    if not len(listing.rows):
        return notices.of_empty(batch.asked, batch.wanted, batch.showable, state.seen)
    newer = batch.lists.asks_model and state.history.tells and not state.is_ranked
    return notices.of_source(listing.stage, newer_than_model=newer, otherwise=person.notice)


def _count(listings: Sequence[Listing], batch: Batch) -> None:
    for stage, n_lists in Counter(listing.stage for listing in listings).items():
        metrics.count_list(batch.arm.variant, stage, batch.shelf.version, n_lists)
    alike = Counter(id(listing.sources) for listing in listings)  # most share one list of them
    for sources in {id(listing.sources): listing.sources for listing in listings}.values():
        for source, n_items in Counter(sources).items():
            metrics.count_listed(source, n_items * alike[id(sources)])
