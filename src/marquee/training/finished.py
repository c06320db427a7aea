"""Gates of the finished files: is the bundle whole, does it answer, what does it weigh, what did it take?"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from marquee.data.quality import Quality
from marquee.domain.columns import USER
from marquee.domain.counting import counted
from marquee.domain.errors import CorruptBundle
from marquee.domain.history import UNKNOWN_ROW, History
from marquee.evaluation.gates import Gate, limit_gate, slower_gate
from marquee.models.arrays import blas_threads
from marquee.models.bundle import Bundle
from marquee.models.features import profiles
from marquee.models.model_set import ModelSet
from marquee.models.protocol import Float32
from marquee.models.training_set import histories_of
from marquee.recommend.recommender import PersonState, Recommender
from marquee.settings import Serving
from marquee.settings.policy import CostRules
from marquee.training.snapshot import Tables

MEGABYTE = 1_000_000
_INTEGRITY = "integrity.bundle"
_TOLERANCE = 1e-4  # of a score, relative: products of many and of one add up in another order


def data_gate(quality: Quality, most_warnings: int | None) -> Gate:
    """Pass when no check of severity *error* fails, and no more warn than the policy allows."""
    errors, warnings = len(quality.errors), len(quality.warnings)
    passed = errors == 0 and (most_warnings is None or warnings <= most_warnings)
    odd = f": {', '.join(check.name for check in quality.warnings)}" if warnings else ""
    allowed = "" if most_warnings is None else f"; {counted(most_warnings, 'warning')} allowed"
    reason = (
        f"{counted(len(quality.checks), 'check')} of the data, {counted(errors, 'error')}, "
        f"{counted(warnings, 'warning')}{odd}{allowed}."
    )
    return Gate("data.quality", passed, float(errors), None, None, reason, kind="data")


def list_gates(rules: CostRules, list_p95_ms: Mapping[str, float], *, with_champion: bool) -> Iterator[Gate]:
    """How long a list takes: by the clock, and beside the champion's where there is one."""
    mine = list_p95_ms.get("candidate")
    if rules.list_p95_ms is not None:
        yield limit_gate("cost.list_p95_ms", mine, rules.list_p95_ms, "ms for a list (95th percentile)")
    if rules.slower is not None and with_champion:
        yield slower_gate(mine, list_p95_ms.get("champion"), rules.slower)


def size_gates(rules: CostRules, bundle: Path) -> Iterator[Gate]:
    """What the bundle weighs."""
    if rules.bundle_mb is not None:
        size = sum(sizes_of(bundle).values()) / MEGABYTE
        yield limit_gate("cost.bundle_mb", size, rules.bundle_mb, "MB on disk")


def time_gates(rules: CostRules, seconds: float) -> Iterator[Gate]:
    """How long the training on everything took."""
    if rules.training_seconds is not None:
        yield limit_gate("cost.training_seconds", seconds, rules.training_seconds, "s of training")


def sizes_of(bundle: Path) -> dict[str, int]:
    """Bytes of each file of a bundle, by name."""
    return {file.name: file.stat().st_size for file in sorted(bundle.iterdir())}


def integrity_gate(folder: Path, tables: Tables, serving: Serving, *, sample: int, k: int) -> Gate:
    """Pass when the bundle opens with every hash verified, and answers for some people and a newcomer.

    Their scores must be the same alone and in a batch, no figure may be not a number, and nobody who has
    something left to see may have an empty list.

    Args:
        sample: how many people, evenly over all with ratings.
        k: places of a list.
    """
    try:
        bundle = Bundle.open(folder)
    except CorruptBundle as error:
        return Gate(_INTEGRITY, False, None, None, None, error.message, kind="integrity")
    return answers_gate(bundle, tables, serving, sample=sample, k=k)


def answers_gate(models: ModelSet, tables: Tables, serving: Serving, *, sample: int, k: int) -> Gate:
    """The part of `integrity_gate` that asks the models."""
    recommender = Recommender(models, serving)
    histories = [History.empty(), *_histories(models, tables, sample)]
    with blas_threads(1):
        together = recommender.states(histories)
        faults = [
            fault
            for history, other in zip(histories, together, strict=True)
            for fault in _faults(recommender, recommender.state(history), other, k)
        ]
    people = len(histories)
    reason = (
        f"{faults[0]} ({counted(len(faults), 'fault')}, {counted(people, 'person', 'people')} tried)."
        if faults
        else f"Every hash is right; {counted(people, 'list')} alone and together are the same, none empty."
    )
    return Gate(_INTEGRITY, not faults, None, None, None, reason, kind="integrity", people=people)


def _histories(models: ModelSet, tables: Tables, sample: int) -> Sequence[History]:
    ids = np.array(sorted(tables.ratings[USER].astype(str).unique()))
    chosen = ids[np.unique(np.linspace(0, len(ids) - 1, min(sample, len(ids))).astype(np.int64))].tolist()
    theirs = tables.ratings[tables.ratings[USER].isin(chosen)]
    return histories_of(theirs, models.items, chosen, profiles(tables.users, models.user_vocabulary))


def _alike(ours: Float32, theirs: Float32) -> bool:
    finite = ours[np.isfinite(ours)]
    largest = float(np.abs(finite).max(initial=0.0))
    return bool(np.allclose(ours, theirs, rtol=_TOLERANCE, atol=_TOLERANCE * largest))


def _faults(recommender: Recommender, alone: PersonState, other: PersonState, k: int) -> Iterator[str]:
    if np.isnan(alone.scores).any() or np.isnan(other.scores).any():
        yield "A score is not a number"
    elif not _alike(alone.scores, other.scores):
        yield "The scores of a person alone are not those of the person among others"
    listed = recommender.top(alone, k)
    if not listed and len(alone.seen) < len(recommender.models.items):
        yield "A list is empty"
    if any(one.stars is None or not np.isfinite(one.stars) for one in listed):
        yield "Predicted stars are not a number"
    if any(one.row == UNKNOWN_ROW for one in listed):
        yield "A list holds an item that the bundle does not have"
