"""A world of two tastes, where anybody can see what each person would say of what they have not rated."""

import numpy as np

from marquee.domain.history import History
from marquee.models import ease, neighbours, svd
from marquee.models.training_set import TrainingSet
from tests.support.ratings import checkerboard, liked_only

EVEN = np.arange(20) % 2 == 0


def _history(*rows: int, stars: float = 5.0) -> History:
    return History.of(rows, [stars] * len(rows), [0] * len(rows))


def test_ease_ranks_a_persons_own_colour_first() -> None:
    model = ease.train(TrainingSet.from_frame(liked_only(checkerboard())), regularization=5.0)
    for rows, own in (((0, 4), EVEN), ((3, 7, 9), ~EVEN)):
        scores = model.score(model.fold_in(_history(*rows)))
        unseen = np.setdiff1d(np.arange(20), rows)
        best = unseen[np.argsort(-scores[unseen])][: own.sum() - len(rows)]
        assert own[best].all()


def test_svd_tells_what_a_person_likes_from_what_they_do_not_after_a_few_ratings() -> None:
    ratings = TrainingSet.from_frame(checkerboard())
    model, _ = svd.train(ratings, n_factors=4, n_epochs=200, lr_all=0.02, reg_all=0.02, seed=0)
    state = model.fold_in(History.of([0, 1, 2, 3], [5, 1, 5, 1], [0, 0, 0, 0]))
    stars = model.score(state)
    assert stars[EVEN][2:].min() > 3.5
    assert stars[~EVEN][2:].max() < 2.5


def test_neighbours_are_of_the_same_colour() -> None:
    table = neighbours.train(TrainingSet.from_frame(checkerboard()))
    for row in range(20):
        rows, similarities = table.of(row)
        assert (EVEN[rows] == EVEN[row]).all()
        assert len(rows) == 9
        assert (np.diff(similarities) <= 0).all()
