import math
from dataclasses import replace

import pytest

from marquee.evaluation.gates import judge, not_worse, unjudged
from marquee.evaluation.report import GroupReport, Report
from marquee.settings.policy import GateRule

GROUP = GroupReport(
    users=5, ratings=9, ranked_users=4, lists=6, rmse=0.9, mae=0.7, precision=0.2, recall=0.1, ndcg=0.25
)
REPORT = Report(k=10, liked=4.0, known=GROUP, new=GROUP, all=GROUP)


@pytest.mark.parametrize(
    ("candidate", "champion", "higher_is_better", "passed"),
    [
        (0.91, 0.90, False, True),  # an error within the margin
        (0.95, 0.90, False, False),
        (0.50, 0.90, False, True),
        (0.24, 0.25, True, True),  # a quality within the margin
        (0.20, 0.25, True, False),
        (0.90, 0.25, True, True),
    ],
)
def test_worse_by_the_margin_and_no_more(
    candidate: float, champion: float, higher_is_better: bool, passed: bool
) -> None:
    gate = not_worse("known.x", candidate, champion, margin=0.02, higher_is_better=higher_is_better)
    assert gate.passed is passed
    assert (gate.candidate, gate.champion, gate.margin) == (candidate, champion, 0.02)


def test_equal_figures_pass_without_a_margin() -> None:
    assert not_worse("known.rmse", 0.9, 0.9, margin=0.0, higher_is_better=False).passed


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_what_is_missing_never_passes_on_either_side(missing: float | None, higher_is_better: bool) -> None:
    for pair, who in (
        ((missing, 0.9), "candidate"),
        ((0.9, missing), "champion"),
        ((missing, missing), "candidate"),
    ):
        gate = not_worse("known.rmse", *pair, margin=9.0, higher_is_better=higher_is_better)
        assert not gate.passed
        assert gate.reason == f"The {who} has no figure for known.rmse."


@pytest.mark.parametrize("margin", [math.nan, math.inf])
def test_a_margin_that_is_no_number_lets_nothing_pass(margin: float) -> None:
    assert not not_worse("known.rmse", 0.1, 0.9, margin=margin, higher_is_better=False).passed


def test_the_reason_can_be_read_by_a_person() -> None:
    gate = not_worse("known.rmse", 0.95, 0.9, margin=0.01, higher_is_better=False)
    assert gate.reason == "known.rmse: 0.9500 against 0.9000, 0.0500 worse; 0.01 worse is allowed."


def test_every_rule_is_judged_on_its_group_and_in_its_direction() -> None:
    rules = [
        GateRule(metric="rmse", group="known", margin=0.01),
        GateRule(metric="ndcg", group="new", margin=0.01),
    ]
    better_stars = replace(REPORT, known=replace(GROUP, rmse=0.8), new=replace(GROUP, ndcg=0.1))
    assert [gate.passed for gate in judge(better_stars, REPORT, rules)] == [True, False]
    assert [gate.passed for gate in judge(REPORT, better_stars, rules)] == [False, True]
    assert [gate.name for gate in judge(REPORT, REPORT, rules)] == ["known.rmse", "new.ndcg"]


def test_where_nobody_could_be_compared_no_rule_passes_and_each_says_why() -> None:
    rules = [
        GateRule(metric="rmse", group="known", margin=9.0),
        GateRule(metric="ndcg", group="new", margin=9.0),
    ]
    gates = unjudged(rules, "nothing is newer")
    assert [gate.passed for gate in gates] == [False, False]
    assert [gate.reason for gate in gates] == [
        "No figure for known.rmse: nothing is newer.",
        "No figure for new.ndcg: nothing is newer.",
    ]


def test_a_group_without_figures_does_not_pass() -> None:
    nobody = GroupReport(0, 0, 0, 0, None, None, None, None, None)
    rule = GateRule(metric="ndcg", group="new", margin=1.0)
    assert not judge(replace(REPORT, new=nobody), replace(REPORT, new=nobody), [rule])[0].passed
