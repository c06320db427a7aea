import numpy as np
import pytest

from marquee.models import neighbours
from marquee.models.training_set import TrainingSet
from tests.support.ratings import checkerboard, frame_of

# Mean 4: s and t like x and y; u and v like z.
RATINGS = TrainingSet.from_frame(
    frame_of(
        ("s", "x", 5.0, 1), ("s", "y", 5.0, 1),
        ("t", "x", 5.0, 1), ("t", "y", 5.0, 1),
        ("u", "z", 5.0, 1), ("u", "x", 1.0, 1),
        ("v", "z", 5.0, 1), ("v", "y", 1.0, 1),
    )
)  # fmt: skip


@pytest.mark.parametrize(("shrinkage", "expected"), [(0.0, 1.0), (1.0, 0.5)])
def test_similarity_worked_out_by_hand(shrinkage: float, expected: float) -> None:
    """x and y: 2 of 4 people like each, and both: (2 - 1) / (1 + shrinkage). z: liked by none of those."""
    table = neighbours.train(RATINGS, shrinkage=shrinkage)
    rows, similarities = table.of(0)
    assert rows.tolist() == [1]
    assert similarities.tolist() == pytest.approx([expected])
    assert table.of(2)[0].tolist() == []


def test_blocks_do_not_change_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    ratings = TrainingSet.from_frame(checkerboard())
    whole = neighbours.train(ratings)
    monkeypatch.setattr(neighbours, "BLOCK", 3)
    pieces = neighbours.train(ratings)
    assert np.array_equal(whole.rows, pieces.rows)
    assert np.array_equal(whole.similarities, pieces.similarities)


def test_an_item_is_never_its_own_neighbour_and_the_width_is_kept() -> None:
    table = neighbours.train(TrainingSet.from_frame(checkerboard()), width=4)
    assert table.rows.shape == (20, 4)
    assert not (table.rows == np.arange(20)[:, None]).any()


def test_a_single_item_has_no_neighbours() -> None:
    table = neighbours.train(TrainingSet.from_frame(frame_of(("u", "x", 5.0, 1))), shrinkage=0.0)
    assert table.of(0)[0].tolist() == []


def test_a_table_that_points_outside_the_catalogue_is_refused() -> None:
    arrays = neighbours.train(RATINGS).to_arrays()
    with pytest.raises(ValueError, match="no row of the catalogue"):
        neighbours.Neighbours.from_arrays({**arrays, "rows": arrays["rows"] + 2})
