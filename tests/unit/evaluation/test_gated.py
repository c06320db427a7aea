"""From judged people to gates: planted differences are found, and chance is not taken for one."""

import numpy as np
import pandas as pd
import pytest

from marquee.domain.history import History, ItemIndex
from marquee.evaluation.catalogue import Catalogue
from marquee.evaluation.gated import judge
from marquee.evaluation.gates import Gate
from marquee.evaluation.judged import Judged, Listed, Person, Stars, judged
from marquee.evaluation.report import intervals_of
from marquee.settings.policy import Gates, QualityRule, SliceRules
from tests.support.ratings import frame_of

ITEMS = ItemIndex("abcd")
CATALOGUE = Catalogue.of(ITEMS, frame_of(("v", "a", 4.0, 1), ("w", "b", 4.0, 1)))
RULES = Gates(
    quality=(
        QualityRule(metric="rmse", group="known", margin=0.02),
        QualityRule(metric="ndcg", group="known", margin=0.02),
        QualityRule(metric="ndcg", group="known", than="baselines"),
    ),
    slices=SliceRules(by=("gender", "age"), margins={"rmse": 0.05, "ndcg": 0.05}, people=20),
)
N = 60  # even people are women
USERS = pd.DataFrame(
    {"user_id": [f"u{n:02d}" for n in range(N)], "gender": ["F", "M"] * (N // 2), "age": [30] * N}
)


def _judged(off: np.ndarray, hits: np.ndarray, *, odd: float = 2.0) -> Judged:
    """Everybody rates a, predicted so far `off`; the one item of their list is a hit or not.

    Args:
        odd: stars of every third person; the others give 3.
    """
    actual = np.where(np.arange(N) % 3 == 0, odd, 3.0)
    people = [
        Person(
            f"u{n:02d}",
            "known",
            5,
            Stars(
                np.array([0], dtype=np.int32),
                np.array([actual[n]], dtype=np.float32),
                np.array([actual[n] + off[n]], dtype=np.float32),
                *np.full((2, 1), np.nan, dtype=np.float32),
            ),
            Listed(
                np.array([[1 if hits[n] else 2]], dtype=np.int32),
                [np.array([1], dtype=np.int32)],
                [History.of([0], [4.0], [1])],
            ),
        )
        for n in range(N)
    ]
    return judged("test", CATALOGUE, people, k=1, liked=4.0, groups=("known", "new", "all"))


WOMEN = np.arange(N) % 2 == 0
HALF = np.arange(N) % 4 < 2  # half of the women, half of the men
CHAMPION = _judged(np.full(N, 0.5), HALF)
BASELINES = _judged(np.full(N, 1.0), np.zeros(N, dtype=bool))


def _gates(candidate: Judged, champion: Judged | None = CHAMPION) -> dict[str, Gate]:
    rivals = {"baselines": BASELINES} if champion is None else {"champion": champion, "baselines": BASELINES}
    found = judge(RULES, {"candidate": candidate, **rivals}, USERS, with_champion=champion is not None)
    return {gate.name: gate for gate in found}


def _failed(gates: dict[str, Gate]) -> set[str]:
    return {name for name, gate in gates.items() if not gate.passed}


def test_the_champion_again_passes_everything_with_differences_of_nothing() -> None:
    gates = _gates(CHAMPION)
    assert _failed(gates) == set()
    assert (gates["known.rmse"].low, gates["known.rmse"].high) == (0.0, 0.0)
    assert list(gates) == [
        *("known.rmse", "known.ndcg", "baselines.known.ndcg"),
        *("slices.gender.rmse", "slices.gender.ndcg", "slices.age.rmse", "slices.age.ndcg"),
    ]


def test_a_difference_that_may_be_chance_is_no_pass() -> None:
    """One hit more of sixty is better on the whole, but the interval reaches far below it."""
    hits = HALF.copy()
    hits[[2, 3, 6]], hits[[0, 1]] = True, False  # + 3 - 2
    gates = _gates(_judged(np.full(N, 0.5), hits))
    gate = gates["known.ndcg"]
    assert gate.candidate == pytest.approx(31 / 60)
    assert gate.low is not None
    assert gate.low < -0.02 < 0.0 < (gate.high or 0.0)
    assert _failed(gates) == {"known.ndcg"}


def test_a_model_spoiled_for_one_gender_is_caught_though_it_is_better_on_the_whole() -> None:
    """Men's stars become better by half a star, women's worse by a tenth, each a little more or less."""
    spread = 0.02 * np.sin(np.arange(N))
    gates = _gates(_judged(np.where(WOMEN, 0.6, 0.0) + spread, HALF))
    assert _failed(gates) == {"slices.gender.rmse"}
    women, men = gates["slices.gender.rmse"].groups
    assert (women.name, women.outcome, women.people) == ("F", "failed", 30)
    assert (men.name, men.outcome) == ("M", "passed")
    assert women.difference == pytest.approx(0.1, abs=0.01)
    assert gates["known.rmse"].passed


def test_lists_spoiled_for_one_gender_are_caught_too() -> None:
    """Of the women's lists all miss that hit; all the men's hit."""
    gates = _gates(_judged(np.full(N, 0.5), ~WOMEN))
    assert gates["known.ndcg"].candidate == gates["known.ndcg"].rival == 0.5
    women, men = gates["slices.gender.ndcg"].groups
    assert (women.outcome, women.difference, men.outcome) == ("failed", -0.5, "passed")


def test_without_a_champion_only_the_baselines_must_be_beaten() -> None:
    gates = _gates(CHAMPION, None)
    assert list(gates) == ["baselines.known.ndcg"]
    assert gates["baselines.known.ndcg"].passed
    assert _failed(_gates(BASELINES, None)) == {"baselines.known.ndcg"}


def test_a_group_that_nobody_is_in_has_no_figure() -> None:
    rules = Gates(quality=(QualityRule(metric="ndcg", group="new", margin=1.0),))
    (gate,) = judge(rules, {"candidate": CHAMPION, "champion": CHAMPION}, USERS, with_champion=True)
    assert (gate.passed, gate.judged) == (False, False)


def test_whoever_could_not_be_judged_is_not_passed_over() -> None:
    gates = judge(RULES, {"candidate": CHAMPION}, USERS, with_champion=True, absent="its bundle is gone")
    assert len(gates) == 7
    assert not any(gate.passed or gate.judged for gate in gates)
    assert gates[0].reason == "No figure for known.rmse: its bundle is gone."


def test_figures_have_intervals_by_group_where_there_are_any() -> None:
    found = intervals_of(CHAMPION)
    assert found.keys() == {"known", "all"}, "nobody is new"
    assert found["known"].keys() == {"precision", "recall", "ndcg"}, "all errors are the same: no spread"
    low, high = found["known"]["ndcg"]
    assert low == pytest.approx(0.5 - 1.96 * 0.5 / np.sqrt(N), abs=0.02)  # of a share of one half
    assert high == pytest.approx(0.5 + 1.96 * 0.5 / np.sqrt(N), abs=0.02)
    assert found["all"] == found["known"]


def test_where_all_ratings_are_the_same_rules_of_stars_ask_nothing_and_say_so() -> None:
    same = _judged(np.full(N, 0.5), HALF, odd=3.0)
    rules = Gates(quality=(QualityRule(metric="rmse", group="known", than="baselines"),))
    (gate,) = judge(rules, {"candidate": same, "baselines": same}, USERS, with_champion=False)
    assert (gate.passed, gate.judged) == (True, False)
    assert "all ratings are the same" in gate.reason


def test_the_interval_of_a_share_stays_within_what_a_share_can_be() -> None:
    nearly_all = np.arange(N) > 0
    low, high = intervals_of(_judged(np.full(N, 0.5), nearly_all))["known"]["ndcg"]
    assert 0.9 < low < (N - 1) / N < high == 1.0
