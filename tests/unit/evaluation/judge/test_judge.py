"""Verdicts: margins, roles, missing data, and how often they are wrong when one looks all the time."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.evaluation.judge import Judgement, Metric, Observations, judge

POSITIVE = Metric("positive", "share", "higher", 0.1, relative=True, role="primary")
ERRORS = Metric("errors", "share", "lower", 0.01, relative=False, role="guardrail")
LATENCY = Metric("latency", "mean", "lower", 0.2, relative=True, role="guardrail")
ERROR = Metric("error", "mean", "lower", 0.02, relative=False, role="quality", paired=True)


def even(
    champion: float, challenger: float, lists: int = 100, people: int = 500, *, noise: float = 0.0
) -> Observations:
    """So many people of each variant, who alternate between a bit above and a bit below their rate."""
    side = np.repeat([False, True], people)
    wave = np.tile([1.0, -1.0], people) * noise
    total = lists * (np.where(side, challenger, champion) + wave)
    n = np.full(2 * people, float(lists))
    return Observations(np.arange(2 * people), np.zeros(2 * people, dtype=np.int64), side, n, total, total)


def said(
    observed: Observations | None, metric: Metric = POSITIVE, *, least: int = 50, alpha: float = 0.05
) -> Judgement:
    given = {} if observed is None else {metric.name: observed}
    return judge(given, [metric], alpha=alpha, planned=15_000, least_people=least)


@pytest.mark.parametrize(
    ("challenger", "verdict"),
    [(0.25, "better"), (0.2, "not worse"), (0.195, "not worse"), (0.15, "worse"), (0.18, "worse")],
)
def test_a_share_by_where_its_interval_lies(challenger: float, verdict: str) -> None:
    """100,000 lists: a standard error of about 0.0025, an interval of about ± 0.009; the margin is 0.02."""
    judgement = said(even(0.2, challenger))
    assert judgement.verdict == judgement.findings[0].verdict == verdict


def test_little_data_is_inconclusive() -> None:
    assert said(even(0.2, 0.19, lists=2, people=60)).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("challenger", "verdict"),
    [(0.0, "better"), (0.02, "not worse"), (0.029, "inconclusive"), (0.05, "worse")],
)
def test_a_guardrail_is_worse_only_beyond_its_margin(challenger: float, verdict: str) -> None:
    """Champion 0.02, margin 0.01. 0.029 is surely worse than 0.02 and not surely beyond 0.03."""
    finding = said(even(0.02, challenger), ERRORS).findings[0]
    assert finding.verdict == verdict
    if challenger == 0.029:
        assert finding.low is not None
        assert finding.low > 0


@pytest.mark.parametrize(("challenger", "verdict"), [(8.0, "better"), (10.5, "not worse"), (13.0, "worse")])
def test_latency_against_a_margin_of_a_fifth(challenger: float, verdict: str) -> None:
    observed = even(10.0, challenger, noise=1.0)
    observed = replace(observed, squares=observed.total**2 / observed.n + 100.0)
    assert said(observed, LATENCY).findings[0].verdict == verdict


@pytest.mark.parametrize(("shift", "verdict"), [(-0.05, "better"), (0.0, "not worse"), (0.06, "worse")])
def test_the_error_of_predicted_stars_is_judged_by_person(shift: float, verdict: str) -> None:
    drawn = np.random.default_rng(0).normal(shift, 0.3, 20_000)
    zeros = np.zeros(20_000, dtype=np.int64)
    rows = Observations(np.arange(20_000), zeros, zeros.astype(bool), np.ones(20_000), drawn, drawn**2)
    finding = said(rows, ERROR).findings[0]
    assert (finding.verdict, finding.champion, finding.people_champion) == (verdict, None, 20_000)


def test_the_relative_effect_is_the_ratio_and_its_interval_agrees_with_the_verdict() -> None:
    finding = said(even(0.2, 0.195)).findings[0]
    assert finding.relative == pytest.approx(0.195 / 0.2 - 1)
    assert finding.relative_low is not None
    assert finding.relative_high is not None
    assert -0.1 < finding.relative_low < -0.025 < finding.relative_high < 0.1
    assert (
        said(even(0.2, 0.195), replace(POSITIVE, margin=-finding.relative_low + 1e-6)).verdict == "not worse"
    )
    tighter = said(even(0.2, 0.195), replace(POSITIVE, margin=-finding.relative_low - 1e-6))
    assert tighter.verdict == "inconclusive"


def test_a_champion_that_shows_nothing_leaves_the_relative_effect_open() -> None:
    finding = said(even(0.0, 0.01), ERRORS).findings[0]
    assert (finding.relative, finding.relative_low, finding.relative_high) == (None, None, None)
    few = said(even(0.01, 0.01, lists=1, people=100), ERRORS).findings[0]
    assert few.relative == pytest.approx(0.0)
    assert (few.relative_low, few.relative_high) == (-1.0, None)


NOTHING = Observations(*(np.empty(0, dtype=t) for t in (int, int, bool, float, float, float)))


@pytest.mark.parametrize(
    "observed",
    [
        None,
        NOTHING,
        replace(even(0.2, 0.9), n=np.zeros(1000)),
        replace(even(0.2, 0.9), challenger=np.zeros(1000, dtype=bool)),
        replace(even(0.2, 0.9), challenger=np.ones(1000, dtype=bool)),
        replace(even(0.2, 0.9), total=np.full(1000, np.nan)),
        replace(even(0.2, 0.9), squares=np.full(1000, np.inf)),
        even(0.2, 0.9, lists=100_000, people=49),
    ],
)
@pytest.mark.parametrize("metric", [POSITIVE, ERRORS, LATENCY, ERROR])
def test_no_data_is_never_a_pass(observed: Observations | None, metric: Metric) -> None:
    if metric.paired and observed is not None and np.isfinite(observed.squares + observed.total).all():
        observed = observed.where(observed.person < 49)
    judgement = said(observed, metric)
    assert judgement.verdict == "inconclusive"
    assert judgement.reason


def test_a_mean_without_any_spread_is_not_judged() -> None:
    observed = even(5.0, 5.0)
    observed = replace(observed, squares=observed.n * 25.0)
    judgement = said(observed, replace(LATENCY, role="quality"))
    assert judgement.verdict == "inconclusive"
    assert judgement.findings[0].low is None


def _together(observed: dict[str, Observations], metrics: Sequence[Metric]) -> Judgement:
    return judge(observed, metrics, alpha=0.05, planned=15_000, least_people=50)


def test_all_that_are_required_must_be_not_worse_and_any_worse_is_enough() -> None:
    good, bad = even(0.02, 0.02), even(0.02, 0.06)
    better = even(0.2, 0.25)
    metrics = [POSITIVE, ERRORS]
    assert _together({"positive": better, "errors": good}, metrics).verdict == "better"
    assert _together({"positive": even(0.2, 0.2), "errors": good}, metrics).verdict == "not worse"
    assert _together({"positive": better}, metrics).verdict == "inconclusive"
    assert _together({"positive": better, "errors": bad}, metrics).verdict == "worse"
    optional = [POSITIVE, replace(ERRORS, required=False)]
    assert _together({"positive": better}, optional).verdict == "better"
    assert _together({"positive": better, "errors": bad}, optional).verdict == "worse"
    with pytest.raises(ValueError, match="required"):
        _together({"errors": good}, [replace(ERRORS, required=False)])


def test_the_primary_metric_has_half_of_the_error_and_all_others_share_the_rest() -> None:
    """Primary: 2.5 % a side. Each of two others: 2.5 % to pass wrongly, 1.25 % to fail wrongly."""
    judgement = _together({}, [POSITIVE, ERRORS, LATENCY])
    assert [finding.level for finding in judgement.findings] == pytest.approx([0.95, 0.9625, 0.9625])


def test_a_judgement_can_be_written_as_json() -> None:
    judgement = _together({"positive": even(0.2, 0.2)}, [POSITIVE, ERRORS])
    assert json.loads(json.dumps(asdict(judgement), allow_nan=False))["verdict"] == "inconclusive"


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 0.95), st.floats(0.0, 1.0), st.integers(1, 300), st.floats(0.001, 0.2))
def test_more_data_and_a_larger_alpha_narrow_the_interval(
    champion: float, challenger: float, lists: int, alpha: float
) -> None:
    def width(times: int, a: float) -> float:
        finding = said(even(champion, challenger, lists * times), alpha=a).findings[0]
        assert finding.low is not None
        assert finding.high is not None
        assert finding.estimate is not None
        assert finding.low < finding.estimate < finding.high
        return finding.high - finding.low

    assert width(2, alpha) < width(1, alpha)
    assert width(1, min(2 * alpha, 0.39)) < width(1, alpha)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 0.5), st.floats(0.0, 0.4), st.integers(1, 100))
def test_the_variants_swapped_turn_the_interval_round(champion: float, more: float, lists: int) -> None:
    metric = replace(POSITIVE, relative=False)
    one = said(even(champion, champion + more, lists), metric).findings[0]
    other = said(even(champion + more, champion, lists), metric).findings[0]
    assert one.low == pytest.approx(-(other.high or 0.0))
    assert one.high == pytest.approx(-(other.low or 0.0))


def test_looked_at_all_the_time_equals_are_rarely_told_apart() -> None:
    """300 seeded rollouts, people of different taste, a share that grows, 19 looks each; 5 % is allowed."""
    random, told = np.random.default_rng(11), 0
    for _ in range(300):
        people, looks = 1200, 40
        taste, place = random.beta(1, 9, people), random.random(people)
        seen = random.poisson(0.5, (looks, people))
        positive = random.binomial(seen, taste)
        rows = [_look(seen, positive, place, until) for until in range(2, looks, 2)]
        told += any(said(one).verdict in ("better", "worse") for one in rows)
    assert told / 300 <= 0.05


def _look(seen: np.ndarray, positive: np.ndarray, place: np.ndarray, until: int) -> Observations:
    """Everything up to a look; the share is 10 % for ten looks, then 50 %."""
    parts = []
    for step, (first, last, share) in enumerate([(0, 10, 0.1), (10, 40, 0.5)]):
        window = slice(first, min(last, until))
        n, total = seen[window].sum(axis=0).astype(float), positive[window].sum(axis=0).astype(float)
        parts.append((np.arange(len(place)), np.full(len(place), step), place < share, n, total, total))
    return Observations(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def test_a_metric_may_be_planned_for_fewer_observations_than_the_others() -> None:
    few = even(0.05, 0.005, lists=2, people=300)
    early = replace(POSITIVE, margin=0.5, role="guardrail", planned=1_000.0)
    assert said(few, replace(early, planned=None)).verdict == "inconclusive"
    assert said(few, early).verdict == "worse"
    with pytest.raises(ValueError, match="observations, not for some"):
        replace(early, planned=0.0)
