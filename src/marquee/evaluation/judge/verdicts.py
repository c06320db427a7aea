"""Verdicts: of each metric, and of all together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from marquee.evaluation.judge.contrast import Contrast, paired, stratified
from marquee.evaluation.judge.intervals import Sequence as ConfidenceSequence
from marquee.evaluation.judge.observations import Metric, Observations

Verdict: TypeAlias = Literal["better", "not worse", "worse", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is said of one metric; figures are None where there are none.

    Attributes:
        estimate, low, high: difference of the rates, challenger - champion, in the metric's unit; the
            interval holds it with probability `level` at whatever time one looks.
        relative, relative_low, relative_high: challenger / champion - 1; a bound is None where there is none.
        champion, challenger: rates, pooled over the steps with the weights of the estimate.
        people_champion, people_challenger: who was counted; of guardrails, buckets of people.
        observations: lists, requests or ratings counted, of both.
        reason: the verdict in one sentence.
    """

    metric: str
    verdict: Verdict
    estimate: float | None
    low: float | None
    high: float | None
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    champion: float | None
    challenger: float | None
    people_champion: int
    people_challenger: int
    observations: int
    level: float
    margin: float
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a challenger, with what it rests on."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    reason: str


def judge(
    observed: Mapping[str, Observations],
    metrics: Sequence[Metric],
    *,
    alpha: float,
    planned: float,
    least_people: int,
) -> Judgement:
    """Compare champion and challenger on all metrics; may be asked at any time, as often as one likes.

    Args:
        observed: by the metric's name; a metric that is missing is inconclusive.
        alpha: probability of ever sending back a challenger that is as good, of all metrics together; half of
            it is that of ever passing one that is worse than a margin.
        planned: effective number of observations, of both variants, at which the intervals are to be
            tightest.
        least_people: of each variant, below which nothing is said.

    Raises:
        ValueError: there is no metric that is required, or a parameter is out of its range.
    """
    if not any(metric.required for metric in metrics):
        raise ValueError("at least one metric must be required: nothing observed is no reason to promote")
    if not (0 < alpha < 1 and planned > 0 and least_people >= 1):
        raise ValueError("alpha lies between 0 and 1; planned and least_people are above 0")
    harm = _harm_levels(metrics, alpha)
    findings = tuple(
        _found(observed.get(metric.name), metric, alpha / 2, level, planned, least_people)
        for metric, level in zip(metrics, harm, strict=True)
    )
    return _overall(findings, metrics)


def _harm_levels(metrics: Sequence[Metric], alpha: float) -> list[float]:
    """How often each metric may ever be wrongly worse: half of alpha for the primary, half for all others."""
    number = {primary: sum((m.role == "primary") is primary for m in metrics) for primary in (True, False)}
    return [alpha / 2 / number[metric.role == "primary"] for metric in metrics]


def _found(
    observed: Observations | None,
    metric: Metric,
    passing: float,
    harm: float,
    planned: float,
    least_people: int,
) -> Finding:
    level = 1.0 - passing - harm
    used = observed.used() if observed is not None and observed.finite() else None
    if observed is not None and used is None:
        return _nothing(metric, level, f"{metric.name} has figures that are not finite.")
    summed = (paired if metric.paired else stratified)(used, share=metric.kind == "share") if used else None
    if summed is None:
        return _nothing(metric, level, f"There is nothing to compare {metric.name} by.")
    low, high = (passing, harm) if metric.better == "higher" else (harm, passing)
    sequence = ConfidenceSequence(summed, low, high, metric.planned or planned)
    if min(summed.champion_people, summed.challenger_people) < least_people:
        few = f"{metric.name}: {summed.champion_people} and {summed.challenger_people} people"
        return _finding(metric, sequence, "inconclusive", f"{few}, of {least_people} that are asked for.")
    verdict = _verdict(metric, sequence)
    beyond = verdict == "worse" and metric.role == "guardrail"
    meaning = "the whole interval is beyond the margin." if beyond else _MEANING[verdict]
    return _finding(metric, sequence, verdict, f"{metric.name}: {meaning}")


_MEANING: Mapping[Verdict, str] = {
    "better": "the whole interval is on the good side.",
    "not worse": "the whole interval is within the margin.",
    "worse": "the whole interval is on the bad side.",
    "inconclusive": "the interval lies across a bound.",
}


def _verdict(metric: Metric, sequence: ConfidenceSequence) -> Verdict:
    """A bound that is nan is on no side, so says nothing."""
    least, most = _goodness(metric, sequence, within=False)
    least_within, most_within = _goodness(metric, sequence, within=True)
    if least > 0:
        return "better"
    if least_within > 0:
        return "not worse"
    if (most_within if metric.role == "guardrail" else most) < 0:
        return "worse"
    return "inconclusive"


def _goodness(metric: Metric, sequence: ConfidenceSequence, *, within: bool) -> tuple[float, float]:
    """Bounds of how much better the challenger is, or of how much better than its margin allows."""
    sign = 1.0 if metric.better == "higher" else -1.0
    margin = metric.margin if within else 0.0
    c = 1.0 - sign * margin if metric.relative else 1.0
    allowed = 0.0 if metric.relative else margin
    low, high = sequence.low(c), sequence.high(c)
    return (low + allowed, high + allowed) if sign > 0 else (allowed - high, allowed - low)


def _finding(metric: Metric, sequence: ConfidenceSequence, verdict: Verdict, reason: str) -> Finding:
    summed: Contrast = sequence.contrast
    ratio, ratio_low, ratio_high = (None if metric.paired else sequence.relative()) or (None, None, None)
    return Finding(
        metric=metric.name,
        verdict=verdict,
        estimate=summed.total() / summed.weight,
        low=_figure(sequence.low()),
        high=_figure(sequence.high()),
        relative=ratio,
        relative_low=ratio_low,
        relative_high=ratio_high,
        champion=None if metric.paired else summed.champion / summed.weight,
        challenger=None if metric.paired else summed.challenger / summed.weight,
        people_champion=summed.champion_people,
        people_challenger=summed.challenger_people,
        observations=summed.observations,
        level=1.0 - sequence.low_level - sequence.high_level,
        margin=metric.margin,
        reason=reason,
    )


def _figure(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _nothing(metric: Metric, level: float, reason: str) -> Finding:
    nothing = (None,) * 8
    return Finding(metric.name, "inconclusive", *nothing, 0, 0, 0, level, metric.margin, reason)


def _overall(findings: Sequence[Finding], metrics: Sequence[Metric]) -> Judgement:
    """Worse if any is; good if all that are required are not worse; else inconclusive."""
    found = tuple(findings)
    pairs = list(zip(found, metrics, strict=True))
    worse = [finding for finding in found if finding.verdict == "worse"]
    if worse:
        return Judgement("worse", found, " ".join(finding.reason for finding in worse))
    open_still = [f for f, metric in pairs if metric.required and f.verdict == "inconclusive"]
    if open_still:
        return Judgement("inconclusive", found, " ".join(finding.reason for finding in open_still))
    better = any(f.verdict == "better" for f, metric in pairs if metric.role == "primary")
    verdict: Verdict = "better" if better else "not worse"
    return Judgement(verdict, found, f"Every metric that is required is at least not worse: {verdict}.")
