"""Marquee's lists as Gorse's calls ask for them: a number of entries behind an offset, ids and scores."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from app.serving.asked import Asked
from app.serving.audience import Visitor, VisitorEvent
from app.serving.worker import Worker
from marquee.recommend.filters import Filters
from marquee.store import gorse


class Part(NamedTuple):
    """Which part of a list is wanted.

    Attributes:
        categories: an item must be of all of them.
    """

    n: int
    offset: int = 0
    categories: tuple[str, ...] = ()


class Scored(NamedTuple):
    item_id: str
    score: float


def recommended(worker: Worker, request_id: str, user_id: str, part: Part) -> list[Scored]:
    """What a person is recommended. Blocks."""
    asked = _asked(worker, part)
    if asked is None:
        return []
    person = worker.look_up(user_id)
    content = worker.trials.for_person(request_id, person, asked, worker.lineup, worker.catalogue)
    return _entries(content, part)


def for_session(worker: Worker, request_id: str, events: Sequence[VisitorEvent], part: Part) -> list[Scored]:
    """What goes with what somebody did just now; kinds and items that are not known say nothing. Blocks."""
    known = worker.serving.feedback.kinds
    telling = [one for one in events if one.kind in known and worker.catalogue.item(one.item_id) is not None]
    asked = _asked(worker, part, [one.item_id for one in events])
    if asked is None:
        return []
    visitor = Visitor({}, telling)
    return _entries(
        worker.lists.for_visitor(request_id, visitor, asked, worker.shelf, worker.catalogue), part
    )


def similar(worker: Worker, item_id: str, part: Part, exclude: Sequence[str] = ()) -> list[Scored]:
    """What goes with an item; nothing for one that there is not."""
    asked = _asked(worker, part, exclude)
    if asked is None or worker.catalogue.item(item_id) is None:
        return []
    return _entries(worker.lists.similar(item_id, asked, worker.shelf, worker.catalogue), part)


def popular(worker: Worker, part: Part, exclude: Sequence[str] = ()) -> list[Scored]:
    """What most people like."""
    asked = _asked(worker, part, exclude)
    if asked is None:
        return []
    return _entries(worker.lists.popular(asked, worker.shelf, worker.catalogue), part)


def latest(worker: Worker, part: Part, exclude: Sequence[str] = ()) -> list[Scored]:
    """What came last, scored by when: in seconds since 1970. Blocks."""
    with worker.database.reading() as connection:
        found = gorse.latest(connection, part.categories, limit=_length(worker, part) + len(set(exclude)))
    out = set(exclude)
    kept = [Scored(item_id, at.timestamp()) for item_id, at in found if item_id not in out]
    return kept[part.offset : part.offset + part.n]


def seen_by(worker: Worker, user_id: str) -> list[str]:
    """Ids of the items that a person's lists leave out. Blocks."""
    catalogue = worker.catalogue
    numbers: Iterable[int] = worker.look_up(user_id).left_out().tolist()
    return [catalogue.items[number].item_id for number in numbers if number < len(catalogue)]


def _length(worker: Worker, part: Part) -> int:
    """How much of the list is to be made: no more than the settings allow."""
    return min(part.n + part.offset, worker.lists.sizes.largest_size)


def _asked(worker: Worker, part: Part, exclude: Sequence[str] = ()) -> Asked | None:
    length = _length(worker, part)
    if part.n == 0 or part.offset >= length:
        return None
    return Asked(
        length, Filters(all_categories=part.categories), exclude, diversity=worker.lists.sizes.diversity
    )


def _entries(content: bytes, part: Part) -> list[Scored]:
    entries = orjson.loads(content)["items"][part.offset : part.offset + part.n]
    return [Scored(entry["item_id"], entry["score"] or 0.0) for entry in entries]
