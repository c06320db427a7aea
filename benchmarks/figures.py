"""Figures of what a protocol judged, with their intervals: as `marquee evaluate` computes them."""

from marquee.evaluation.estimators import figures
from marquee.evaluation.intervals import Difference, Estimate, difference, estimate, resampled_people
from marquee.evaluation.judged import ALL, Judged

RESAMPLES, SEED = 2000, 0


def figure(judged: Judged, name: str, group: str = ALL) -> Estimate:
    """One figure of one group, with its 95 % interval by bootstrap over people."""
    who = judged.of_group(group)
    weights = resampled_people(len(judged.people), RESAMPLES, SEED)
    found = estimate(figures(judged, who, (name,))[name], weights)
    if found is None:
        raise ValueError(f"{judged.protocol} gives no {name} of {group}")
    return found


def lead(judged: Judged, rival: Judged, name: str, group: str = ALL) -> Difference:
    """How far one is ahead of another on the same people, with its interval."""
    weights = resampled_people(len(judged.people), RESAMPLES, SEED)
    ours, theirs = (figures(one, one.of_group(group), (name,))[name] for one in (judged, rival))
    found = difference(ours, theirs, weights)
    if found is None:
        raise ValueError(f"{judged.protocol} gives no {name} of {group}")
    return found


def spread(found: Estimate) -> str:
    """The interval in words, to stand behind what was measured."""
    return f"(95 %: {found.low:.4f} to {found.high:.4f})"
