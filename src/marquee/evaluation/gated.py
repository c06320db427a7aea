"""From what the `temporal` protocol saw of candidate and rivals to the gates of quality and slices."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from marquee.evaluation.estimators import figures
from marquee.evaluation.gates import (
    OF_STARS,
    Compared,
    Gate,
    quality_gate,
    slices_gate,
    unjudged,
    unjudged_slices,
    without_stars,
)
from marquee.evaluation.intervals import Difference, Estimate, differences
from marquee.evaluation.judged import LIST_COLUMNS, Judged
from marquee.evaluation.slices import people_labels
from marquee.models.protocol import Mask
from marquee.settings.policy import Gates, QualityRule, SliceRules

CANDIDATE, CHAMPION, BASELINES = "candidate", "champion", "baselines"


def judge(
    rules: Gates,
    judged: Mapping[str, Judged],
    users: pd.DataFrame,
    *,
    with_champion: bool,
    absent: str = "",
) -> tuple[Gate, ...]:
    """One gate for each rule of quality, and for each grouping and metric of the slices.

    Args:
        judged: by who: `candidate`, `champion`, `baselines`; who is missing could not be judged.
        users: for slices: user_id, gender, age.
        with_champion: without one there is nobody to be worse than: rules beside it do not apply.
        absent: why somebody is missing.
    """
    quality = [rule for rule in rules.quality if with_champion or rule.than != CHAMPION]
    gates = tuple(judge_quality(quality, judged, absent))
    if rules.slices is None or not with_champion:
        return gates
    if not {CANDIDATE, CHAMPION} <= judged.keys():
        return (*gates, *unjudged_slices(rules.slices, absent))
    return (*gates, *judge_slices(rules.slices, judged[CANDIDATE], judged[CHAMPION], users))


def judge_quality(
    rules: Sequence[QualityRule], judged: Mapping[str, Judged], absent: str = ""
) -> Iterator[Gate]:
    """One gate a rule, in order."""
    for rule in rules:
        if not {CANDIDATE, rule.than} <= judged.keys():
            yield unjudged(rule, absent)
            continue
        candidate, rival = judged[CANDIDATE], judged[rule.than]
        if rule.metric in OF_STARS and not _have_stars(candidate):
            yield without_stars(rule)
            continue
        (found,) = _compare(candidate, rival, rule.metric, [candidate.of_group(rule.group)])
        yield quality_gate(rule, found)


def judge_slices(
    rules: SliceRules, candidate: Judged, champion: Judged, users: pd.DataFrame
) -> Iterator[Gate]:
    """One gate for each grouping and metric."""
    labels = people_labels(candidate, users)
    for by in rules.by:
        named = {
            str(name): who
            for name in labels[by].cat.categories
            if (who := (labels[by] == name).to_numpy(np.bool_)).any()
        }
        for metric in rules.margins:
            found = _compare(candidate, champion, metric, list(named.values()))
            yield slices_gate(rules, by, metric, dict(zip(named, found, strict=True)))


def _have_stars(judged: Judged) -> bool:
    """Whether ratings differ; those of a site that has clicks alone are all the same."""
    actual = judged.stars["actual"]
    return not len(actual) or bool(actual.min() < actual.max())


def _compare(candidate: Judged, rival: Judged, metric: str, groups: Sequence[Mask]) -> list[Compared]:
    """The metric of both, for each of some groups of people, by the same resamples."""
    pairs, people = [], []
    for who in groups:
        ours, theirs = (figures(one, who, (metric,)).get(metric) for one in (candidate, rival))
        pairs.append(None if ours is None or theirs is None else (ours, theirs))
        people.append(int((_measured(candidate, metric) & who).sum()))
    found = iter(differences([pair for pair in pairs if pair is not None], len(candidate.people)))
    same = _alike(candidate, rival, metric)
    return [
        Compared(None if pair is None else _exact(next(found), who & _measured(candidate, metric), same), n)
        for pair, who, n in zip(pairs, groups, people, strict=True)
    ]


def _measured(judged: Judged, metric: str) -> Mask:
    """Whose rows the metric is of: of stars who has ratings, of lists who has a list."""
    column = "ratings" if metric in OF_STARS else "lists"
    return (judged.people[column] > 0).to_numpy(np.bool_)


def _alike(candidate: Judged, rival: Judged, metric: str) -> Mask:
    """For whom both do the very same, so that chance has no part in there being no difference.

    Lists are the same where they are in all that is known of them: rows cannot be compared between models
    that hold other items.
    """
    if metric in OF_STARS:
        alike = np.ones(len(candidate.people), dtype=np.bool_)
        apart = candidate.stars["predicted"].to_numpy() != rival.stars["predicted"].to_numpy()
        alike[candidate.stars["person"].to_numpy()[apart]] = False
        return alike
    ours, theirs = (one.people[list(LIST_COLUMNS)].to_numpy(np.float64) for one in (candidate, rival))
    return np.asarray(((ours == theirs) | (np.isnan(ours) & np.isnan(theirs))).all(axis=1))


def _exact(found: Difference | None, who: Mask, alike: Mask) -> Difference | None:
    """With the interval [0, 0] where both do the same for everybody."""
    if found is None or not alike[who].all():
        return found
    return Difference(found.candidate, found.rival, Estimate(0.0, 0.0, 0.0), None)
