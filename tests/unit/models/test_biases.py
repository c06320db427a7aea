import pytest

from marquee.domain.history import History
from marquee.models import biases
from marquee.models.training_set import TrainingSet
from tests.support.ratings import frame_of


def test_biases_worked_out_by_hand() -> None:
    """Mean 4. b_x = (1 + 0) / (2 + 1), b_y = -1 / (1 + 1); u's is (2/3 - 1/2) / (2 + 1)."""
    ratings = TrainingSet.from_frame(frame_of(("u", "x", 5.0, 1), ("u", "y", 3.0, 2), ("v", "x", 4.0, 3)))
    model = biases.train(ratings, item_damping=1.0, user_damping=1.0)
    assert model.item_biases.tolist() == pytest.approx([1 / 3, -1 / 2])
    state = model.fold_in(ratings.histories()[0])
    assert state.tolist() == pytest.approx([1 / 18])
    assert model.score(state).tolist() == pytest.approx([4 + 1 / 3 + 1 / 18, 4 - 1 / 2 + 1 / 18])
    assert model.score_unknown(state) == pytest.approx(4 + 1 / 18)


def test_nobody_is_average_even_without_damping() -> None:
    ratings = TrainingSet.from_frame(frame_of(("u", "x", 5.0, 1), ("v", "x", 4.0, 3)))
    model = biases.train(ratings, item_damping=0.0, user_damping=0.0)
    assert model.fold_in(History.empty()).tolist() == [0.0]
