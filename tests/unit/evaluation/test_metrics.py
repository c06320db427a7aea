"""Small tables worked out by hand."""

import numpy as np
import pytest

from marquee.evaluation.metrics import mae, ndcg_at_k, precision_at_k, recall_at_k, rmse


def _hits(places: str) -> np.ndarray:
    """`+` is a relevant item, `-` another or none."""
    return np.array([place == "+" for place in places])


@pytest.mark.parametrize(
    ("predicted", "actual", "rmse_", "mae_"),
    [
        ([4.0], [4.0], 0.0, 0.0),
        ([3.0, 5.0], [4.0, 2.0], np.sqrt((1 + 9) / 2), (1 + 3) / 2),
        ([1.0, 1.0, 1.0, 1.0], [3.0, 1.0, 1.0, 1.0], 1.0, 0.5),
    ],
)
def test_errors_of_stars(predicted: list[float], actual: list[float], rmse_: float, mae_: float) -> None:
    arrays = np.array(predicted, dtype=np.float32), np.array(actual, dtype=np.float32)
    assert rmse(*arrays) == pytest.approx(rmse_)
    assert mae(*arrays) == pytest.approx(mae_)


@pytest.mark.parametrize("measure", [rmse, mae])
@pytest.mark.parametrize(("predicted", "actual"), [([], []), ([1.0], [1.0, 2.0])])
def test_errors_of_nothing_or_of_unequal_lengths_are_refused(measure, predicted, actual) -> None:
    with pytest.raises(ValueError, match="one shape and not empty"):
        measure(np.array(predicted), np.array(actual))


@pytest.mark.parametrize(
    ("places", "n_relevant", "precision", "recall", "ndcg"),
    [
        ("+-+", 2, 2 / 3, 1.0, (1 + 1 / 2) / (1 + 1 / np.log2(3))),
        ("--+", 1, 1 / 3, 1.0, 1 / 2),
        ("+++", 3, 1.0, 1.0, 1.0),
        ("++", 5, 1.0, 2 / 5, 1.0),  # no list of two can hold five
        ("---", 4, 0.0, 0.0, 0.0),
        ("-+--", 3, 1 / 4, 1 / 3, (1 / np.log2(3)) / (1 + 1 / np.log2(3) + 1 / 2)),
    ],
)
def test_rankings(places: str, n_relevant: int, precision: float, recall: float, ndcg: float) -> None:
    assert precision_at_k(_hits(places)) == pytest.approx(precision)
    assert recall_at_k(_hits(places), n_relevant) == pytest.approx(recall)
    assert ndcg_at_k(_hits(places), n_relevant) == pytest.approx(ndcg)
