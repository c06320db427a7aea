"""The one shape of every model: fold a history into a state, score the catalogue from that state.

A *state* is what one person's history means to one model: a float32 vector of the model's own length
(a user vector and bias for SVD, one score an item for EASE, nothing at all for popularity). A model holds
no row about a person, so that a known user, a new user and a visitor take the same path.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from marquee.domain.history import History

Float32: TypeAlias = NDArray[np.float32]
Float64: TypeAlias = NDArray[np.float64]
Int32: TypeAlias = NDArray[np.int32]
Int64: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = Int32 | slice
Csr: TypeAlias = "sparse.csr_array[Any, tuple[int, int]]"
Arrays: TypeAlias = Mapping[str, NDArray[Any]]
State: TypeAlias = Float32
States: TypeAlias = Float32


class Scorer(Protocol):
    """A model, of stars or of rank; pure functions of its arrays, safe to share between threads.

    The batched twins agree with the single ones: exactly, or within the rounding of float32.
    """

    algorithm: ClassVar[str]

    @property
    def n_items(self) -> int:
        """Rows of the `ItemIndex` that the model was trained with."""
        ...

    @property
    def state_size(self) -> int:
        """Length of a state."""
        ...

    def fold_in(self, history: History) -> State:
        """What a history means to this model, shape (state_size,); an empty history has a state too."""
        ...

    def fold_in_many(self, histories: Sequence[History]) -> States:
        """States of many histories, shape (n, state_size)."""
        ...

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        """One finite value an item: shape (n_items,), or (len(rows),) for some rows alone."""
        ...

    def score_many(self, states: States) -> Float32:
        """Scores of the whole catalogue for many states, shape (n, n_items)."""
        ...

    @property
    def scores_new(self) -> bool:
        """Whether `score_new` tells items apart, by their features."""
        ...

    def score_new(self, state: State, features: Csr) -> Float32:
        """Scores of items that the training has not seen, comparable with `score`.

        Args:
            features: shape (n_new_items, n_item_features), by the vocabulary of the training.

        Returns:
            shape (n_new_items,): from the features, or what speaks for an item of which nothing is known.
        """
        ...

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything the model is, as named arrays of one dimension or more."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The model that `to_arrays` came from, sharing memory with the arrays.

        Raises:
            ValueError: an array is missing or unknown, or its dtype or shape is wrong.
        """
        ...


class RatingModel(Scorer, Protocol):
    """A model whose scores are stars (not yet clipped to the scale)."""

    def score_each(self, states: States, rows: Int32) -> Float32:
        """Stars of some items for each of some people, shape (n, m), all at once.

        Args:
            states: shape (n, state_size).
            rows: each person's own, shape (n, m).
        """
        ...

    def score_unknown(self, state: State) -> float:
        """Stars for an item of which nothing at all is known."""
        ...
