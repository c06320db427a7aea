"""Curves for `dvc plots`, worked out by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marquee.evaluation.splits import temporal_split
from marquee.models.train import train_baselines
from marquee.models.training_set import TrainingSet
from marquee.recommend.recommender import Recommender
from marquee.settings import Serving
from marquee.training.curves import calibration, error_by, exposure, predicted_stars, write_curves
from tests.support.ratings import checkerboard, frame_of


def test_calibration_compares_the_means_of_each_tenth() -> None:
    predicted, actual = np.arange(20.0), np.arange(20.0) + 1
    table = calibration(predicted, actual)
    assert len(table) == 10
    assert table.iloc[0].tolist() == [0.5, 1.5]
    assert (table["actual"] - table["predicted"]).tolist() == [1.0] * 10


def test_errors_are_put_together_by_what_was_known() -> None:
    train = frame_of(*(("ann", f"i{n}", 3, n) for n in range(25)), ("bob", "i0", 3, 0))
    test = frame_of(("ann", "x", 3, 30), ("ann", "y", 3, 31), ("bob", "x", 3, 32), ("eve", "x", 3, 33))
    table = error_by(train, test, "user_id", np.array([1.0, 9.0, 4.0, 16.0]))
    assert table.to_dict("records") == [
        {"training_ratings": "000", "test_ratings": 1, "rmse": 4.0},
        {"training_ratings": "001-019", "test_ratings": 1, "rmse": 2.0},
        {"training_ratings": "020-049", "test_ratings": 2, "rmse": pytest.approx(5.0**0.5)},
    ]


def test_one_list_for_all_gives_every_place_to_k_items() -> None:
    train = checkerboard(left_out=0.0).head(0)
    whole = checkerboard()
    split = temporal_split(whole, 0.2)
    recommender = Recommender(train_baselines(TrainingSet.from_frame(split.train)), Serving())
    table = exposure(recommender, train, whole[["user_id"]].drop_duplicates(), 5)
    assert table["exposure"].iloc[-1] == 1.0
    quarter = table[table["items_share"] == 0.25][
        "exposure"
    ].item()  # nobody has a history: 5 of 20 items get all
    assert quarter == 1.0


def test_predictions_stand_at_their_ratings_whatever_the_order() -> None:
    split = temporal_split(checkerboard(), 0.2)
    recommender = Recommender(train_baselines(TrainingSet.from_frame(split.train)), Serving())
    test = split.test
    shuffled = test.sample(frac=1.0, random_state=3)
    straight = pd.Series(predicted_stars(recommender, split.train, test), index=test.index)
    other = pd.Series(predicted_stars(recommender, split.train, shuffled), index=shuffled.index)
    assert other.sort_index().tolist() == straight.sort_index().tolist()


def test_the_rivals_stand_under_one_another_in_each_file(tmp_path: Path) -> None:
    split = temporal_split(checkerboard(), 0.2)
    models = train_baselines(TrainingSet.from_frame(split.train))
    rivals = {name: Recommender(models, Serving()) for name in ("one", "other")}
    write_curves(rivals, split.train, split.test, 5, tmp_path)
    names = {path.stem for path in tmp_path.iterdir()}
    assert names == {"calibration", "error_by_activity", "error_by_popularity", "exposure"}
    for name in names:
        table = pd.read_csv(tmp_path / f"{name}.csv")
        assert set(table["model"]) == {"one", "other"}
