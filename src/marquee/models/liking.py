"""How much a rating counts as a sign of interest: fully with the most stars, something with the fewest."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import History
from marquee.models.arrays import checked
from marquee.models.protocol import Arrays, Float32, Int32

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet


@dataclass(frozen=True, slots=True)
class Liking:
    """From `dislike` at the lowest stars, in a straight line, to 1 at the highest: the same on every scale.

    Attributes:
        least, most: stars of the training; where they are the same, every rating counts 1.
        dislike: from 0 to 1; 1 for the same whatever the stars.
    """

    least: float
    most: float
    dislike: float

    @classmethod
    def of(cls, ratings: "TrainingSet", dislike: float) -> Self:
        return cls(float(ratings.ratings.min()), float(ratings.ratings.max()), dislike)

    def __call__(self, stars: Float32) -> Float32:
        """What each rating counts, same shape, from `dislike` to 1."""
        if self.most <= self.least:
            return np.ones(len(stars), dtype=np.float32)
        share = (stars - np.float32(self.least)) / np.float32(self.most - self.least)
        share = np.minimum(np.maximum(share, 0.0), 1.0)  # a third of the time of `clip`
        return np.asarray(self.dislike + (1.0 - self.dislike) * share, dtype=np.float32)

    def of_history(self, history: History) -> tuple[Int32, Float32]:
        """All rows that a history says something of, and what each counts: a rating by its stars, what is
        implied as it is; both of shape (n_ratings + n_implied,)."""
        liked, implied = self(history.ratings), history.implied
        if not len(implied):
            return history.rows, liked
        return np.concatenate((history.rows, implied.rows)), np.concatenate((liked, implied.weights))

    def to_array(self) -> NDArray[np.float64]:
        return np.array([self.least, self.most, self.dislike], dtype=np.float64)

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """From the array "liking", as `to_array` gave it; raises ValueError when it is something else."""
        return cls(*checked(arrays, "liking", np.float64, (3,)).tolist())
