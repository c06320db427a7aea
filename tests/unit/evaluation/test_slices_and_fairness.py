"""Slices, gaps and fairness of exposure, on tables written out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from marquee.domain.history import History, ItemIndex
from marquee.evaluation.catalogue import Catalogue
from marquee.evaluation.estimators import figures, reliability
from marquee.evaluation.fairness import fairness
from marquee.evaluation.intervals import point, resampled_people
from marquee.evaluation.judged import Judged, Listed, Person, Stars, judged
from marquee.evaluation.slices import item_slices, of_items, people_labels, sliced
from tests.support.ratings import frame_of

ITEMS = ItemIndex("abcd")
GENRES = pd.DataFrame({"item_id": list("abcd"), "genres": [["War"], ["War"], ["Drama"], []]})
# a is known to four people, b to two, c and d to one: a alone has half of the ratings.
TRAIN = frame_of(
    *((f"v{n}", "a", 4.0, 1) for n in range(4)),
    *((f"v{n}", "b", 4.0, 1) for n in range(2)),
    ("v0", "c", 4.0, 1),
    ("v1", "d", 4.0, 1),
)
CATALOGUE = Catalogue.of(ITEMS, TRAIN, GENRES)


def _person(
    name: str, n_before: int, predicted: list[float], listed: list[int], relevant: list[int]
) -> Person:
    """Rates a, b, … with 4 stars each."""
    n = len(predicted)
    unstated = np.full(n, np.nan, dtype=np.float32)
    stars = Stars(
        np.arange(n, dtype=np.int32),
        np.full(n, 4.0, dtype=np.float32),
        np.array(predicted, dtype=np.float32),
        unstated,
        unstated,
    )
    lists = Listed(
        np.array([listed], dtype=np.int32),
        [np.array(relevant, dtype=np.int32)],
        [History.of([0], [4.0], [1])],
    )
    return Person(name, "known" if n_before else "new", n_before, stars, lists)


def _judged(copies: int = 1) -> Judged:
    """Women's stars are 1 off and men's exact; women's lists are [a, b], men's [c, a]."""
    people = [
        person
        for copy in range(copies)
        for person in (
            _person(f"w{copy}", 0, [3.0, 5.0], [0, 1], [1, 2]),
            _person(f"m{copy}", 9, [4.0, 4.0], [2, 0], [2]),
        )
    ]
    return judged("test", CATALOGUE, people, k=2, liked=4.0, groups=("known", "new", "all"))


USERS = pd.DataFrame(
    [
        (f"{who}{n}", years, gender)
        for n in range(20)
        for who, years, gender in (("w", 20, "F"), ("m", 60, "M"))
    ],
    columns=["user_id", "age", "gender"],
)


def test_people_are_sliced_by_what_is_known_of_them() -> None:
    labels = people_labels(_judged(), USERS)
    assert labels["gender"].tolist() == ["F", "M"]
    assert labels["age"].tolist() == ["18-24", "56+"]
    assert labels["new or known"].tolist() == ["new", "known"]


def test_people_of_whom_nothing_is_known_are_a_slice_too() -> None:
    labels = people_labels(_judged(), pd.DataFrame({"user_id": []}))
    assert set(labels["gender"]) == set(labels["age"]) == {"not known"}


def test_slices_have_their_own_figures_and_gaps_between() -> None:
    found = sliced(_judged(20), USERS, resampled_people(40, 200))
    by_name = {(part.by, part.name): part for part in found.slices}
    women, men = by_name["gender", "F"], by_name["gender", "M"]
    assert (women.people, women.ratings) == (20, 40)
    assert women.figures["rmse"].value == pytest.approx(1.0)
    assert men.figures["rmse"].value == 0.0
    assert women.figures["recall"].value == 0.5
    assert men.figures["recall"].value == 1.0
    gap = next(gap for gap in found.gaps if (gap.by, gap.figure) == ("gender", "recall"))
    assert (gap.lowest, gap.highest, gap.gap.value) == ("F", "M", 0.5)


def test_a_slice_of_too_few_people_is_not_printed() -> None:
    found = sliced(_judged(5), USERS, resampled_people(10, 50))
    assert {part.by for part in found.slices} == {"item popularity", "genre"}
    assert not [gap for gap in found.gaps if gap.by in ("gender", "age")]


def test_items_are_sliced_by_popularity_and_genre() -> None:
    slices = item_slices(CATALOGUE, "item popularity")
    assert slices["head: half of the ratings"].tolist() == [True, False, False, False]
    assert slices["tail: the other half"].tolist() == [False, True, True, True]
    genres = item_slices(CATALOGUE, "genre")
    assert {name: chosen.tolist() for name, chosen in genres.items()} == {
        "Drama": [False, False, True, False],
        "War": [True, True, False, False],
    }


def test_recall_of_a_slice_of_items_is_of_those_to_be_found_among_them() -> None:
    """b is wanted by the woman and found; c by both, and found for the man."""
    drama = of_items(_judged(), np.array([False, False, True, False]))
    war = of_items(_judged(), np.array([True, True, False, False]))
    assert point(drama.figures["recall"], 2) == 0.5
    assert point(war.figures["recall"], 2) == 1.0
    assert point(war.figures["rmse"], 2) == pytest.approx(math.sqrt(2 / 4))


def test_exposure_is_discounted_by_place() -> None:
    """War has a and b for her (1 + 1/log2 3) and a second for him (1/log2 3); Drama has his first place."""
    second = 1 / math.log2(3)
    total = 2 * (1 + second)
    found = fairness(_judged(), "genre", resampled_people(2, 100))
    assert found is not None
    drama, war = found.groups
    assert (drama.name, war.name) == ("Drama", "War")
    assert drama.parity is not None
    assert war.parity is not None
    assert drama.parity.value == pytest.approx((1 / total) / (1 / 4))
    assert war.parity.value == pytest.approx(((1 + 2 * second) / total) / (2 / 4))
    assert found.demographic_parity is not None
    assert found.demographic_parity.value == pytest.approx(war.parity.value - drama.parity.value)
    assert found.disparate_impact is not None
    assert found.disparate_impact.value == pytest.approx(drama.parity.value / war.parity.value)


def test_opportunity_is_the_share_of_wanted_items_that_were_shown() -> None:
    found = fairness(_judged(), "genre", resampled_people(2, 100))
    assert found is not None
    assert {group.name: group.opportunity.value for group in found.groups if group.opportunity} == {
        "Drama": 0.5,
        "War": 1.0,
    }
    assert found.equal_opportunity is not None
    assert found.equal_opportunity.value == 0.5


def test_figures_of_everybody() -> None:
    table = _judged()
    found = {name: point(how, 2) for name, how in figures(table, table.of_group("all")).items()}
    assert found["rmse"] == pytest.approx(math.sqrt(2 / 4))
    assert found["mae"] == pytest.approx(0.5)
    assert found["bias"] == 0.0
    assert found["catalogue"] == 3 / 4
    assert found["gini"] == pytest.approx((0 * -3 + 1 * -1 + 1 * 1 + 2 * 3) / (4 * 4))
    # Shares of four people: a 1, b 1/2, c 1/4. Lists have (1 + 1/2)/2 and (1/4 + 1)/2, profiles a alone.
    assert found["lift"] == pytest.approx((0.75 + 0.625) / 2 - 1)
    assert found["novelty"] == pytest.approx(((0 + 1) / 2 + (2 + 0) / 2) / 2)
    assert "auc" not in found  # everybody liked everything
    assert "coverage90" not in found


def test_calibration_by_bin_of_stars() -> None:
    person = _person("p", 1, [3.9, 3.9], [0, 1], [0])
    stars = Stars(
        person.stars.rows,
        np.array([1.0, 5.0], dtype=np.float32),
        np.array([1.5, 4.5], dtype=np.float32),
        person.stars.low,
        person.stars.high,
    )
    table = judged(
        "test", CATALOGUE, [Person("p", "known", 1, stars, person.listed)], k=2, liked=4.0, groups=("all",)
    )
    everybody = table.of_group("all")
    assert reliability(table, everybody).to_numpy().tolist() == [[1, 1.5, 1.0], [1, 4.5, 5.0]]
    assert point(figures(table, everybody, ["ece"])["ece"], 1) == pytest.approx(0.5)
    assert point(figures(table, everybody, ["auc"])["auc"], 1) == 1.0


def test_intervals_of_stars_are_judged_where_they_are_stated() -> None:
    low, high = np.array([1.0, np.nan], dtype=np.float32), np.array([4.5, np.nan], dtype=np.float32)
    plain = _person("p", 1, [3.0, 3.0], [0, 1], [0])
    stars = Stars(plain.stars.rows, plain.stars.actual, plain.stars.predicted, low, high)
    table = judged(
        "test", CATALOGUE, [Person("p", "known", 1, stars, plain.listed)], k=2, liked=4.0, groups=("all",)
    )
    found = figures(table, table.of_group("all"))
    assert point(found["coverage90"], 1) == 1.0
    assert point(found["width90"], 1) == 3.5
