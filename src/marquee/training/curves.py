"""Curves of an evaluation as CSV, for `dvc plots`: where a model is right, for whom, and what it recommends.

calibration.csv           mean actual stars by tenth of the predicted
error_by_activity.csv     RMSE of people by how many ratings they had in the training set
error_by_popularity.csv   RMSE of items by how many ratings they had there
exposure.csv              share of the recommendations that the n most recommended items get
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from marquee.data.tidy import write_file
from marquee.domain.columns import ITEM, RATING, USER
from marquee.models.arrays import blas_threads
from marquee.models.protocol import Float64, Int64
from marquee.models.training_set import histories_of
from marquee.recommend.recommender import Recommender

BUCKETS = (0, 1, 20, 50, 100, 200)  # ratings in the training set: each bucket begins here
TENTHS = 10
EXPOSURE_POINTS = 50


def write_curves(
    rivals: Mapping[str, Recommender], train: pd.DataFrame, test: pd.DataFrame, k: int, folder: Path
) -> None:
    """Write every curve into `folder`, each with the rivals under one another in the column `model`.

    Stars are predicted, and lists made, from what is known at the end of `train`.
    """
    parts: dict[str, list[pd.DataFrame]] = {}
    for name, recommender in rivals.items():
        with blas_threads(1):
            predicted = predicted_stars(recommender, train, test)
        actual = test[RATING].to_numpy(dtype=np.float64)
        squared = np.square(predicted - actual)
        curves = {
            "calibration": calibration(predicted, actual),
            "error_by_activity": error_by(train, test, USER, squared),
            "error_by_popularity": error_by(train, test, ITEM, squared),
            "exposure": exposure(recommender, train, test, k),
        }
        for curve, frame in curves.items():
            parts.setdefault(curve, []).append(frame.assign(model=name))
    for curve, frames in parts.items():
        content = pd.concat(frames).to_csv(index=False, lineterminator="\n", float_format="%.6g")
        write_file(folder / f"{curve}.csv", content.encode())


def predicted_stars(recommender: Recommender, train: pd.DataFrame, test: pd.DataFrame) -> Float64:
    """Stars for each row of `test`, shape (n,), from the person's ratings in `train` alone."""
    items = recommender.models.items
    places = test.reset_index(drop=True).groupby(USER, sort=False).indices
    histories = histories_of(train, items, [str(user) for user in places])
    rows = items.rows(test[ITEM])
    predicted = np.empty(len(test))
    for where, history in zip(places.values(), histories, strict=True):
        predicted[where] = recommender.predict(history, rows[where])
    return predicted


def calibration(predicted: Float64, actual: Float64) -> pd.DataFrame:
    """Test ratings in tenths by their predicted stars; where the two columns agree, the stars are right."""
    parts = np.array_split(np.argsort(predicted, kind="stable"), TENTHS)
    means = [(predicted[part].mean(), actual[part].mean()) for part in parts if len(part)]
    return pd.DataFrame(means, columns=["predicted", "actual"])


def _counts(train: pd.DataFrame, test: pd.DataFrame, column: str) -> Int64:
    """How many training ratings the person or item of each test rating has, shape (n,)."""
    counts = test[column].map(train[column].value_counts()).fillna(0).to_numpy(dtype=np.int64)
    return np.asarray(counts)


def error_by(train: pd.DataFrame, test: pd.DataFrame, column: str, squared: Float64) -> pd.DataFrame:
    """RMSE of the test ratings by how many training ratings their person or item has.

    Args:
        squared: errors of the test ratings, shape (n,).
    """
    counts = _counts(train, test, column)
    bucket = np.searchsorted(BUCKETS, counts, side="right") - 1
    rows = [
        (_bucket_name(number), len(errors), float(np.sqrt(errors.mean())))
        for number in range(len(BUCKETS))
        if len(errors := squared[bucket == number])
    ]
    return pd.DataFrame(rows, columns=["training_ratings", "test_ratings", "rmse"])


def _bucket_name(number: int) -> str:
    """`000`, `001-019`, …, `200+`: names that sort as the numbers do."""
    start = BUCKETS[number]
    if number + 1 == len(BUCKETS):
        return f"{start:03d}+"
    last = BUCKETS[number + 1] - 1
    return f"{start:03d}" if last == start else f"{start:03d}-{last:03d}"


def exposure(recommender: Recommender, train: pd.DataFrame, test: pd.DataFrame, k: int) -> pd.DataFrame:
    """Cumulative share of the places in everybody's top k, the most recommended items first."""
    items = recommender.models.items
    users = sorted(set(test[USER]) | set(train[USER]))
    lists = recommender.top_many(histories_of(train, items, users), k)
    shown = np.sort(np.bincount(lists[lists >= 0], minlength=len(items)))[::-1]
    share = np.cumsum(shown) / max(shown.sum(), 1)
    points = _spread(len(items))
    return pd.DataFrame(
        {"items_share": [(point + 1) / len(items) for point in points], "exposure": share[points]}
    )


def _spread(n: int) -> list[int]:
    """Up to `EXPOSURE_POINTS` positions of n, both ends among them."""
    places: list[int] = np.unique(np.linspace(0, n - 1, min(n, EXPOSURE_POINTS)).round().astype(int)).tolist()
    return places
