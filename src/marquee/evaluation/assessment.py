"""Everything that is said of some contenders under one protocol: figures, tests, slices, fairness, curves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pandas as pd

from marquee.evaluation.catalogue import Catalogue, exposures
from marquee.evaluation.estimators import figures, reliability
from marquee.evaluation.fairness import Fairness, fairness
from marquee.evaluation.intervals import (
    RESAMPLES,
    Difference,
    Estimate,
    Estimator,
    difference,
    estimate,
    holm,
    resampled_people,
)
from marquee.evaluation.judged import ALL, Judged
from marquee.evaluation.slices import OF_ITEMS, Sliced, sliced
from marquee.models.protocol import Float64

TESTED = ("rmse", "mae", "auc", "ndcg", "precision", "recall")
_CURVE_POINTS = 20

Heard: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PairedTest:
    """The first contender beside one rival, in one figure of one group.

    Attributes:
        p_corrected: by Holm, over all tests of the protocol; None where there is no p.
    """

    rival: str
    group: str
    figure: str
    found: Difference
    p_corrected: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Ratings whose predicted stars lie together: how many, mean predicted and mean actual stars."""

    ratings: int
    predicted: float
    actual: float


@dataclass(frozen=True, slots=True)
class Tail:
    """A curve: the most popular `items` (share of the catalogue) have `places` (share of all places)."""

    items: tuple[float, ...]
    places: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one contender.

    Attributes:
        figures: by group and name.
        people, ratings, lists: by group, how many the figures rest on.
        sliced: None where people are judged several times (`coldstart`).
        fairness: by kind of item group.
        calibration: by bin of predicted stars; empty without stars.
        tail: None without lists.
    """

    figures: Mapping[str, Mapping[str, Estimate]]
    people: Mapping[str, int]
    ratings: Mapping[str, int]
    lists: Mapping[str, int]
    sliced: Sliced | None
    fairness: Mapping[str, Fairness]
    calibration: tuple[Bin, ...]
    tail: Tail | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """All contenders under one protocol, in their order; the first is the candidate.

    Attributes:
        tail_of_ratings: the curve of the training ratings themselves, to hold the lists' against.
    """

    protocol: str
    k: int
    groups: tuple[str, ...]
    found: Mapping[str, Found]
    tests: tuple[PairedTest, ...]
    tail_of_ratings: Tail


def assess(
    judgements: Mapping[str, Judged],
    users: pd.DataFrame,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    on_progress: Heard = lambda _: None,
) -> Assessment:
    """Everything about contenders that one protocol judged; every interval from the same resamples.

    Args:
        judgements: by contender's name, the candidate first.
        users: for slices: user_id, gender, age.
    """
    first = next(iter(judgements.values()))
    _check_same_people(judgements)
    weights = resampled_people(len(first.people), resamples, seed)
    found = {}
    for name, judged in judgements.items():
        on_progress(f"{first.protocol}: intervals and slices of {name}")
        found[name] = _found(judged, users, weights)
    return Assessment(
        first.protocol,
        first.k,
        first.groups,
        found,
        _tests(judgements, weights),
        _tail_of_ratings(first.catalogue),
    )


def _check_same_people(judgements: Mapping[str, Judged]) -> None:
    """Paired tests need the same people in the same rows."""
    first, *others = judgements.values()
    keys = ["user_id", "group", "n_before", "ratings", "lists"]
    for other in others:
        if not first.people[keys].equals(other.people[keys]):
            raise ValueError("contenders were judged on different people or ratings")


def _found(judged: Judged, users: pd.DataFrame, weights: Float64) -> Found:
    everybody = judged.of_group(ALL)
    counted = {name: judged.people[judged.of_group(name)] for name in judged.groups}
    once = judged.people["user_id"].is_unique
    fair = {by: fairness(judged, by, weights) for by in OF_ITEMS} if once else {}
    return Found(
        figures={name: _estimates(figures(judged, judged.of_group(name)), weights) for name in judged.groups},
        people={name: len(people) for name, people in counted.items()},
        ratings={name: int(people["ratings"].sum()) for name, people in counted.items()},
        lists={name: int(people["lists"].sum()) for name, people in counted.items()},
        sliced=sliced(judged, users, weights) if once else None,
        fairness={by: one for by, one in fair.items() if one is not None},
        calibration=tuple(
            Bin(int(ratings), predicted, actual)
            for ratings, predicted, actual in reliability(judged, everybody).to_numpy().tolist()
        ),
        tail=_tail(judged.catalogue, exposures(judged.lists, len(judged.catalogue)).astype(np.float64)),
    )


def _estimates(estimators: Mapping[str, Estimator], weights: Float64) -> dict[str, Estimate]:
    found = ((name, estimate(estimator, weights)) for name, estimator in estimators.items())
    return {name: one for name, one in found if one is not None}


def _tests(judgements: Mapping[str, Judged], weights: Float64) -> tuple[PairedTest, ...]:
    (_, candidate), *rivals = judgements.items()
    tests = []
    for rival, judged in rivals:
        for group in candidate.groups:
            ours, theirs = (figures(one, one.of_group(group), TESTED) for one in (candidate, judged))
            for name in ours.keys() & theirs.keys():
                found = difference(ours[name], theirs[name], weights)
                if found is not None:
                    tests.append(PairedTest(rival, group, name, found, None))
    ordered = sorted(tests, key=lambda test: TESTED.index(test.figure))
    ordered.sort(key=lambda test: (list(judgements).index(test.rival), candidate.groups.index(test.group)))
    return _corrected(ordered)


def _corrected(tests: list[PairedTest]) -> tuple[PairedTest, ...]:
    corrected = iter(holm([test.found.p for test in tests if test.found.p is not None]))
    return tuple(
        test if test.found.p is None else replace(test, p_corrected=next(corrected)) for test in tests
    )


def _tail_of_ratings(catalogue: Catalogue) -> Tail:
    curve = _tail(catalogue, catalogue.counts.astype(np.float64))
    return Tail((), ()) if curve is None else curve


def _tail(catalogue: Catalogue, amounts: Float64) -> Tail | None:
    """Along the items, the most rated in training first: which share of all amounts they have together."""
    if not amounts.sum():
        return None
    cumulated = np.concatenate(([0.0], np.cumsum(amounts[catalogue.by_popularity]))) / amounts.sum()
    # Closer together at the head, where the curves bend.
    shares = np.linspace(0.0, 1.0, _CURVE_POINTS + 1) ** 2
    places = np.interp(shares * len(catalogue), np.arange(len(cumulated)), cumulated)
    return Tail(tuple(map(float, shares)), tuple(map(float, places)))
