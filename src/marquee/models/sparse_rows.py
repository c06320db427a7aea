"""Sparse matrices as plain arrays on a disk, and the sum of some of their rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from marquee.models.arrays import checked
from marquee.models.protocol import Arrays, Csr, Float32, Int32

NAMES = ("starts", "columns", "values")


def to_arrays(matrix: Csr) -> dict[str, NDArray[Any]]:
    """The arrays `NAMES`: row r is `values[starts[r]:starts[r + 1]]`, in the `columns` of the same places."""
    return {
        "starts": matrix.indptr.astype(np.int32, copy=False),
        "columns": matrix.indices.astype(np.int32, copy=False),
        "values": matrix.data,
    }


def from_arrays(arrays: Arrays, n_columns: int | None = None) -> Csr:
    """The matrix that `to_arrays` came from, float32, sharing its memory; square unless told otherwise.

    Raises:
        ValueError: an array has the wrong dtype or shape, or points outside the matrix.
    """
    starts = checked(arrays, "starts", np.int32, (None,))
    columns = checked(arrays, "columns", np.int32, (None,))
    values = checked(arrays, "values", np.float32, columns.shape)
    n_rows = len(starts) - 1
    n_columns = n_rows if n_columns is None else n_columns
    if n_rows < 0 or starts[0] != 0 or starts[-1] != len(columns) or (np.diff(starts) < 0).any():
        raise ValueError("starts do not lead through the columns")
    if len(columns) and not (columns.min() >= 0 and columns.max() < n_columns):
        raise ValueError("columns lie outside the matrix")
    return sparse.csr_array((values, columns, starts), shape=(n_rows, n_columns))


def weighted_sum(matrix: Csr, rows: Int32, weights: Float32) -> Float32:
    """The sum of some rows, each times its weight: shape (n_columns,), float32, added up in float64.

    Touches those rows alone.
    """
    firsts, lasts = matrix.indptr[rows], matrix.indptr[rows + 1]
    lengths = lasts - firsts
    # One run of places after the other: the count since the start, moved to where each run begins.
    places = np.arange(lengths.sum()) + np.repeat(lasts - np.cumsum(lengths), lengths)
    values = matrix.data[places] * np.repeat(weights, lengths)
    summed = np.bincount(matrix.indices[places], values, minlength=matrix.shape[1])
    return summed.astype(np.float32)
