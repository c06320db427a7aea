"""What a study sees, and that it sees nothing of the test."""

import numpy as np
import pandas as pd
import pytest

from marquee.domain.columns import RATING, TIME
from marquee.domain.errors import DataError
from marquee.evaluation.splits import temporal_split
from marquee.settings import Params, Serving
from marquee.settings.tuning import Goal, Validation
from marquee.training.tuning.folds import Folds, inner_folds
from marquee.training.tuning.worker import Bench
from tests.support.ratings import checkerboard, undescribed

THIRDS = Validation(share=0.3, folds=3)


def folds_of(frame: pd.DataFrame) -> Folds:
    return inner_folds(frame, *undescribed(frame), 0.2, THIRDS)


def test_each_window_follows_its_past_and_together_they_are_the_newest_of_the_training_side() -> None:
    frame = checkerboard()
    folds = folds_of(frame)
    outer = temporal_split(frame, 0.2)
    for split in folds.splits:
        assert split.train[TIME].max() <= split.test[TIME].min()
    sizes = [len(split.test) for split in folds.splits]
    assert max(sizes) - min(sizes) <= 1
    assert sum(sizes) == round(0.3 * len(outer.train))
    joined = pd.concat([folds.splits[0].train, *(split.test for split in folds.splits)])
    assert sorted(joined[TIME]) == sorted(outer.train[TIME])


def test_no_fold_holds_a_test_rating() -> None:
    frame = checkerboard()
    outer = temporal_split(frame, 0.2)
    hidden = set(outer.test[TIME])
    folds = folds_of(frame)
    for split in folds.splits:
        assert hidden.isdisjoint(split.train[TIME])
        assert hidden.isdisjoint(split.test[TIME])
    assert folds.validated_through < min(hidden)
    assert (folds.outer_train, folds.outer_test) == (len(outer.train), len(outer.test))


@pytest.mark.parametrize(
    ("role", "goal"), [("rating", Goal(metric="rmse")), ("ranking", Goal(metric="ndcg"))]
)
def test_a_score_does_not_change_with_the_test_ratings(role: str, goal: Goal) -> None:
    """A leak planted on purpose: if any test rating were looked at, turning them round would show."""
    frame = checkerboard()
    newest = frame[TIME] >= temporal_split(frame, 0.2).test[TIME].min()
    turned = frame.assign(**{RATING: np.where(newest, 6.0 - frame[RATING], frame[RATING])})
    assert (turned[RATING] != frame[RATING]).any()
    params = Params.model_validate(
        {"rating": {"n_factors": 4, "n_epochs": 20}, "ranking": {"regularization": 5.0}}
    )
    scores = [
        Bench(folds_of(ratings), role, goal, Serving(), k=5).score(params, 2)  # type: ignore[arg-type]
        for ratings in (frame, turned)
    ]
    assert scores[0] == scores[1]
    older = frame.assign(**{RATING: np.where(newest, frame[RATING], 6.0 - frame[RATING])})
    older.loc[:10, RATING] = 1.0
    changed = Bench(folds_of(older), role, goal, Serving(), k=5).score(params, 2)  # type: ignore[arg-type]
    assert changed != scores[0]  # what may be looked at does show


def test_too_few_ratings_are_refused() -> None:
    with pytest.raises(DataError, match="too few to split by time"):
        folds_of(checkerboard().head(3))
