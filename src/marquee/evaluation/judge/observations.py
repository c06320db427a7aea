"""What the judge is told: sums by person, step and variant; and what it is to look at."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from marquee.models.protocol import Float64, Int64, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Sufficient statistics of one metric, one row a (person, step, variant), shape (n_rows,) each.

    Of quality only lists older than the attribution window belong here: a younger one may still get its
    answer.

    Attributes:
        person: any numbering; of guardrails it may be a bucket of people.
        step: of the rollout, any numbering.
        challenger: who served; False: the champion. Not looked at where a metric is paired.
        n, total, squares: number, sum and sum of squares of what was observed.
    """

    person: Int64
    step: Int64
    challenger: Mask
    n: Float64
    total: Float64
    squares: Float64

    def used(self) -> "Observations":
        """Only rows that hold something."""
        rows = self.n > 0
        return self if rows.all() else self.where(rows)

    def where(self, rows: Mask) -> "Observations":
        return Observations(
            self.person[rows],
            self.step[rows],
            self.challenger[rows],
            self.n[rows],
            self.total[rows],
            self.squares[rows],
        )

    def finite(self) -> bool:
        """Whether every figure is one."""
        return all(bool(np.isfinite(column).all()) for column in (self.n, self.total, self.squares))


@dataclass(frozen=True, slots=True)
class Metric:
    """What is compared, and by how much the challenger may be worse.

    Attributes:
        kind: `share`: an observation is 0 or 1; `mean`: any number.
        margin: in the metric's unit, or as a share of the champion's figure where `relative`.
        role: errors of the `primary` are bounded apart. A `guardrail` is worse when it is surely beyond its
            margin, others when they are surely worse at all.
        required: whether a promotion needs `not worse` of it; `worse` counts in any case.
        paired: an observation is already a difference, challenger - champion, of the same outcome.
        planned: effective observations at which its intervals are to be tightest; None: the judge's.
    """

    name: str
    kind: Literal["share", "mean"]
    better: Literal["higher", "lower"]
    margin: float
    relative: bool
    role: Literal["primary", "quality", "guardrail"]
    required: bool = True
    paired: bool = False
    planned: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.margin < float("inf"):
            raise ValueError(f"the margin of {self.name} is {self.margin}, not a number from 0 up")
        if self.planned is not None and not self.planned > 0:
            raise ValueError(f"{self.name} is planned for {self.planned} observations, not for some")
        if self.relative and self.paired:
            raise ValueError(f"{self.name}: a relative margin needs two variants")
        if self.relative and self.better == "higher" and self.margin >= 1:
            raise ValueError(f"{self.name}: a share of the champion's figure that may be lost is below 1")
