import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from marquee.models import sparse_rows

DENSE = np.array([[0, 2, 0], [0, 0, 0], [1, 0, 3], [4, 5, 6]], dtype=np.float32)


def _ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


@pytest.mark.parametrize("rows", [(), (1,), (0, 2), (3, 1, 0), (3, 2, 1, 0)])
def test_a_weighted_sum_is_the_dense_product(rows: tuple[int, ...]) -> None:
    weights = np.arange(1, len(rows) + 1, dtype=np.float32)
    summed = sparse_rows.weighted_sum(sparse.csr_array(DENSE), _ints(*rows), weights)
    assert summed.dtype == np.float32
    assert_allclose(summed, weights @ DENSE[list(rows)])


def test_through_its_arrays() -> None:
    arrays = sparse_rows.to_arrays(sparse.csr_array(DENSE))
    again = sparse_rows.from_arrays(arrays, 3)
    assert_array_equal(again.toarray(), DENSE)
    assert np.shares_memory(again.data, arrays["values"])


@pytest.mark.parametrize(
    "changed",
    [
        {"starts": _ints()},
        {"starts": _ints(1, 1, 1, 3, 6)},
        {"starts": _ints(0, 1, 1, 3, 5)},
        {"starts": _ints(0, 3, 1, 3, 6)},
        {"columns": _ints(1, 0, 2, 0, 1, 3)},
        {"columns": _ints(1, 0, 2, 0, 1, -1)},
    ],
)
def test_arrays_that_point_outside_are_refused(changed: dict[str, np.ndarray]) -> None:
    arrays = sparse_rows.to_arrays(sparse.csr_array(DENSE))
    with pytest.raises(ValueError, match=next(iter(changed))):
        sparse_rows.from_arrays({**arrays, **changed}, 3)
