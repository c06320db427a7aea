"""A data set's tables in memory, checked: items and users as records, ratings as codes and numbers."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from marquee.data.catalogue import Records, read_items, read_users
from marquee.data.latest import latest
from marquee.data.layout import Table
from marquee.data.progress import OnProgress
from marquee.data.reading import read_chunks
from marquee.data.rejects import RejectLog, in_order
from marquee.data.sources import DataSet
from marquee.data.validation import RatingColumns, RatingRules, check_ratings
from marquee.domain import columns as col
from marquee.domain.records import Item, User
from marquee.settings import RatingScale


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Which items may be rated, beyond those in the data set's own items file.

    Attributes:
        known: ids that the platform already has.
        open: whether an item that nobody described is made, titled by its id; otherwise it is rejected.
    """

    known: frozenset[str] = frozenset()
    open: bool = False


ANY_ITEM = Catalogue(open=True)


@dataclass(frozen=True, slots=True)
class RatingTable:
    """Ratings, one a pair, n rows, in the file's order: 24 bytes a row and each id once.

    Attributes:
        user_ids, item_ids: the ids that the codes stand for.
        user_codes, item_codes: int32 (n).
        ratings: stars, float64 (n).
        times: unix seconds, int64 (n).
        rows: rows read, good and bad.
        duplicates: good rows that a later rating of the same pair replaced.
        timed: whether the file says when the ratings were made.
    """

    user_ids: list[str]
    item_ids: list[str]
    user_codes: NDArray[np.int32]
    item_codes: NDArray[np.int32]
    ratings: NDArray[np.float64]
    times: NDArray[np.int64]
    rows: int
    duplicates: int
    timed: bool

    def __len__(self) -> int:
        return len(self.ratings)

    def frame(self) -> pd.DataFrame:
        """The columns of `RATING_COLUMNS`."""
        return pd.DataFrame(
            {
                col.USER: _decoded(self.user_ids, self.user_codes),
                col.ITEM: _decoded(self.item_ids, self.item_codes),
                col.RATING: self.ratings,
                col.TIME: self.times,
            }
        )


@dataclass(frozen=True, slots=True)
class Tables:
    """What a data set holds, without its rejects; a table that the data set lacks is None."""

    ratings: RatingTable | None
    items: Records[Item] | None
    users: Records[User] | None


def read_tables(
    data: DataSet,
    scale: RatingScale,
    now: datetime,
    rejects: RejectLog,
    on_progress: OnProgress,
    catalogue: Catalogue = ANY_ITEM,
) -> Tables:
    """Read and check everything; nothing is written but the rejects.

    An item is known when the data set's items file describes it, or `catalogue` knows it.

    Raises:
        DataError: a file cannot be read.
    """
    items = read_items(data.items, rejects, on_progress) if data.items else None
    users = read_users(data.users, rejects, on_progress) if data.users else None
    ratings = None
    if data.ratings:
        rules = _rules(items, scale, now, catalogue)
        ratings = read_ratings(data.ratings, rules, rejects, on_progress)
    return Tables(ratings, items, users)


def _rules(
    items: Records[Item] | None, scale: RatingScale, now: datetime, catalogue: Catalogue
) -> RatingRules:
    described = items.by_id.keys() if items else frozenset[str]()
    rejected = items.rejected - catalogue.known if items else frozenset[str]()
    return RatingRules(scale, now, None if catalogue.open else catalogue.known | described, rejected)


def read_ratings(
    table: Table, rules: RatingRules, rejects: RejectLog, on_progress: OnProgress
) -> RatingTable:
    """Read and check a ratings file; of several ratings of one pair the latest stands, of equals the last."""
    collected = _Collected()
    before = len(rejects)
    for chunk in read_chunks(table, on_progress):
        good, bad = check_ratings(chunk, table.file.name, rules)
        rejects.add(in_order([*chunk.rejects, *bad]))
        collected.add(good)
    return collected.table(rejected=len(rejects) - before, timed=col.TIME in table.layout.columns)


class _Collected:
    """Chunks of good ratings, until they become one table."""

    def __init__(self) -> None:
        self._users: list[pa.DictionaryArray] = []
        self._items: list[pa.DictionaryArray] = []
        self._ratings: list[NDArray[np.float64]] = []
        self._times: list[NDArray[np.int64]] = []

    def add(self, good: RatingColumns) -> None:
        self._users.append(good.users.dictionary_encode())
        self._items.append(good.items.dictionary_encode())
        self._ratings.append(good.ratings)
        self._times.append(good.times)

    def table(self, *, rejected: int, timed: bool) -> RatingTable:
        user_ids, user_codes = _unified(self._users)
        item_ids, item_codes = _unified(self._items)
        ratings = np.concatenate([np.empty(0, np.float64), *self._ratings])
        times = np.concatenate([np.empty(0, np.int64), *self._times])
        keep = latest(user_codes.astype(np.int64) * len(item_ids) + item_codes, times)
        return RatingTable(
            user_ids=user_ids,
            item_ids=item_ids,
            user_codes=user_codes[keep],
            item_codes=item_codes[keep],
            ratings=ratings[keep],
            times=times[keep],
            rows=len(times) + rejected,
            duplicates=len(times) - len(keep),
            timed=timed,
        )


def _unified(parts: list[pa.DictionaryArray]) -> tuple[list[str], NDArray[np.int32]]:
    """(each id once, by their first rows; a code for each row) of chunks with codes of their own."""
    unified = pa.chunked_array(parts, pa.dictionary(pa.int32(), pa.string())).unify_dictionaries()
    codes = np.concatenate([np.empty(0, np.int32), *(chunk.indices.to_numpy() for chunk in unified.chunks)])
    return unified.chunk(0).dictionary.to_pylist() if parts else [], codes


def _decoded(ids: list[str], codes: NDArray[np.int32]) -> pd.Series:
    return pd.Series(pd.array(ids, dtype="str").take(codes))
