"""Arrays as they are laid out, written and checked, and the number of threads that compute them."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from marquee.models.protocol import Arrays, Float32, Rows


def blas_threads(threads: int) -> AbstractContextManager[object]:
    """Limit BLAS to some threads: their number decides the order of sums, so the last bits of a result."""
    limits: AbstractContextManager[object] = threadpool_limits(limits=threads, user_api="blas")
    return limits


def check_names(arrays: Arrays, names: tuple[str, ...]) -> None:
    """Raise ValueError unless `arrays` has these names and no others."""
    if set(arrays) != set(names):
        raise ValueError(f"arrays are {sorted(arrays)}, not {sorted(names)}")


def checked(
    arrays: Arrays, name: str, dtype: type[np.generic], shape: tuple[int | None, ...]
) -> NDArray[Any]:
    """An array of this dtype and shape (None: any length), as a plain ndarray without copying.

    Raises:
        ValueError: it has another dtype or shape.
    """
    array = arrays[name]
    fits = array.ndim == len(shape) and all(w in (None, g) for w, g in zip(shape, array.shape, strict=True))
    if array.dtype != np.dtype(dtype) or not fits:
        raise ValueError(f"{name} is {array.dtype}{array.shape}, not {np.dtype(dtype)}{shape}")
    return np.asarray(array)


def rows_of(array: Float32, rows: Rows | None) -> Float32:
    """Some rows of an array that lies by rows or by columns, or all; a slice is a view."""
    if rows is None:
        return array
    if isinstance(rows, slice):
        return array[rows]
    # `take` copies the whole of an array that does not lie as it goes.
    return array.take(rows, axis=0) if array.flags.c_contiguous else array.T.take(rows, axis=-1).T


def by_columns(factors: Float32) -> Float32:
    """A matrix laid out column after column, shape as it is."""
    return np.asfortranarray(factors)


def save(path: Path, array: NDArray[Any]) -> None:
    """Write an array whole, by rows or columns as it is; the same array gives the same bytes."""
    whole = array if array.flags.f_contiguous and array.ndim > 1 else np.ascontiguousarray(array)
    np.save(path, whole, allow_pickle=False)
