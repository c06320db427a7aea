"""What an evaluation found, for people with a past and for newcomers apart."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from marquee.evaluation.estimators import figures
from marquee.evaluation.intervals import estimates
from marquee.evaluation.judged import Judged

Group: TypeAlias = Literal["known", "new", "all"]
Metric: TypeAlias = Literal["rmse", "mae", "precision", "recall", "ndcg"]
METRICS: tuple[Metric, ...] = ("rmse", "mae", "precision", "recall", "ndcg")


@dataclass(frozen=True, slots=True)
class GroupReport:
    """Figures of one group of people; None where there was nothing to measure.

    Attributes:
        users: people with a test rating.
        ratings: test ratings predicted.
        ranked_users: people with at least one list that could be judged.
        lists: lists judged.
        rmse, mae: of the predicted stars, over ratings.
        precision, recall, ndcg: at k; mean over each person's lists, then over people.
        coverage90: share of the ratings that lie within the interval stated for them.
    """

    users: int
    ratings: int
    ranked_users: int
    lists: int
    rmse: float | None
    mae: float | None
    precision: float | None
    recall: float | None
    ndcg: float | None
    coverage90: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One model set judged on one split.

    Attributes:
        k: places of a list that count.
        liked: stars from which on an item is relevant.
        known: people with ratings in the training set.
        new: people without.
        all: both together.
    """

    k: int
    liked: float
    known: GroupReport
    new: GroupReport
    all: GroupReport

    def group(self, name: Group) -> GroupReport:
        groups: dict[Group, GroupReport] = {"known": self.known, "new": self.new, "all": self.all}
        return groups[name]

    def figure(self, group: Group, metric: Metric) -> float | None:
        """One figure; None where there was nothing to measure."""
        value: float | None = getattr(self.group(group), metric)
        return value

    def metrics(self) -> dict[str, float]:
        """Figures that exist, and counts, by names such as `known.rmse`, as trackers want them."""
        return {
            f"{group}.{name}": float(value)
            for group in ("known", "new", "all")
            for name, value in asdict(getattr(self, group)).items()
            if value is not None
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return asdict(self)


def report_of(judged: Judged) -> Report:
    """The gates' figures of what was judged under `temporal`."""
    return Report(judged.k, judged.liked, *(_group(judged, name) for name in ("known", "new", "all")))


def intervals_of(judged: Judged) -> dict[str, dict[str, tuple[float, float]]]:
    """Ends of the 95 % intervals of a report's figures, by group and metric; those there are."""
    asked = [
        (group, name, estimator)
        for group in ("known", "new", "all")
        for name, estimator in figures(judged, judged.of_group(group), (*METRICS, "coverage90")).items()
    ]
    found: dict[str, dict[str, tuple[float, float]]] = {}
    sure = estimates([estimator for *_, estimator in asked], len(judged.people))
    for (group, name, _), one in zip(asked, sure, strict=True):
        if one is not None and one.low is not None and one.high is not None:
            most = math.inf if name in ("rmse", "mae") else 1.0  # all others are shares
            found.setdefault(group, {})[name] = (max(one.low, 0.0), min(one.high, most))
    return found


def _group(judged: Judged, name: Group) -> GroupReport:
    people = judged.people[judged.of_group(name)]
    ranked = people[people["lists"] > 0]
    ratings = int(people["ratings"].sum())
    stated = int(people["intervals"].sum())
    return GroupReport(
        users=len(people),
        ratings=ratings,
        ranked_users=len(ranked),
        lists=int(ranked["lists"].sum()),
        rmse=math.sqrt(math.fsum(people["squared_error"]) / ratings) if ratings else None,
        mae=math.fsum(people["absolute_error"]) / ratings if ratings else None,
        precision=_mean(ranked["precision"]),
        recall=_mean(ranked["recall"]),
        ndcg=_mean(ranked["ndcg"]),
        coverage90=float(people["in_interval"].sum()) / stated if stated else None,
    )


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return math.fsum(known) / len(known) if known else None
