"""Gates: may a candidate take the champion's place? Pure functions of figures.

A figure that is missing never passes.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from marquee.evaluation.report import Report
from marquee.settings.policy import GateRule

LOWER_IS_BETTER = frozenset({"rmse", "mae"})


@dataclass(frozen=True, slots=True)
class Gate:
    """One judgement, with the figures it rests on.

    Attributes:
        name: "GROUP.METRIC".
        passed: whether the candidate may go on.
        candidate, champion: the figures compared; None where there was none.
        margin: by how much the candidate may be worse.
        reason: the judgement in one sentence.
    """

    name: str
    passed: bool
    candidate: float | None
    champion: float | None
    margin: float
    reason: str


def not_worse(
    name: str, candidate: float | None, champion: float | None, *, margin: float, higher_is_better: bool
) -> Gate:
    """Pass unless the candidate is worse than the champion by more than `margin`.

    A figure that is missing, not a number or infinite does not pass, on whichever side.
    """
    for who, figure in (("candidate", candidate), ("champion", champion)):
        if figure is None or not math.isfinite(figure):
            return Gate(name, False, candidate, champion, margin, f"The {who} has no figure for {name}.")
    assert candidate is not None and champion is not None  # noqa: S101, PT018 - for the type checker
    worse_by = champion - candidate if higher_is_better else candidate - champion
    passed = math.isfinite(margin) and worse_by <= margin
    difference = f"{abs(worse_by):.4f} {'worse' if worse_by > 0 else 'better'}"
    reason = f"{name}: {candidate:.4f} against {champion:.4f}, {difference}; {margin:g} worse is allowed."
    return Gate(name, passed, candidate, champion, margin, reason)


def unjudged(rules: Iterable[GateRule], why: str) -> tuple[Gate, ...]:
    """One gate a rule, none passed: there was nothing to compare by."""
    return tuple(
        Gate(name, False, None, None, rule.margin, f"No figure for {name}: {why}.")
        for rule in rules
        for name in (f"{rule.group}.{rule.metric}",)
    )


def judge(candidate: Report, champion: Report, rules: Iterable[GateRule]) -> tuple[Gate, ...]:
    """One gate a rule, on two reports of the same split."""
    return tuple(
        not_worse(
            f"{rule.group}.{rule.metric}",
            candidate.figure(rule.group, rule.metric),
            champion.figure(rule.group, rule.metric),
            margin=rule.margin,
            higher_is_better=rule.metric not in LOWER_IS_BETTER,
        )
        for rule in rules
    )
