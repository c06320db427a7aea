"""configs/serving.yaml: what the inference service accepts and shows."""

import math
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from marquee.domain.errors import InvalidInput
from marquee.settings.documents import Document, load_document


class RatingScale(Document):
    """Stars run from `min` to `max` in steps of `step`."""

    min: float = 0.5
    max: float = 5.0
    step: Annotated[float, Field(gt=0)] = 0.5

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min >= self.max:
            raise ValueError("min must be below max")
        return self

    def accepts(self, rating: float) -> bool:
        """Whether a rating lies on the scale; a NaN does not."""
        if not self.min <= rating <= self.max:
            return False
        steps = (rating - self.min) / self.step
        return abs(steps - round(steps)) < 1e-6

    @property
    def liked(self) -> float:
        """Stars that mean *liked*: the upper quarter, from 4 of 0.5 to 5, 8 of 1 to 10, 1 of thumbs."""
        steps = math.ceil(0.75 * (self.max - self.min) / self.step - 1e-6)
        return min(self.min + steps * self.step, self.max)

    def check(self, rating: float) -> float:
        """The rating itself; raises InvalidInput when it is off the scale."""
        if not self.accepts(rating):
            raise InvalidInput(
                f"A rating of {rating:g} is not on the scale.",
                hint=f"Ratings run from {self.min:g} to {self.max:g} in steps of {self.step:g}.",
            )
        return rating


class ListSizes(Document):
    default_size: Annotated[int, Field(ge=1)] = 10
    largest_size: Annotated[int, Field(ge=1, le=10_000)] = 100


class Histories(Document):
    ratings_at_start: Annotated[int, Field(ge=0)] = 5_000_000


class Serving(Document):
    rating_scale: RatingScale = RatingScale()
    lists: ListSizes = ListSizes()
    histories: Histories = Histories()


def load_serving(path: Path) -> Serving:
    """Read `serving.yaml`; raises ConfigurationError naming the file and the key."""
    return load_document(path, Serving)
