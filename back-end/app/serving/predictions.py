"""Predicted stars for pairs of a person and an item."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from app.serving.audience import Person
from app.serving.deadline import require_time
from app.serving.histories import NOTHING_RATED
from app.serving.shelf import Shelf
from app.serving.states import history_of
from app.serving.worker import Worker
from marquee.domain.errors import NotFound, Unavailable
from marquee.domain.records import Item


class Pair(NamedTuple):
    user_id: str
    item_id: str


class PredictedStars(NamedTuple):
    """`fallback`: nothing is known of the person, or the model has never heard of the item."""

    user_id: str
    item_id: str
    stars: float
    stars_low: float | None
    stars_high: float | None
    source: Literal["model", "fallback"]


def predict(worker: Worker, pairs: Sequence[Pair], *, of_hidden: bool) -> tuple[int, list[PredictedStars]]:
    """The version that predicts, and its stars, in the order of the pairs. Blocks while it looks people up.

    Args:
        of_hidden: whether hidden items are there for whoever asks.

    Raises:
        NotFound: an item is not in the catalogue; names it.
        Unavailable: no model is deployed, or it takes longer than the request may.
    """
    shelf = worker.shelf
    if shelf is None:
        raise Unavailable("No model is deployed yet.", hint="Train one: `marquee train`.")
    catalogue = worker.catalogue
    _check_items(pairs, catalogue.known_item if of_hidden else catalogue.item)
    wanted: dict[str, list[str]] = {}
    for pair in pairs:
        wanted.setdefault(pair.user_id, []).append(pair.item_id)
    of_pair = {
        (stars.user_id, stars.item_id): stars
        for person, item_ids in zip(worker.look_up_many(list(wanted)), wanted.values(), strict=True)
        for stars in _of_person(shelf, person, item_ids)
    }
    return shelf.model.version, [of_pair[pair] for pair in pairs]


def _check_items(pairs: Sequence[Pair], item_of: Callable[[str], Item | None]) -> None:
    for pair in pairs:
        if item_of(pair.item_id) is None:
            raise NotFound(f"There is no item {pair.item_id!r}.", hint="Leave its pair out.")


def _of_person(shelf: Shelf, person: Person, item_ids: list[str]) -> Iterable[PredictedStars]:
    require_time()
    model = shelf.model
    rated = NOTHING_RATED if person.history is None else person.history
    history = history_of(rated, shelf.row_of_number, model.states.columns(person.profile))
    rows = shelf.rows(item_ids)
    stars = model.recommender.predict(history, rows)
    ends = model.recommender.interval(stars)
    known = (rows >= 0) & ((rows < len(model.bundle.items)) | model.bundle.rating.scores_new)
    lows, highs = ([None] * len(rows),) * 2 if ends is None else ends.tolist()
    for item_id, is_known, value, low, high in zip(item_ids, known, stars.tolist(), lows, highs, strict=True):
        source: Literal["model", "fallback"] = "model" if len(history) and is_known else "fallback"
        yield PredictedStars(person.user_id, item_id, round(value, 3), _rounded(low), _rounded(high), source)


def _rounded(stars: float | None) -> float | None:
    return None if stars is None else round(stars, 3)
