"""Gates: may a candidate go on to review? Pure functions of figures.

A figure that is missing never passes, and is told apart from one that is too bad.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from marquee.domain.counting import counted
from marquee.evaluation.intervals import LEVEL, Difference
from marquee.settings.policy import GatedMetric, QualityRule, SliceRules

OF_STARS = frozenset({"rmse", "mae"})  # of these lower is better

Kind: TypeAlias = Literal["quality", "slices", "cost", "data", "integrity"]


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric of candidate and rival, by the same people.

    Attributes:
        difference: candidate - rival, with its interval; None where there is nothing to measure.
        people: how many it rests on.
    """

    difference: Difference | None
    people: int


@dataclass(frozen=True, slots=True)
class Group:
    """One group of people in a gate of slices.

    Attributes:
        difference, low, high: candidate - rival, and its interval; None where there is none.
    """

    name: str
    people: int
    difference: float | None
    low: float | None
    high: float | None
    outcome: Literal["passed", "failed", "not judged"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One judgement, with the figures it rests on.

    Attributes:
        name: "GROUP.METRIC", or what else is judged.
        passed: whether the candidate may go on.
        candidate, rival: the figures compared; None where there was none.
        margin: by how much the candidate may be worse; of a limit, the limit.
        reason: the judgement in one sentence.
        judged: whether there were figures to judge by; what is not judged does not pass, but for stars on
            data whose ratings are all the same.
        than: whom the rival's figure is of; empty where nobody is compared with.
        low, high: the 95 % interval of candidate - rival.
        people: how many people the figures are of.
        groups: of slices.
    """

    name: str
    passed: bool
    candidate: float | None
    rival: float | None
    margin: float | None
    reason: str
    kind: Kind = "quality"
    judged: bool = True
    than: str = ""
    low: float | None = None
    high: float | None = None
    people: int | None = None
    groups: tuple[Group, ...] = field(default_factory=tuple)


def quality_gate(rule: QualityRule, found: Compared) -> Gate:
    """Pass unless the bad end of the interval is worse than the rival by more than the rule's margin.

    A figure that is missing or not finite does not pass, nor one without an interval.
    """
    one = found.difference
    if one is None or not all(map(math.isfinite, (one.candidate, one.rival))):
        return unjudged(rule, "there is nobody to measure it by")
    low, high = one.difference.low, one.difference.high
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        few = f"too few people for an interval ({found.people:,})"
        return unjudged(rule, few, one.candidate, one.rival)
    gain, worst = _gains(rule.metric, one.difference.value, low, high)[:2]
    passed = worst > -rule.margin if rule.than == "baselines" else worst >= -rule.margin
    reason = (
        f"{rule.name}: {one.candidate:.4f} against {one.rival:.4f}, {_better(gain)}; at worst "
        f"{_better(worst)} ({LEVEL:.0%} interval, {_people(found.people)}); {_asked(rule)}."
    )
    figures = (one.candidate, one.rival, rule.margin, reason)
    return Gate(rule.name, passed, *figures, than=rule.than, low=low, high=high, people=found.people)


def unjudged(rule: QualityRule, why: str, candidate: float | None = None, rival: float | None = None) -> Gate:
    """A rule by which nothing could be said: it does not pass."""
    reason = f"No figure for {rule.name}: {why}."
    return Gate(rule.name, False, candidate, rival, rule.margin, reason, judged=False, than=rule.than)


def without_stars(rule: QualityRule) -> Gate:
    """A rule of stars on data without: it passes, since nobody could do better, and says so."""
    reason = f"{rule.name} asks nothing: all ratings are the same, so that there are no stars to predict."
    return Gate(rule.name, True, None, None, rule.margin, reason, judged=False, than=rule.than)


def slices_name(by: str, metric: str) -> str:
    return f"slices.{by}.{metric}"


def slices_gate(rules: SliceRules, by: str, metric: GatedMetric, found: Mapping[str, Compared]) -> Gate:
    """Pass unless some group's whole interval is worse than the champion by more than the margin.

    Groups with fewer people than `rules.people` are recorded and not judged. Where no group can be judged the
    gate does not pass, unless candidate and champion do the very same for all: then nobody can lose.
    """
    margin = rules.margins[metric]
    groups = tuple(_group(name, metric, margin, one, rules.people) for name, one in found.items())
    judged = [group for group in groups if group.outcome != "not judged"]
    failed = [group for group in judged if group.outcome == "failed"]
    apart = [group for group in groups if group.outcome == "not judged"]
    same = bool(groups) and all(group.low == group.high == 0.0 for group in groups)
    if not judged and same:
        said = "candidate and champion do the very same for every group"
    elif not judged:
        said = f"no group has {rules.people} people or more, so none can be judged"
    elif failed:
        said = f"surely more than {margin:g} worse than the champion for {_told(failed)}"
    else:
        said = f"no group is surely more than {margin:g} worse than the champion; {_told(judged)}"
    if apart:
        said += f"; not judged: {', '.join(f'{one.name} ({_people(one.people)})' for one in apart)}"
    return Gate(
        slices_name(by, metric),
        (bool(judged) or same) and not failed,
        None,
        None,
        margin,
        f"{metric} by {by}: {said}.",
        kind="slices",
        judged=bool(judged),
        than="champion",
        people=sum(group.people for group in judged),
        groups=groups,
    )


def unjudged_slices(rules: SliceRules, why: str) -> tuple[Gate, ...]:
    """One gate for each grouping and metric, none passed."""
    return tuple(
        Gate(name, False, None, None, margin, f"No figure for {name}: {why}.", "slices", False, "champion")
        for by in rules.by
        for metric, margin in rules.margins.items()
        for name in (slices_name(by, metric),)
    )


def limit_gate(name: str, figure: float | None, limit: float, unit: str, *, kind: Kind = "cost") -> Gate:
    """Pass when a figure is there and not above its limit."""
    if figure is None or not math.isfinite(figure):
        return Gate(name, False, None, None, limit, f"No figure for {name}.", kind, False)
    reason = f"{name}: {figure:,.4g} {unit}; {limit:,.6g} is allowed."
    return Gate(name, figure <= limit, figure, None, limit, reason, kind)


def slower_gate(candidate: float | None, champion: float | None, times: float) -> Gate:
    """Pass when a list takes at most `times` as long as the champion's, both in milliseconds."""
    name = "cost.slower"
    for who, figure in (("candidate", candidate), ("champion", champion)):
        if figure is None or not math.isfinite(figure):
            reason = f"No figure for {name}: the {who}'s lists were not timed."
            return Gate(name, False, candidate, champion, times, reason, "cost", False, "champion")
    assert candidate is not None and champion is not None  # noqa: S101, PT018 - for the type checker
    reason = (
        f"{name}: a list takes {candidate:.3g} ms against the champion's {champion:.3g} ms (95th percentile)"
        f"; {times:g} times is allowed."
    )
    return Gate(
        name, candidate <= times * champion, candidate, champion, times, reason, "cost", than="champion"
    )


def _group(name: str, metric: str, margin: float, found: Compared, people: int) -> Group:
    one = found.difference
    if one is None or one.difference.low is None or one.difference.high is None:
        value = None if one is None else one.difference.value
        return Group(name, found.people, value, None, None, "not judged")
    value, low, high = one.difference.value, one.difference.low, one.difference.high
    if found.people < people:
        return Group(name, found.people, value, low, high, "not judged")
    best = _gains(metric, value, low, high)[2]
    return Group(name, found.people, value, low, high, "failed" if best < -margin else "passed")


def _gains(metric: str, value: float, low: float, high: float) -> tuple[float, float, float]:
    """A difference, its bad end and its good end, as gains: above 0 is better."""
    return (-value, -high, -low) if metric in OF_STARS else (value, low, high)


def _people(count: int) -> str:
    return counted(count, "person", "people")


def _better(gain: float) -> str:
    return f"{abs(gain):.4f} {'worse' if gain < 0 else 'better'}" if gain else "equal"


def _asked(rule: QualityRule) -> str:
    if rule.margin:
        return f"{rule.margin:g} worse is allowed"
    return "it must be better" if rule.than == "baselines" else "it must not be worse"


def _told(groups: Iterable[Group]) -> str:
    return ", ".join(
        f"{one.name} {one.difference:+.4f} ({one.low:+.4f} to {one.high:+.4f}, {_people(one.people)})"
        for one in groups
    )
