"""One person's ratings as arrays, and the table that turns external ids into rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

UNKNOWN_ROW = -1
NO_PROFILE: NDArray[np.int32] = np.empty(0, dtype=np.int32)
NO_ROWS: NDArray[np.int32] = np.empty(0, dtype=np.int32)


class ItemIndex:
    """External item ids (strings) and the rows (integers) by which models know them; order is fixed."""

    __slots__ = ("_row_of", "ids")

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids: tuple[str, ...] = tuple(ids)
        self._row_of = {item_id: row for row, item_id in enumerate(self.ids)}
        if len(self._row_of) != len(self.ids):
            raise ValueError("item ids are not unique")

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._row_of

    def row(self, item_id: str) -> int | None:
        """The row of an item, or None when the index has never heard of it."""
        return self._row_of.get(item_id)

    def rows(self, item_ids: Iterable[str]) -> NDArray[np.int32]:
        """Rows of many items, shape (n,); `UNKNOWN_ROW` (-1) where the index does not know the id."""
        row_of = self._row_of
        return np.fromiter((row_of.get(item_id, UNKNOWN_ROW) for item_id in item_ids), dtype=np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Implied:
    """What a person's doings say of items that they have not rated; each item stands at most once.

    Attributes:
        rows: item rows, shape (m,), int32.
        weights: above 0 to 1, shape (m,), float32; 1 says as much as a rating of the most stars.
    """

    rows: NDArray[np.int32]
    weights: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.rows.shape != self.weights.shape or self.rows.ndim != 1:
            raise ValueError("rows and weights must be one-dimensional and of one length")

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of(cls, rows: Sequence[int], weights: Sequence[float]) -> "Implied":
        return cls(np.asarray(rows, dtype=np.int32), np.asarray(weights, dtype=np.float32))


NOTHING_IMPLIED = Implied.of((), ())


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One person's ratings, by rows of one `ItemIndex`; each item stands at most once.

    Attributes:
        rows: item rows, shape (n,), int32, all of them known to the index.
        ratings: stars, shape (n,), float32.
        times: when, in whole seconds since 1970 UTC, shape (n,), int64.
        profile: what is known of the person besides: columns of the models' user features, int32, each once.
        implied: items that they have not rated, by what they did; for models that order, not for stars.
        hidden: item rows that their lists leave out beside those rated, int32: seen, or disliked.
    """

    rows: NDArray[np.int32]
    ratings: NDArray[np.float32]
    times: NDArray[np.int64]
    profile: NDArray[np.int32] = field(default_factory=lambda: NO_PROFILE)
    implied: Implied = NOTHING_IMPLIED
    hidden: NDArray[np.int32] = field(default_factory=lambda: NO_ROWS)

    def __post_init__(self) -> None:
        if not (self.rows.shape == self.ratings.shape == self.times.shape) or self.rows.ndim != 1:
            raise ValueError("rows, ratings and times must be one-dimensional and of one length")

    def __len__(self) -> int:
        """How many ratings; somebody with a profile alone has none."""
        return len(self.rows)

    @property
    def tells(self) -> bool:
        """Whether it says anything of the person's taste: there is a rating, or something is implied."""
        return len(self.rows) > 0 or len(self.implied) > 0

    @property
    def evidence(self) -> float:
        """From 0, when nothing is known of their taste, to 1, when as much is as by one rating or more."""
        return 1.0 if len(self.rows) else min(1.0, float(self.implied.weights.sum()))

    @property
    def left_out(self) -> NDArray[np.int32]:
        """Rows that their lists leave out, int32: rated or hidden; one that is both may stand twice."""
        return np.concatenate((self.rows, self.hidden)) if len(self.hidden) else self.rows

    @classmethod
    def empty(cls) -> "History":
        """The history of somebody nobody has seen."""
        return cls.of((), (), ())

    @classmethod
    def of(
        cls, rows: Sequence[int], ratings: Sequence[float], times: Sequence[int], profile: Sequence[int] = ()
    ) -> "History":
        return cls(
            np.asarray(rows, dtype=np.int32),
            np.asarray(ratings, dtype=np.float32),
            np.asarray(times, dtype=np.int64),
            np.asarray(profile, dtype=np.int32),
        )
