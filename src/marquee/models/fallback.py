"""What answers where the ranking model has nothing to say: popularity and similar items."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray

from marquee.models import neighbours, popularity
from marquee.models.neighbours import Neighbours
from marquee.models.popularity import Popularity
from marquee.models.protocol import Arrays

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet

PROFILE = 0.5  # half of what independent attributes would mean: age, gender and occupation go together


@dataclass(frozen=True, slots=True, eq=False)
class Fallback:
    """Popular items for people without a history, similar items for an item's page."""

    popularity: Popularity
    neighbours: Neighbours

    def __post_init__(self) -> None:
        if self.popularity.n_items != self.neighbours.n_items:
            raise ValueError("popularity and neighbours have different numbers of items")

    @property
    def n_items(self) -> int:
        return self.popularity.n_items

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        parts = {"popularity": self.popularity.to_arrays(), "neighbours": self.neighbours.to_arrays()}
        return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        return cls(
            Popularity.from_arrays(_part(arrays, "popularity.")),
            Neighbours.from_arrays(_part(arrays, "neighbours.")),
        )


def _part(arrays: Arrays, prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def train(ratings: "TrainingSet") -> Fallback:
    """Count, and compare items, with the defaults of each part."""
    return Fallback(popularity.train(ratings, profile=PROFILE), neighbours.train(ratings))
