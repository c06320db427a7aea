"""Figures that sections and findings share, and how numbers are shown."""

from typing import Any

import numpy as np
import pandas as pd

from marquee.data.report.frames import Frames
from marquee.domain.columns import AGE, GENRES, ITEM, RATING, TIME, USER, YEAR
from marquee.reporting.model import Number

DAY = 86_400


def item_counts(frames: Frames) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Ratings of each item of the catalogue, those that nobody rated too, shape (n_items,)."""
    counts = frames.ratings[ITEM].value_counts()
    found = frames.items[ITEM].map(counts).fillna(0).to_numpy(np.int64)
    return np.asarray(found)


def newcomer_share(frames: Frames, share: float = 0.2) -> float:
    """Of the newest ratings, the share made by people with none among the older ones."""
    ordered = frames.ratings.sort_values([TIME, USER, ITEM], kind="stable")
    cut = round(len(ordered) * (1 - share))
    older, newer = ordered.iloc[:cut], ordered.iloc[cut:]
    return float((~newer[USER].isin(older[USER].unique())).mean()) if len(newer) else 0.0


def rating_facts(frames: Frames) -> pd.DataFrame:
    """Numbers that belong to each rating, by short names."""
    ratings = frames.ratings
    facts = pd.DataFrame(
        {
            "stars": ratings[RATING],
            "activity": ratings[USER].map(ratings[USER].value_counts()),
            "popularity": ratings[ITEM].map(ratings[ITEM].value_counts()),
            "time": ratings[TIME],
            "item year": ratings[ITEM].map(frames.items.set_index(ITEM)[YEAR].astype("float64")),
            "genres": ratings[ITEM].map(frames.items.set_index(ITEM)[GENRES].map(len)),
            "age": ratings[USER].map(frames.users.set_index(USER)[AGE].astype("float64")),
        }
    )
    return facts.loc[:, facts.nunique() > 1]


def missing_values(column: "pd.Series[Any]") -> int:
    """How many values of a column are missing; an empty list is."""
    empty = column.map(lambda value: isinstance(value, list) and not value)
    return int((column.isna() | empty).sum())


def day(moment: float) -> str:
    """The date of a moment in seconds since 1970 UTC, as ISO 8601 writes it."""
    return str(np.datetime64(int(moment), "s").astype("datetime64[D]"))


def count(n: float) -> Number:
    """A whole number, as tables show it."""
    return Number(float(n), 0)


def share(part: float, digits: int = 1) -> Number:
    """A share of 1, as per cent."""
    return Number(float(part), digits, percent=True)


def two_places(value: object) -> Number:
    """A number with two decimal places; none for what is missing."""
    missing = value is None or pd.isna(value)  # type: ignore[call-overload]
    return Number(None if missing else float(value), 2)  # type: ignore[arg-type]
