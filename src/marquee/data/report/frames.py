"""The tables that a report looks at."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from marquee.data.progress import OnProgress, unheard
from marquee.data.rejects import RejectLog
from marquee.data.sources import locate
from marquee.data.tables import read_tables
from marquee.domain import columns as col
from marquee.domain.errors import DataError
from marquee.settings import RatingScale


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Ratings, items and users, with columns as `store.*.load_frame` gives them.

    Attributes:
        source: where they come from, in a few words.
        rejected: rows of the files that could not be taken, by reason; nothing for the platform's own.
        replaced: ratings of a pair that a later one of the same file replaced.
    """

    ratings: pd.DataFrame
    items: pd.DataFrame
    users: pd.DataFrame
    source: str
    rejected: dict[str, int]
    replaced: int = 0

    @property
    def matrix_share(self) -> float:
        """Share of all pairs of a person and an item that are rated."""
        return len(self.ratings) / max(len(self.users) * len(self.items), 1)


def read_frames(path: Path, scale: RatingScale, on_progress: OnProgress = unheard) -> Frames:
    """Read files as `marquee data load` does; items and people that only the ratings name are there too.

    Raises:
        DataError: the files cannot be read, or hold no good ratings.
    """
    with RejectLog() as rejects:
        tables = read_tables(locate(path), scale, datetime.now(UTC), rejects, on_progress)
    if tables.ratings is None or not len(tables.ratings):
        raise DataError(f"{path} holds no good ratings.", hint=f"Try `marquee data load {path}` to see why.")
    ratings = tables.ratings.frame()
    items = tables.items.by_id.values() if tables.items else ()
    users = tables.users.by_id.values() if tables.users else ()
    item_rows = [(item.item_id, item.title, item.year, list(item.genres)) for item in items]
    user_rows = [(user.user_id, user.age, user.gender, user.occupation) for user in users]
    item_rows += [
        (name, name, None, []) for name in _unknown(ratings[col.ITEM], {row[0] for row in item_rows})
    ]
    user_rows += [
        (name, None, None, None) for name in _unknown(ratings[col.USER], {row[0] for row in user_rows})
    ]
    return Frames(
        ratings,
        pd.DataFrame(item_rows, columns=list(col.ITEM_COLUMNS)).astype({col.YEAR: "Int64"}),
        pd.DataFrame(user_rows, columns=list(col.USER_COLUMNS)).astype({col.AGE: "Int64"}),
        str(path),
        dict(rejects.by_reason),
        tables.ratings.duplicates,
    )


def _unknown(ids: "pd.Series[str]", known: set[str]) -> list[str]:
    return sorted(set(ids.unique()) - known)


def gini(counts: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> float:
    """Gini's coefficient of counts, 0 when all are equal, towards 1 when one has all.

    The mean difference between any two, as a share of twice the mean: sum((2 i - n - 1) x_i) / (n sum(x))
    for x in ascending order and i from 1.
    """
    ordered = np.sort(counts).astype(np.float64)
    n, total = len(ordered), ordered.sum()
    if not n or not total:
        return 0.0
    return float(((2 * np.arange(1, n + 1) - n - 1) * ordered).sum() / (n * total))
