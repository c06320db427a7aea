"""Gates as functions of figures that are written out by hand."""

import math

import pytest

from marquee.evaluation.gates import (
    Compared,
    limit_gate,
    quality_gate,
    slices_gate,
    slower_gate,
    unjudged,
    unjudged_slices,
)
from marquee.evaluation.intervals import Difference, Estimate
from marquee.settings.policy import QualityRule, SliceRules

SLICES = SliceRules(by=("gender",), margins={"ndcg": 0.05, "rmse": 0.05}, people=20)


def _rule(metric: str = "rmse", *, than: str = "champion", margin: float = 0.02) -> QualityRule:
    return QualityRule.model_validate({"metric": metric, "group": "known", "than": than, "margin": margin})


def _compared(
    candidate: float, rival: float, low: float | None, high: float | None, people: int = 100
) -> Compared:
    return Compared(Difference(candidate, rival, Estimate(candidate - rival, low, high), None), people)


@pytest.mark.parametrize(
    ("metric", "low", "high", "passed"),
    [
        ("rmse", -0.05, 0.02, True),  # of an error the high end is the bad one: just within the margin
        ("rmse", -0.05, 0.03, False),  # better on the whole, but it may be worse by more than the margin
        ("rmse", 0.01, 0.02, True),  # surely worse, but not by more than the margin
        ("ndcg", -0.02, 0.05, True),  # of a quality the low end
        ("ndcg", -0.03, 0.05, False),
        ("ndcg", -0.03, -0.025, False),
    ],
)
def test_beside_the_champion_the_bad_end_of_the_interval_must_be_within_the_margin(
    metric: str, low: float, high: float, passed: bool
) -> None:
    gate = quality_gate(_rule(metric), _compared(0.9, 0.9, low, high))
    assert gate.passed is passed
    assert gate.judged
    assert (gate.low, gate.high, gate.margin, gate.people) == (low, high, 0.02, 100)
    assert (gate.name, gate.kind, gate.than) == (f"known.{metric}", "quality", "champion")


@pytest.mark.parametrize(
    ("than", "low", "high", "passed"),
    [
        ("baselines", -0.05, -0.01, True),
        ("baselines", -0.05, 0.0, False),  # equal is not better
        ("champion", -0.05, 0.0, True),  # equal is not worse
        ("champion", 0.0, 0.0, True),  # the very same models
        ("baselines", 0.0, 0.0, False),
    ],
)
def test_without_a_margin_the_baselines_must_be_beaten_and_the_champion_met(
    than: str, low: float, high: float, passed: bool
) -> None:
    gate = quality_gate(_rule(than=than, margin=0.0), _compared(0.9, 0.92, low, high))
    assert gate.passed is passed
    assert gate.name == ("known.rmse" if than == "champion" else "baselines.known.rmse")


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
def test_what_is_missing_never_passes_and_is_told_apart_from_what_is_too_bad(missing: float | None) -> None:
    nobody = quality_gate(_rule(margin=9.0), Compared(None, 0))
    assert (nobody.passed, nobody.judged) == (False, False)
    assert nobody.reason == "No figure for known.rmse: there is nobody to measure it by."
    for low, high in ((missing, 0.1), (0.1, missing)):
        gate = quality_gate(_rule(margin=9.0), _compared(0.9, 0.9, low, high, people=1))
        assert (gate.passed, gate.judged) == (False, False)
        assert gate.reason == "No figure for known.rmse: too few people for an interval (1)."
    if missing is not None:
        for pair in ((missing, 0.9), (0.9, missing)):
            assert not quality_gate(_rule(margin=9.0), _compared(*pair, -0.1, 0.1)).passed


def test_the_reason_can_be_read_by_a_person() -> None:
    gate = quality_gate(_rule(), _compared(0.95, 0.9, 0.03, 0.07))
    assert gate.reason == (
        "known.rmse: 0.9500 against 0.9000, 0.0500 worse; at worst 0.0700 worse "
        "(95% interval, 100 people); 0.02 worse is allowed."
    )
    strict = quality_gate(_rule("ndcg", than="baselines", margin=0.0), _compared(0.3, 0.2, 0.05, 0.15))
    assert strict.reason == (
        "baselines.known.ndcg: 0.3000 against 0.2000, 0.1000 better; at worst 0.0500 better "
        "(95% interval, 100 people); it must be better."
    )


def test_where_nobody_could_be_compared_no_rule_passes_and_each_says_why() -> None:
    gates = (unjudged(_rule(), "nothing is newer"), *unjudged_slices(SLICES, "nothing is newer"))
    assert [gate.name for gate in gates] == ["known.rmse", "slices.gender.ndcg", "slices.gender.rmse"]
    assert not any(gate.passed or gate.judged for gate in gates)
    assert {gate.reason for gate in gates} == {
        f"No figure for {gate.name}: nothing is newer." for gate in gates
    }


def test_a_group_fails_only_if_its_whole_interval_is_beyond_the_margin() -> None:
    """A small group's wide interval reaches within the margin: noise does not fail it."""
    lost, noisy = _compared(0.1, 0.2, -0.14, -0.06, 30), _compared(0.1, 0.2, -0.18, -0.02, 30)
    assert slices_gate(SLICES, "gender", "ndcg", {"F": noisy, "M": noisy}).passed
    gate = slices_gate(SLICES, "gender", "ndcg", {"F": lost, "M": noisy})
    assert not gate.passed
    assert gate.judged
    assert [(group.name, group.outcome) for group in gate.groups] == [("F", "failed"), ("M", "passed")]
    assert "worse than the champion for F -0.1000 (-0.1400 to -0.0600, 30 people)" in gate.reason


def test_of_an_error_a_group_loses_when_it_grows() -> None:
    grown, shrunk = _compared(1.0, 0.9, 0.06, 0.14, 30), _compared(0.8, 0.9, -0.14, -0.06, 30)
    assert not slices_gate(SLICES, "gender", "rmse", {"F": grown}).passed
    assert slices_gate(SLICES, "gender", "rmse", {"F": shrunk}).passed


def test_a_group_with_too_few_people_is_recorded_as_not_judged() -> None:
    lost, fine = _compared(0.1, 0.2, -0.14, -0.06, 19), _compared(0.2, 0.2, -0.01, 0.01, 20)
    gate = slices_gate(SLICES, "gender", "ndcg", {"F": lost, "M": fine})
    assert gate.passed
    assert [(group.name, group.outcome) for group in gate.groups] == [("F", "not judged"), ("M", "passed")]
    assert gate.reason.endswith("; not judged: F (19 people).")
    assert gate.people == 20


def test_where_no_group_can_be_judged_the_gate_does_not_pass() -> None:
    few = _compared(0.2, 0.2, -0.01, 0.01, 19)
    for found in ({"F": few}, {"F": Compared(None, 0)}, {}):
        gate = slices_gate(SLICES, "gender", "ndcg", found)
        assert (gate.passed, gate.judged) == (False, False)
        assert "no group has 20 people or more" in gate.reason


def test_a_small_group_for_which_both_do_the_same_has_lost_nothing() -> None:
    gate = slices_gate(SLICES, "gender", "ndcg", {"F": _compared(0.2, 0.2, 0.0, 0.0, 3)})
    assert (gate.passed, gate.judged) == (True, False)
    assert [group.outcome for group in gate.groups] == ["not judged"]


@pytest.mark.parametrize(
    ("figure", "passed", "judged"),
    [(5.0, True, True), (5.1, False, True), (None, False, False), (math.nan, False, False)],
)
def test_a_limit_may_be_reached_and_not_passed(figure: float | None, passed: bool, judged: bool) -> None:
    gate = limit_gate("cost.bundle_mb", figure, 5.0, "MB")
    assert (gate.passed, gate.judged, gate.kind) == (passed, judged, "cost")


def test_a_list_may_take_so_many_times_the_champions() -> None:
    assert slower_gate(0.6, 0.2, 3.0).passed
    assert not slower_gate(0.61, 0.2, 3.0).passed
    for missing in ((None, 0.2), (0.2, None), (math.nan, 0.2)):
        gate = slower_gate(*missing, 3.0)
        assert (gate.passed, gate.judged) == (False, False)
