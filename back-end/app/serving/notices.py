"""What the reader of a list should be told about it."""

import numpy as np

from app.serving.asked import Asked
from marquee.domain.history import UNKNOWN_ROW
from marquee.models.protocol import Int32
from marquee.recommend.chain import Source
from marquee.recommend.filters import Filters
from marquee.recommend.listing import Wanted
from marquee.recommend.showable import Showable

UNKNOWN_PERSON = "Nothing is known of this person yet, so these are the most popular items."
NOTHING_RATED_YET = "There are no ratings yet, so these are the most popular items."
NOT_LOOKED_UP = "This person cannot be looked up at the moment, so these are the most popular items."
NO_MODEL = "No model is deployed yet, so these are the most popular items."
MODEL_UNUSABLE = "The deployed model cannot be used at the moment, so these are the most popular items."

EMPTY_CATALOGUE = "There is no title to show yet."
NOTHING_DONE = "Nobody has rated or done anything yet."
NOTHING_PASSES = "No title passes these filters."
ALL_SEEN = "Nothing is left that this person has not seen."
NO_STAGE_SPEAKS = "No stage of `fallback` has anything to say of this person."
NONE_LEFT = "No title is left for this list."
ALL_SHOWN = "That was the whole list."

# Of a list that does not come from the ranking model, by what it comes from.
BY_PROFILE = "There are no ratings yet, so these are what people alike rate most."
NEWER_THAN_MODEL = {
    "similar": "The model does not know what this person rated yet, so these are titles similar to that.",
    "category": "The model does not know what this person rated yet, so these are popular in its categories.",
    "popular": "The model does not know what this person rated yet, so these are the most popular items.",
}


def of_source(stage: Source | None, *, newer_than_model: bool, otherwise: str | None) -> str | None:
    """What a list's source says.

    Args:
        newer_than_model: whether the model was asked, and could say nothing of what the person did.
        otherwise: what is to be said of the person.
    """
    if stage == "profile":
        return BY_PROFILE
    if newer_than_model and stage is not None:
        return NEWER_THAN_MODEL.get(stage, otherwise)
    return otherwise


def of_filters(filters: Filters, showable: Showable) -> str | None:
    """That a category was asked for that no item has."""
    unknown = filters.unknown_categories(showable.facts)
    return f"No title is of the category {unknown[0]!r}." if unknown else None


def of_empty(asked: Asked, wanted: Wanted, showable: Showable, seen: Int32 | None) -> str:
    """Why there is nothing in a list.

    Args:
        seen: rows that are left out because the person knows them; None for a list that is nobody's own.
    """
    if not showable.count:
        return EMPTY_CATALOGUE
    if wanted.barred is not None and not (wanted.barred == 0).any():
        return NOTHING_PASSES
    if asked.shown:
        return ALL_SHOWN
    if seen is None:
        return NONE_LEFT
    return NO_STAGE_SPEAKS if _something_left(wanted, len(showable.facts), seen) else ALL_SEEN


def _something_left(wanted: Wanted, n_rows: int, seen: Int32) -> bool:
    """Whether a row passes the filters that is neither seen nor excluded."""
    left = np.ones(n_rows, bool) if wanted.barred is None else wanted.barred == 0
    out = seen if wanted.excluded is None else np.concatenate((seen, wanted.excluded))
    left[out[out != UNKNOWN_ROW]] = False
    return bool(left.any())
