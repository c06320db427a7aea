"""Lists for many people in one answer."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import orjson

from app import metrics
from app.serving import notices
from app.serving.asked import CHAMPION, Asked, wanted_of
from app.serving.audience import Person
from app.serving.catalogue import Catalogue
from app.serving.histories import NOTHING_KNOWN
from app.serving.lists import ListMaker
from app.serving.shelf import Shelf
from marquee.models.protocol import Float32, Float64
from marquee.recommend.batch import block_size, make_many
from marquee.recommend.listing import NO_ROWS, Listing, Wanted
from marquee.recommend.recommender import PersonState, Recommender
from marquee.recommend.showable import Showable


class _Common(NamedTuple):
    """What all lists of a batch share."""

    request_id: str
    asked: Asked
    shelf: Shelf
    showable: Showable
    wanted: Wanted


def recommend_many(
    lists: ListMaker,
    request_id: str,
    people: Sequence[Person],
    asked: Asked,
    shelf: Shelf | None,
    catalogue: Catalogue,
) -> bytes:
    """The JSON of `BatchRecommendations`: for each person the list that `lists.for_person` makes.

    Blocks for as long as it takes. What can differ between people in more than their scores (chance, reasons,
    what they were shown) is made one by one; the rest together.
    """
    if shelf is None or asked.explain or lists.differs_by_person:
        made: Iterator[bytes] = (
            lists.for_person(request_id, person, asked, shelf, catalogue) for person in people
        )
    else:
        showable = lists.showable(shelf)
        common = _Common(request_id, asked, shelf, showable, wanted_of(asked, shelf, showable))
        made = (answer for block in _blocks(people, shelf) for answer in _of_block(lists, common, block))
    return b'{"lists":[%b]}' % b",".join(made)


def _blocks(people: Sequence[Person], shelf: Shelf) -> Iterator[Sequence[Person]]:
    size = block_size(len(shelf.ids))
    for start in range(0, len(people), size):
        yield people[start : start + size]


def _of_block(lists: ListMaker, common: _Common, people: Sequence[Person]) -> Iterator[bytes]:
    recommender = common.shelf.model.recommender
    states = _states(people, common.shelf)
    listings = make_many(recommender, states, common.wanted)
    entries = _entries(common.shelf, states, listings)
    beginning, middle = _frame(lists, common)
    unknown = notices.of_filters(common.asked.filters, common.showable)
    for person, state, listing, items in zip(people, states, listings, entries, strict=True):
        if common.asked.log:
            lists.note(common.request_id, person.user_id, common.shelf, listing)
        notice = unknown or _notice(lists, common, person, state, listing)
        yield b'%b%b,"known":%b,"notice":%b%b%b,"next_cursor":null,"items":[%b]}' % (
            beginning,
            orjson.dumps(person.user_id),
            b"true" if person.known else b"false",
            b"null" if notice is None else orjson.dumps(notice),
            middle,
            b"null" if listing.stage is None else orjson.dumps(listing.stage),
            items,
        )
    _count(listings, common.shelf.model.version)


def _frame(lists: ListMaker, common: _Common) -> tuple[bytes, bytes]:
    """What the JSON of every list of a batch has before the user's id, and between notice and source."""
    version = common.shelf.version
    token = lists.token(common.request_id, version, CHAMPION)
    beginning = b'{"request_id":"%b","token":"%b","user_id":' % (common.request_id.encode(), token)
    middle = b',"model_version":%d,"variant":"%b","source":' % (version, CHAMPION.encode())
    return beginning, middle


def _states(people: Sequence[Person], shelf: Shelf) -> list[PersonState]:
    """What each is to the model: as kept, or computed together, and kept as far as there is room."""
    states, rows = shelf.model.states, shelf.row_of_number
    found: list[PersonState | None] = []
    for person in people:
        facts = (person.rated, rows, person.profile, person.done)
        if not (len(person.rated) or len(person.done)) and person.profile == NOTHING_KNOWN:
            found.append(states.nobody)
        else:
            found.append(states.kept(person.user_id, *facts))
    missing = [person for person, state in zip(people, found, strict=True) if state is None]
    histories = [states.history(who.rated, rows, who.profile, who.done) for who in missing]
    computed = shelf.model.recommender.states(histories)
    metrics.states_computed.inc(len(missing))
    for who, state in zip(missing, computed, strict=True):
        states.keep_if_there_is_room(who.user_id, who.rated, rows, who.profile, who.done, state)
    fresh = iter(computed)
    return [next(fresh) if state is None else state for state in found]


def _entries(shelf: Shelf, states: Sequence[PersonState], listings: Sequence[Listing]) -> Iterator[bytes]:
    """The entries of each list, as `answers.entries_of` has them; all are laid out in one go.

    A text for each part of each entry, the same part of all entries at once: to format entries one after
    the other took most of a batch's time.
    """
    lengths = [len(listing.rows) for listing in listings]
    rows = np.concatenate([NO_ROWS, *(listing.rows for listing in listings)]).tolist()
    texts = [*_PARTS] * len(rows)
    texts[_FRAGMENT::_WIDTH] = map(shelf.fragments.__getitem__, rows)
    ranks = [f',"rank":{rank},"score":' for rank in range(1, max(lengths, default=0) + 1)]
    texts[_RANK::_WIDTH] = chain.from_iterable(ranks[:length] for length in lengths)
    sources = list(chain.from_iterable(listing.sources for listing in listings))
    ends = {source: f',"source":"{source}","reasons":null}},' for source in set(sources)}
    texts[_END::_WIDTH] = map(ends.__getitem__, sources)
    for part, numbers in _figures(shelf.model.recommender, states, listings):
        texts[part::_WIDTH] = numbers
    after = 0
    for length in lengths:
        first, after = after, after + _WIDTH * length
        yield "".join(texts[first:after])[:-1].encode()


# The parts of an entry: those that are empty differ.
_PARTS = ("", "", "", ',"stars":', "", ',"stars_low":', "null", ',"stars_high":', "null", "")
_FRAGMENT, _RANK, _SCORE, _STARS, _LOW, _HIGH, _END = 0, 1, 2, 4, 6, 8, 9
_WIDTH = len(_PARTS)


def _figures(
    recommender: Recommender, states: Sequence[PersonState], listings: Sequence[Listing]
) -> Iterator[tuple[int, list[str]]]:
    """Scores, stars and their interval, each with the part of an entry that it is."""
    scores = np.concatenate([np.empty(0, np.float32), *(listing.scores for listing in listings)])
    yield _SCORE, _numbers(_significant(scores))
    stars = recommender.stars_many(states, [listing.rows for listing in listings])
    yield _STARS, _numbers(_decimal(stars))
    ends = recommender.interval(stars)
    if ends is not None:
        yield _LOW, _numbers(_decimal(ends[0]))
        yield _HIGH, _numbers(_decimal(ends[1]))


def _numbers(values: Float64) -> list[str]:
    """Numbers as JSON has them; null for a NaN."""
    if not len(values):
        return []
    return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].decode().split(",")


def _decimal(stars: Float32) -> Float64:
    """Stars to three decimals, as `answers.entries_of` writes them."""
    return stars.astype(np.float64).round(3)


def _significant(scores: Float32) -> Float64:
    """Scores to six digits, as `answers.entries_of` writes them; in one go, a tenth of a microsecond each."""
    exact = scores.astype(np.float64)
    with np.errstate(divide="ignore"):  # of 0
        decimals = 5.0 - np.floor(np.log10(np.abs(exact)))
    decimals[~np.isfinite(decimals)] = 0.0
    power: Float64 = np.power(10.0, np.abs(decimals))  # whole: a quotient by 0.001 would have more digits
    rounded: Float64 = np.where(decimals < 0, np.rint(exact / power) * power, np.rint(exact * power) / power)
    return rounded


def _notice(
    lists: ListMaker, common: _Common, person: Person, state: PersonState, listing: Listing
) -> str | None:
    if listing.stage == "personal":  # which most are
        return person.notice
    if not len(listing.rows):
        return notices.of_empty(common.asked, common.wanted, common.showable, state.seen)
    newer = lists.asks_model and state.history.tells and not state.is_ranked
    return notices.of_source(listing.stage, newer_than_model=newer, otherwise=person.notice)


def _count(listings: Sequence[Listing], version: int) -> None:
    for stage, n_lists in Counter(listing.stage for listing in listings).items():
        metrics.count_list(CHAMPION, stage, version, n_lists)
    for source, n_items in Counter(chain.from_iterable(listing.sources for listing in listings)).items():
        metrics.count_listed(source, n_items)
