"""Similar items: for each item the ones that were liked by the same people, as a short table."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from marquee.domain.history import UNKNOWN_ROW
from marquee.models.arrays import check_names, checked
from marquee.models.protocol import Arrays, Float32, Float64, Int32

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet

BLOCK = 256  # items compared at a time: memory is BLOCK x n_items, whatever the catalogue's size
TINY = np.finfo(
    np.float64
).tiny  # divides 0 to 0 where nothing is shrunk and nobody, or everybody, likes an item


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The nearest items of each item, best first.

    Attributes:
        rows: shape (n_items, width), int32; `UNKNOWN_ROW` (-1) where an item has fewer neighbours.
        similarities: same shape, float32, from 0 to 1; 0 where there is no neighbour.
    """

    rows: Int32
    similarities: Float32

    @property
    def n_items(self) -> int:
        return len(self.rows)

    def of(self, row: int) -> tuple[Int32, Float32]:
        """Neighbours of one item and their similarities, best first, both of shape (<= width,)."""
        count = int(np.count_nonzero(self.rows[row] != UNKNOWN_ROW))
        return self.rows[row, :count], self.similarities[row, :count]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {"rows": self.rows, "similarities": self.similarities}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, ("rows", "similarities"))
        rows = checked(arrays, "rows", np.int32, (None, None))
        n_items = len(rows)
        if rows.size and not (rows.min() >= UNKNOWN_ROW and rows.max() < n_items):
            raise ValueError("a neighbour is no row of the catalogue")
        return cls(rows, checked(arrays, "similarities", np.float32, rows.shape))


def train(ratings: "TrainingSet", *, width: int = 100, shrinkage: float = 20.0) -> Neighbours:
    """Correlation of the sets of people who like two items, shrunk; the `width` highest above 0.

    With n people, of whom n_i like i, n_j like j and n_ij both, it is

        (n_ij - n_i n_j / n) / (sqrt(n_i (1 - n_i / n) n_j (1 - n_j / n)) + shrinkage),

    the phi coefficient (Yule 1912) but for `shrinkage`, which keeps chance meetings of rarely rated items
    from the top. Subtracting what popularity alone would give keeps the most popular items from being
    everybody's neighbour, as they are by cosine. To like is to give at least the mean of all ratings.
    """
    liked = ratings.take(np.flatnonzero(ratings.ratings >= ratings.mean))
    likers = liked.interactions().tocsc()
    counts = liked.item_counts().astype(np.float64)
    deviations = np.sqrt(counts * (1.0 - counts / ratings.n_users))
    width = min(width, max(ratings.n_items - 1, 1))
    rows = np.full((ratings.n_items, width), UNKNOWN_ROW, dtype=np.int32)
    similarities = np.zeros((ratings.n_items, width), dtype=np.float32)
    for start in range(0, ratings.n_items, BLOCK):
        block = np.arange(start, min(start + BLOCK, ratings.n_items))
        together = (likers[:, block].T @ likers).toarray()
        excess = together - np.outer(counts[block], counts) / ratings.n_users
        correlation = excess / np.maximum(np.outer(deviations[block], deviations) + shrinkage, TINY)
        correlation[np.arange(len(block)), block] = 0.0
        rows[block], similarities[block] = nearest(correlation, width)
    return Neighbours(rows, similarities)


def nearest(similarity: Float64, width: int) -> tuple[Int32, Float32]:
    """The `width` highest values above 0 of each row, best first: their columns and themselves.

    Where there are fewer, `UNKNOWN_ROW` and 0 fill the row.
    """
    rows = np.full((len(similarity), width), UNKNOWN_ROW, dtype=np.int32)
    values = np.zeros((len(similarity), width), dtype=np.float32)
    # Sorting only what may be among the highest takes a tenth of the time on a large catalogue.
    least = np.maximum(np.partition(similarity, -width, axis=1)[:, -width], TINY)
    for row, bound in enumerate(least):
        near = np.flatnonzero(similarity[row] >= bound)
        # Stable, so that equally similar items stand in the order of their rows.
        near = near[np.argsort(-similarity[row, near], kind="stable")[:width]]
        rows[row, : len(near)] = near
        values[row, : len(near)] = similarity[row, near]
    return rows, values
