"""How far from the predicted stars the true ones lie: split-conformal intervals, for every rating model.

Vovk, Gammerman and Shafer, "Algorithmic learning in a random world" (2005), with quantiles of their own for
each range of predicted stars (Mondrian), for errors are lopsided near the ends of the scale.
"""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from marquee.models.arrays import check_names, checked
from marquee.models.protocol import Arrays, Float32

MOST_RANGES = 10
LEAST_IN_RANGE = 200  # errors that quantiles of a range rest on

_ARRAYS = ("coverage", "edges", "below", "above")


@dataclass(frozen=True, slots=True, eq=False)
class StarsInterval:
    """For each range of predicted stars, what to add for the ends of the interval.

    Attributes:
        coverage: the share of ratings that should lie inside, between 0 and 1.
        edges: where one range ends and the next begins, shape (n_ranges - 1,), float32, ascending.
        below, above: added to the stars, shape (n_ranges,), float32.
        around: both, shape (2, n_ranges).
    """

    coverage: float
    edges: Float32
    below: Float32
    above: Float32
    around: Float32 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "around", np.stack((self.below, self.above)))

    @classmethod
    def of_errors(cls, below: float, above: float, coverage: float) -> Self:
        """The same distances around all stars."""
        ends = (np.array([end], dtype=np.float32) for end in (below, above))
        return cls(coverage, np.empty(0, dtype=np.float32), *ends)

    def bounds(self, stars: Float32) -> Float32:
        """Low and high ends around predicted stars, shape (2, len(stars)); not clipped to the scale."""
        ends: Float32 = self.around.take(self.edges.searchsorted(stars), axis=1) + stars
        return ends

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "coverage": np.array([self.coverage]),
            "edges": self.edges,
            "below": self.below,
            "above": self.above,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, _ARRAYS)
        below = checked(arrays, "below", np.float32, (None,))
        above = checked(arrays, "above", np.float32, below.shape)
        edges = checked(arrays, "edges", np.float32, (len(below) - 1,))
        return cls(float(checked(arrays, "coverage", np.float64, (1,))[0]), edges, below, above)


def calibrate(predicted: Float32, actual: Float32, coverage: float) -> StarsInterval:
    """Quantiles of `actual - predicted`, on ratings that the model has not learnt from.

    Args:
        predicted, actual: stars, shape (n,), n at least 1.
        coverage: between 0 and 1; what lies outside is split evenly between both ends.
    """
    order = np.argsort(predicted, kind="stable")
    n_ranges = int(np.clip(len(order) // LEAST_IN_RANGE, 1, MOST_RANGES))
    parts = np.array_split(order, n_ranges)
    edges = np.array([predicted[part[0]] for part in parts[1:]], dtype=np.float32)
    tail = (1.0 - coverage) / 2
    ends = np.array([_quantiles(actual[part] - predicted[part], tail) for part in parts], dtype=np.float32)
    return StarsInterval(coverage, edges, ends[:, 0], ends[:, 1])


def _quantiles(errors: Float32, tail: float) -> tuple[float, float]:
    """The errors beyond which at most a share `tail` of new ones lies, on either side (n + 1 corrected)."""
    ranked = np.sort(errors)
    out = max(int(np.floor(tail * (len(ranked) + 1))) - 1, 0)
    return float(ranked[out]), float(ranked[-1 - out])
