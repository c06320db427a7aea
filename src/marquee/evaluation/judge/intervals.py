"""Confidence sequences of the difference and of the relative effect."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.optimize import brentq

from marquee.evaluation.judge.boundary import radius, tuned
from marquee.evaluation.judge.contrast import Contrast

_FARTHEST = 1e4  # times the champion's rate: beyond, an interval has no upper end


@dataclass(frozen=True, slots=True)
class Sequence:
    """Bounds of T(c) / W that hold at whatever time one looks, each on its side.

    Attributes:
        low_level, high_level: how often the truth is ever below, or above, at most.
        planned: effective observations at which the bounds are tightest: evenly divided, independent.
    """

    contrast: Contrast
    low_level: float
    high_level: float
    planned: float

    def low(self, c: float = 1.0) -> float:
        return (self.contrast.total(c) - self._radius(c, self.low_level)) / self.contrast.weight

    def high(self, c: float = 1.0) -> float:
        return (self.contrast.total(c) + self._radius(c, self.high_level)) / self.contrast.weight

    def relative(self) -> tuple[float, float | None, float | None] | None:
        """Ratio of the rates - 1, with its bounds; a bound is None where there is none. None: the champion
        has 0.

        For figures that are not negative.
        """
        contrast = self.contrast
        if contrast.champion <= 0 or contrast.challenger < 0:
            return None
        ratio = contrast.challenger / contrast.champion
        if math.isnan(self.low()):
            return ratio - 1.0, None, None
        low = self._root(self.low, 0.0, ratio) if self.low(0.0) > 0 else 0.0
        return ratio - 1.0, low - 1.0, self._highest(ratio)

    def _highest(self, ratio: float) -> float | None:
        beyond = 2.0 * ratio + 1.0
        while self.high(beyond) > 0:
            beyond *= 4.0
            if beyond > _FARTHEST:
                return None
        return self._root(self.high, ratio, beyond) - 1.0

    @staticmethod
    def _root(bound: Callable[[float], float], low: float, high: float) -> float:
        return float(brentq(bound, low, high, xtol=1e-8))

    def _radius(self, c: float, level: float) -> float:
        """nan where no observation differs from another: nothing is known of what chance does."""
        contrast = self.contrast
        if contrast.spread <= 0:
            return math.nan
        tau = tuned(contrast.spread * self.planned * contrast.information, level)
        return radius(contrast.variance(c), tau, level)
