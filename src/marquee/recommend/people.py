"""Who is like whom: by what people liked, rare items saying more than popular ones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from marquee.models.protocol import Float32, Int32, Int64
from marquee.recommend.topn import best_rows

SHRINKAGE = 10.0
BLOCK = 2_000_000  # likes looked at at a time: bounds the memory of a search


class Likes(NamedTuple):
    """What one person liked: rows of items, each once."""

    user_id: str
    rows: Int32


class Alike(NamedTuple):
    """Somebody like the one who was asked about.

    Attributes:
        similarity: in (0, 1).
        n_shared: items that both liked.
        shared: rows of some of them, those that say most first.
    """

    user_id: str
    similarity: float
    n_shared: int
    shared: list[int]


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Everybody who liked something, ready to be compared: 4 bytes a like.

    With idf_i = log(n_people / n_i) of the n_i people who liked item i, and L_u what u liked,

        similarity(u, v) = (sum of idf_i over what both liked) / (|u| |v| + shrinkage),
        |u|² = sum of idf_i over L_u,

    a cosine (Breese, Heckerman and Kadie 1998 weigh votes in this way, by inverse user frequency) that wants
    evidence: two people who share one film are not alike for it.

    Attributes:
        user_ids: people with a like or more.
        starts: likes of person p are `rows[starts[p]:starts[p + 1]]`; shape (n_people + 1,).
        rows: of items, int32.
        idf: shape (n_items,), float32.
        lengths: |u|, shape (n_people,), float32.
    """

    user_ids: tuple[str, ...]
    starts: Int64
    rows: Int32
    idf: Float32
    lengths: Float32

    @classmethod
    def of(cls, people: Iterable[Likes], n_items: int) -> Self:
        """Everybody of `people` who liked something."""
        kept = [likes for likes in people if len(likes.rows)]
        starts = np.cumsum([0, *(len(likes.rows) for likes in kept)], dtype=np.int64)
        rows = np.concatenate([np.empty(0, np.int32), *(likes.rows for likes in kept)], dtype=np.int32)
        counts = np.bincount(rows, minlength=n_items)
        idf = np.log(max(len(kept), 1) / np.maximum(counts, 1)).astype(np.float32)
        lengths = np.sqrt(np.concatenate([np.empty(0, np.float32), *_sums(idf, rows, starts)]))
        return cls(tuple(likes.user_id for likes in kept), starts, rows, idf, lengths)

    def nearest(self, likes: Likes, n: int, *, most_shared: int) -> list[Alike]:
        """The `n` people most like somebody, who is not among them; nobody who shares nothing that tells.

        Args:
            likes: theirs, as of now; rows that the crowd has not heard of say nothing.
            most_shared: how many items they share are named.
        """
        known = likes.rows[likes.rows < len(self.idf)]
        weights = np.zeros(len(self.idf), np.float32)
        weights[known] = self.idf[known]
        length = np.sqrt(weights.sum(dtype=np.float64))
        shared = np.concatenate([np.empty(0, np.float32), *_sums(weights, self.rows, self.starts)])
        similarity = (shared / (self.lengths * length + SHRINKAGE)).astype(np.float32)
        similarity[shared <= 0] = -np.inf
        found = best_rows(similarity, n + 1).tolist()
        others = [person for person in found if self.user_ids[person] != likes.user_id][:n]
        return [self._alike(person, float(similarity[person]), known, most_shared) for person in others]

    def _alike(self, person: int, similarity: float, rows: Int32, most_shared: int) -> Alike:
        theirs = self.rows[self.starts[person] : self.starts[person + 1]]
        both = theirs[np.isin(theirs, rows)]
        named = both[np.lexsort((both, -self.idf[both]))][:most_shared]
        return Alike(self.user_ids[person], similarity, len(both), named.tolist())


def _sums(weights: Float32, rows: Int32, starts: Int64) -> Iterator[Float32]:
    """The sum of the weights of each person's rows, block after block of people."""
    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + BLOCK, side="right")) - 1
        last = max(last, first + 1)
        begins = starts[first:last] - starts[first]
        yield np.add.reduceat(weights[rows[starts[first] : starts[last]]], begins)
        first = last
