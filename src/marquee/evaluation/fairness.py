"""How fairly lists treat items: who is shown, beside who is there and who is wanted.

*Exposure* of an item is the sum over all lists of 1 / log2(place + 1) of the place it stands in (Singh and
Joachims, "Fairness of exposure in rankings", KDD 2018).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from marquee.domain.history import UNKNOWN_ROW
from marquee.evaluation.estimators import Ratio, Spread
from marquee.evaluation.intervals import Estimate, Estimator, estimate
from marquee.evaluation.judged import Judged
from marquee.evaluation.metrics import discounts
from marquee.evaluation.slices import item_slices
from marquee.models.protocol import Float64, Mask

FOUR_FIFTHS = 0.8


@dataclass(frozen=True, slots=True)
class ItemGroup:
    """One group of items in the lists.

    Attributes:
        items: how many.
        of_catalogue: their share of the items.
        of_exposure: their share of the exposure.
        parity: exposure of an item of the group over that of an average item: 1 is equal.
        opportunity: share of the group's wanted items that were shown, over all lists.
    """

    name: str
    items: int
    of_catalogue: float
    of_exposure: Estimate | None
    parity: Estimate | None
    opportunity: Estimate | None


@dataclass(frozen=True, slots=True)
class Fairness:
    """Groups of one kind.

    Attributes:
        demographic_parity: how far apart the groups' parities are: the largest minus the smallest; 0 is that
            an item's exposure does not depend on its group (Singh and Joachims, "demographic parity").
        equal_opportunity: how far apart the groups' opportunities are; 0 is that a wanted item is shown as
            often whatever its group (Hardt, Price and Srebro, "Equality of opportunity in supervised
            learning", 2016; for rankings Zhu, Wang and Caverlee, "Measuring and mitigating item
            under-recommendation bias", 2020).
        disparate_impact: smallest parity over the largest; 1 is equal, below 0.8 fails the four-fifths rule
            (Feldman et al., "Certifying and removing disparate impact", 2015).
    """

    by: str
    groups: tuple[ItemGroup, ...]
    demographic_parity: Estimate | None
    equal_opportunity: Estimate | None
    disparate_impact: Estimate | None


def fairness(judged: Judged, by: str, weights: Float64) -> Fairness | None:
    """Exposure of the groups of `item_slices`, over all of a contender's lists; None without lists.

    Args:
        by: `item popularity` or `genre`.
        weights: from `resampled_people`.
    """
    slices = {name: chosen for name, chosen in item_slices(judged.catalogue, by).items() if chosen.any()}
    if not len(judged.lists) or not slices:
        return None
    total = _exposure(judged, np.ones(len(judged.catalogue), dtype=np.bool_))
    parities = {name: _parity(judged, chosen, total) for name, chosen in slices.items()}
    opportunities = {
        name: how for name, chosen in slices.items() if (how := _opportunity(judged, chosen)) is not None
    }
    groups = tuple(
        ItemGroup(
            name,
            int(chosen.sum()),
            float(chosen.mean()),
            estimate(Ratio(parities[name].above, total), weights),
            estimate(parities[name], weights),
            estimate(opportunities[name], weights) if name in opportunities else None,
        )
        for name, chosen in slices.items()
    )
    return Fairness(
        by,
        groups,
        _spread(parities, weights),
        _spread(opportunities, weights),
        _spread(parities, weights, as_ratio=True),
    )


def _parity(judged: Judged, chosen: Mask, total: Float64) -> Ratio:
    return Ratio(_exposure(judged, chosen), total, scale=len(chosen) / int(chosen.sum()))


def _exposure(judged: Judged, chosen: Mask) -> Float64:
    """By person, shape (n_people,)."""
    shown = chosen[judged.lists] & (judged.lists != UNKNOWN_ROW)
    by_list = shown @ discounts(judged.k)
    return np.asarray(np.bincount(judged.list_person, by_list, minlength=len(judged.people)), np.float64)


def _opportunity(judged: Judged, chosen: Mask) -> Ratio | None:
    items = judged.relevant["item"].to_numpy()
    wanted = judged.relevant[chosen[items] & (items >= 0)]
    if wanted.empty:
        return None
    who, n = wanted["person"].to_numpy(), len(judged.people)
    found = np.bincount(who, wanted["found"].to_numpy(np.float64), minlength=n)
    return Ratio(found.astype(np.float64), np.bincount(who, minlength=n).astype(np.float64))


def _spread(parts: Mapping[str, Estimator], weights: Float64, *, as_ratio: bool = False) -> Estimate | None:
    return estimate(Spread(tuple(parts.values()), as_ratio), weights) if len(parts) > 1 else None
