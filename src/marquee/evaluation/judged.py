"""What a protocol saw of one contender, person by person: every figure is a function of these tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from marquee.domain.columns import USER
from marquee.domain.history import UNKNOWN_ROW, History
from marquee.evaluation import catalogue as beyond
from marquee.evaluation import metrics
from marquee.evaluation.catalogue import Catalogue
from marquee.models.protocol import Float32, Float64, Int32, Int64, Mask
from marquee.recommend.recommender import Recommender

ALL = "all"
LIST_COLUMNS = (
    *("precision", "recall", "f1", "hit_rate", "map", "mrr", "ndcg"),
    *("novelty", "diversity", "serendipity", "popularity", "profile_popularity"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Stars:
    """Stars predicted for some test ratings, shape (n,) each; `low` and `high` are nan without an interval.

    Attributes:
        rows: the items; `UNKNOWN_ROW` where the recommender does not have one.
        actual, predicted: stars.
        low, high: the interval that the model states.
    """

    rows: Int32
    actual: Float32
    predicted: Float32
    low: Float32
    high: Float32

    @classmethod
    def none(cls) -> "Stars":
        empty = np.empty(0, dtype=np.float32)
        return cls(np.empty(0, dtype=np.int32), empty, empty, empty, empty)

    @classmethod
    def joined(cls, parts: Sequence["Stars"]) -> "Stars":
        if not parts:
            return cls.none()
        names = ("rows", "actual", "predicted", "low", "high")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """Lists made for one person.

    Attributes:
        lists: rows, shape (n_lists, k), `UNKNOWN_ROW` where a list is shorter.
        relevant: for each list the rows to be found, at least one; `UNKNOWN_ROW` among them is an item to be
            found that the recommender does not have.
        histories: what was known when each list was made.
    """

    lists: Int32
    relevant: Sequence[Int32]
    histories: Sequence[History]

    @classmethod
    def none(cls, k: int) -> "Listed":
        return cls(np.empty((0, k), dtype=np.int32), (), ())


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person's part of a protocol, in one group; `n_before` counts the ratings known at its start."""

    user_id: str
    group: str
    n_before: int
    stars: Stars
    listed: Listed


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One contender under one protocol.

    Attributes:
        protocol, k, liked: what it was judged by.
        groups: names of the groups reported apart, in order; people of `ALL` are everybody.
        people: one row a person judged (under `coldstart`, a person and a number of known ratings): user_id,
            group, n_before; of the stars sums, so that ratings count the same: ratings, squared_error,
            absolute_error, error (predicted - actual), in_interval, interval_width, intervals; `auc` of liked
            over the person's own ratings; of the lists their number and means: lists, and `LIST_COLUMNS`.
            nan is: nothing to judge.
        stars: one row a rating predicted: person (row of `people`), item (row of the catalogue, or
            `UNKNOWN_ROW`), actual, predicted, low, high.
        lists: all lists, shape (n_lists, k); `list_person` is the row of `people` of each.
        relevant: one row an item to be found in a list: list, person, item, found.
    """

    protocol: str
    k: int
    liked: float
    groups: tuple[str, ...]
    catalogue: Catalogue
    people: pd.DataFrame
    stars: pd.DataFrame
    lists: Int32
    list_person: Int64
    relevant: pd.DataFrame = field(repr=False)

    def of_group(self, name: str) -> Mask:
        """Which rows of `people` belong to a group."""
        if name == ALL:
            return np.ones(len(self.people), dtype=np.bool_)
        return (self.people["group"] == name).to_numpy(dtype=np.bool_)


def judged(
    protocol: str,
    catalogue: Catalogue,
    people: Sequence[Person],
    *,
    k: int,
    liked: float,
    groups: tuple[str, ...],
) -> Judged:
    """Put the tables together."""
    stars = _star_table(people)
    lists = np.concatenate([np.empty((0, k), dtype=np.int32), *(person.listed.lists for person in people)])
    list_person = np.repeat(np.arange(len(people)), [len(person.listed.lists) for person in people])
    relevant = _relevant_table(people, lists, list_person)
    table = pd.DataFrame(
        {
            USER: [person.user_id for person in people],
            "group": [person.group for person in people],
            "n_before": np.array([person.n_before for person in people], dtype=np.int64),
        }
    )
    table = pd.concat(
        [
            table,
            _star_sums(stars, len(people), liked),
            _list_means(catalogue, people, lists, list_person, relevant),
        ],
        axis=1,
    )
    return Judged(protocol, k, liked, groups, catalogue, table, stars, lists, list_person, relevant)


def predict(recommender: Recommender, history: History, rows: Int32, actual: Float32) -> Stars:
    """Stars as serving would show them, from one history."""
    predicted = recommender.predict(history, rows)
    ends = recommender.interval(predicted)
    if ends is None:
        ends = np.full((2, len(rows)), np.nan, dtype=np.float32)
    return Stars(rows, actual, predicted, *ends)


def _star_table(people: Sequence[Person]) -> pd.DataFrame:
    stars = Stars.joined([person.stars for person in people])
    return pd.DataFrame(
        {
            "person": np.repeat(np.arange(len(people)), [len(person.stars.rows) for person in people]),
            "item": stars.rows,
            "actual": stars.actual.astype(np.float64),
            "predicted": stars.predicted.astype(np.float64),
            "low": stars.low.astype(np.float64),
            "high": stars.high.astype(np.float64),
        }
    )


def _star_sums(stars: pd.DataFrame, n_people: int, liked: float) -> pd.DataFrame:
    error = (stars["predicted"] - stars["actual"]).to_numpy()
    stated = stars["low"].notna().to_numpy()
    within = stars["actual"].between(stars["low"], stars["high"]).to_numpy()
    width = (stars["high"] - stars["low"]).fillna(0.0).to_numpy()
    person = stars["person"].to_numpy()

    def sums(values: Float64 | Mask) -> Float64:
        return np.asarray(np.bincount(person, values.astype(np.float64), minlength=n_people), np.float64)

    table = pd.DataFrame(
        {
            "ratings": sums(np.ones(len(stars))).astype(np.int64),
            "squared_error": sums(np.square(error)),
            "absolute_error": sums(np.abs(error)),
            "error": sums(error),
            "intervals": sums(stated).astype(np.int64),
            "in_interval": sums(within & stated),
            "interval_width": sums(width),
        }
    )
    table["auc"] = np.nan
    for who, theirs in stars.groupby("person", sort=False):
        liked_ones = (theirs["actual"] >= liked).to_numpy()
        table.loc[who, "auc"] = metrics.auc(theirs["predicted"].to_numpy(), liked_ones)
    return table


def _relevant_table(people: Sequence[Person], lists: Int32, list_person: Int64) -> pd.DataFrame:
    relevant = [rows for person in people for rows in person.listed.relevant]
    which = np.repeat(np.arange(len(relevant)), [len(rows) for rows in relevant])
    items = np.concatenate([np.empty(0, dtype=np.int32), *relevant])
    found = (lists[which] == items[:, None]).any(axis=1) & (items != UNKNOWN_ROW)
    return pd.DataFrame({"list": which, "person": list_person[which], "item": items, "found": found})


def _list_means(
    catalogue: Catalogue, people: Sequence[Person], lists: Int32, list_person: Int64, relevant: pd.DataFrame
) -> pd.DataFrame:
    per_list = _list_figures(catalogue, people, lists, relevant)
    means = per_list.groupby(list_person).mean().reindex(range(len(people)))
    counts = np.bincount(list_person, minlength=len(people))
    return pd.concat([pd.Series(counts, name="lists"), means], axis=1)


def _list_figures(
    catalogue: Catalogue, people: Sequence[Person], lists: Int32, relevant: pd.DataFrame
) -> pd.DataFrame:
    """One row a list, the columns `LIST_COLUMNS`."""
    histories = [history for person in people for history in person.listed.histories]
    n_relevant = np.bincount(relevant["list"], minlength=len(lists))
    hits = _hits(lists, relevant)
    figures = {
        "precision": metrics.precision_at_k(hits),
        "recall": metrics.recall_at_k(hits, n_relevant),
        "f1": metrics.f1_at_k(hits, n_relevant),
        "hit_rate": metrics.hit_rate_at_k(hits),
        "map": metrics.average_precision_at_k(hits, n_relevant),
        "mrr": metrics.reciprocal_rank_at_k(hits),
        "ndcg": metrics.ndcg_at_k(hits, n_relevant),
        "novelty": beyond.novelty(lists, catalogue.popularity, catalogue.n_people),
        "diversity": beyond.diversity(lists, catalogue.features),
        "serendipity": beyond.serendipity(hits, lists, _expected(catalogue, histories, lists.shape[1])),
        "popularity": beyond.mean_popularity(lists, catalogue.popularity),
        "profile_popularity": _profile_popularity(catalogue, histories),
    }
    return pd.DataFrame(figures, columns=list(LIST_COLUMNS))


def _hits(lists: Int32, relevant: pd.DataFrame) -> Mask:
    hits = np.zeros(lists.shape, dtype=np.bool_)
    found = relevant[relevant["found"]]
    which, items = found["list"].to_numpy(), found["item"].to_numpy()
    hits[which, (lists[which] == items[:, None]).argmax(axis=1)] = True
    return hits


def _expected(catalogue: Catalogue, histories: Sequence[History], k: int) -> Int32:
    """The most popular items that each history does not hold, shape (n, k)."""
    order = catalogue.by_popularity
    expected = np.full((len(histories), k), UNKNOWN_ROW, dtype=np.int32)
    for row, history in enumerate(histories):
        candidates = order[: k + len(history)]
        unseen = candidates[~np.isin(candidates, history.rows)][:k]
        expected[row, : len(unseen)] = unseen
    return expected


def _profile_popularity(catalogue: Catalogue, histories: Sequence[History]) -> Float64:
    """Mean popularity of the items that each history holds; nan for an empty one."""
    popularity = catalogue.popularity
    return np.array([popularity[h.rows].mean() if len(h) else np.nan for h in histories], dtype=np.float64)
