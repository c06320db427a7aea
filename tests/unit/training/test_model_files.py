"""A model in a folder between two stages."""

from pathlib import Path

import pytest

from marquee.domain.errors import DataError
from marquee.models.algorithms import RANKING_MODELS, RATING_MODELS
from marquee.models.train import train_baselines
from marquee.models.training_set import TrainingSet
from marquee.training.model_files import read_model, write_model
from tests.support.ratings import checkerboard


def test_a_model_comes_back_as_it_was_over_whatever_was_there(tmp_path: Path) -> None:
    models = train_baselines(TrainingSet.from_frame(checkerboard()))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "old.npy").write_text("of another algorithm")
    write_model(tmp_path / "model", models.rating)
    read = read_model(tmp_path / "model", RATING_MODELS)
    assert read.algorithm == models.rating.algorithm
    before, after = models.rating.to_arrays(), read.to_arrays()
    assert before.keys() == after.keys()
    assert all((before[name] == after[name]).all() for name in before)


def test_a_model_of_another_role_or_none_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "model", train_baselines(TrainingSet.from_frame(checkerboard())).rating)
    with pytest.raises(DataError, match="holds no model"):
        read_model(tmp_path / "model", RANKING_MODELS)
    with pytest.raises(DataError, match="holds no model"):
        read_model(tmp_path / "nothing", RATING_MODELS)
