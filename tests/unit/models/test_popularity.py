import pytest

from marquee.domain.history import ItemIndex
from marquee.models import popularity
from marquee.models.training_set import TrainingSet
from tests.support.ratings import frame_of


def test_popularity_is_the_damped_share_of_the_count() -> None:
    frame = frame_of(("u", "x", 5.0, 1), ("v", "x", 1.0, 2), ("w", "x", 1.0, 3), ("u", "y", 5.0, 4))
    ratings = TrainingSet.from_frame(frame, ItemIndex(["x", "y", "z"]))
    model = popularity.train(ratings, damping=1.0)
    assert model.popularity.tolist() == pytest.approx([3 / 4, 1 / 2, 0.0])


def test_an_unrated_item_is_at_zero_without_damping_too() -> None:
    ratings = TrainingSet.from_frame(frame_of(("u", "x", 5.0, 1)), ItemIndex(["x", "y"]))
    assert popularity.train(ratings, damping=0.0).popularity.tolist() == [1.0, 0.0]
