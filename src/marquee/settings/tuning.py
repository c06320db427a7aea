"""configs/tuning.yaml: what `marquee tune` tries, and what it judges a trial by."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from marquee.settings.documents import Document, load_document

Role: TypeAlias = Literal["rating", "ranking"]
Value: TypeAlias = bool | int | float | str | None
ROLES: tuple[Role, ...] = ("rating", "ranking")

_LOWER_IS_BETTER = frozenset({"rmse", "mae"})


class Range(Document):
    """Numbers from `low` to `high`, both included; whole numbers when both are.

    Attributes:
        step: between neighbouring values; None: any value between.
        log: equal ratios are equal distances.
        points: how many of the values a grid tries.
    """

    low: int | float
    high: int | float
    step: int | float | None = None
    log: bool = False
    points: Annotated[int, Field(ge=2, le=1000)] = 5

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.low >= self.high:
            raise ValueError("low must be below high")
        if self.log and self.low <= 0:
            raise ValueError("a logarithmic range begins above 0")
        if self.step is not None and (self.log or self.step <= 0):
            raise ValueError("a step is above 0, and does not go with log")
        return self

    @property
    def whole(self) -> bool:
        """Whether the values are integers."""
        numbers = (self.low, self.high, self.low if self.step is None else self.step)
        return all(isinstance(number, int) for number in numbers)

    def grid(self) -> tuple[Value, ...]:
        """`points` values from low to high, at equal distances, each on a step."""
        shares = [place / (self.points - 1) for place in range(self.points)]
        values = [self._on_step(self._at(share)) for share in shares]
        return tuple(dict.fromkeys(values))

    @property
    def ends(self) -> tuple[Value, ...]:
        return (self.low, self.high)

    def _at(self, share: float) -> float:
        if self.log:
            return math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        return self.low + share * (self.high - self.low)

    def _on_step(self, value: float) -> int | float:
        if self.step is not None:
            value = self.low + round((value - self.low) / self.step) * self.step
            value = value if value <= self.high else value - self.step
        return round(value) if self.whole else float(f"{value:.6g}")


class Choices(Document):
    """Values without an order."""

    choices: Annotated[tuple[Value, ...], Field(min_length=1)]

    def grid(self) -> tuple[Value, ...]:
        return self.choices

    @property
    def ends(self) -> tuple[Value, ...]:
        return self.choices


Dimension: TypeAlias = Range | Choices
Space: TypeAlias = Mapping[str, Dimension]


class Goal(Document):
    """The figure that a study makes as good as it can."""

    metric: Literal["rmse", "mae", "precision", "recall", "ndcg"]
    group: Literal["known", "new", "all"] = "all"

    @property
    def lower_is_better(self) -> bool:
        return self.metric in _LOWER_IS_BETTER

    @property
    def name(self) -> str:
        return f"{self.group}.{self.metric}"


class Goals(Document):
    rating: Goal = Goal(metric="rmse")
    ranking: Goal = Goal(metric="ndcg")

    def of(self, role: Role) -> Goal:
        return self.rating if role == "rating" else self.ranking


class Validation(Document):
    """How the training side of the temporal split is split again."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    folds: Annotated[int, Field(ge=1, le=20)] = 3


class Pruning(Document):
    """When the median of earlier trials ends a trial early."""

    startup_trials: Annotated[int, Field(ge=1)] = 5
    warmup_folds: Annotated[int, Field(ge=1)] = 1


class Tuning(Document):
    goals: Goals = Goals()
    validation: Validation = Validation()
    pruning: Pruning = Pruning()
    spaces: Mapping[str, Annotated[Mapping[str, Dimension], Field(min_length=1)]]

    @model_validator(mode="after")
    def _one_role_an_algorithm(self) -> Self:
        for algorithm, space in self.spaces.items():
            roles = {path.partition(".")[0] for path in space}
            if len(roles) != 1 or not roles <= set(ROLES):
                raise ValueError(f"the paths of {algorithm} begin with rating or ranking, all with the same")
        return self

    def algorithms(self, role: Role) -> tuple[str, ...]:
        """The algorithms of a role that have a space."""
        return tuple(name for name, space in self.spaces.items() if next(iter(space)).startswith(f"{role}."))


def load_tuning(path: Path) -> Tuning:
    """Read `tuning.yaml`; raises ConfigurationError naming the file and the key."""
    return load_document(path, Tuning)
