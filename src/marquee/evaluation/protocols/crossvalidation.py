"""`cv5`: random folds of ratings, the protocol of most published RMSE figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pandas as pd

from marquee.domain.columns import ITEM, RATING, TIME, USER
from marquee.domain.history import History
from marquee.evaluation.catalogue import Catalogue
from marquee.evaluation.contest import Contender, Data, Rules, training_set
from marquee.evaluation.judged import ALL, Judged, Listed, Person, Stars, judged, predict
from marquee.evaluation.metrics import rmse
from marquee.evaluation.splits import random_folds
from marquee.models import fallback, popularity
from marquee.models.arrays import blas_threads
from marquee.models.model_set import ModelSet
from marquee.models.protocol import Float32, Float64, Int32, Int64, RatingModel
from marquee.models.train import train_rating
from marquee.models.training_set import TrainingSet
from marquee.models.user_factors import UserFactors
from marquee.recommend.recommender import Recommender
from marquee.settings.params import RatingParams

NAME = "cv5"

# A rating model, and its rows about people where the training finds some.
TrainStars: TypeAlias = Callable[[TrainingSet], tuple[RatingModel, UserFactors | None]]


def cv5(
    contenders: Sequence[Contender], data: Data, rules: Rules, *, folds: int = 5, seed: int = 0
) -> dict[str, Judged]:
    """Judge how well stars are filled in: every rating is predicted by a model that has not seen it.

    Ratings, in the order of (user, timestamp, item), are shuffled and cut into folds, as scikit-learn's
    `KFold(folds, shuffle=True, random_state=seed)` does. For each fold a rating model is trained on the
    others; the person's ratings of the other folds are folded in, as serving does, and the fold's are
    predicted, clipped to the range of all ratings. Figures are over all ratings together, each counting the
    same. A person or item without a training rating is predicted by what remains of the model.

    Raises:
        DataError: no ratings.
    """
    whole = training_set(data, data.ratings)
    catalogue = Catalogue.of(whole.items, data.ratings, data.items)
    judgements = {}
    for contender in contenders:
        parts = [
            _fold(contender, whole, train_rows, test_rows, rules)
            for train_rows, test_rows in random_folds(len(whole), folds, seed)
        ]
        people = [
            _joined([part[row] for part in parts if row in part], rules) for row in range(whole.n_users)
        ]
        judgements[contender.name] = judged(
            NAME, catalogue, people, k=rules.k, liked=rules.liked, groups=(ALL,)
        )
    return judgements


def _fold(
    contender: Contender, whole: TrainingSet, train_rows: Int64, test_rows: Int64, rules: Rules
) -> dict[int, Person]:
    """By user row."""
    known = whole.take(train_rows)
    models = ModelSet(
        whole.items,
        contender.train_stars(known),
        popularity.train(known),
        fallback.train(known),
        known.trained_through,
        None if contender.train_interval is None else contender.train_interval(known),
    )
    recommender, histories = Recommender(models, rules.serving), known.histories()
    bounds = np.searchsorted(whole.user_rows[test_rows], np.arange(whole.n_users + 1)).tolist()
    with blas_threads(1):
        return {
            row: _person(recommender, whole, row, test_rows[bounds[row] : bounds[row + 1]], histories[row])
            for row in range(whole.n_users)
            if bounds[row] < bounds[row + 1]
        }


def _person(recommender: Recommender, whole: TrainingSet, row: int, test: Int64, history: History) -> Person:
    stars = predict(recommender, history, whole.item_rows[test], whole.ratings[test])
    low, high = whole.ratings.min(), whole.ratings.max()
    clipped = replace(
        stars,
        predicted=np.clip(stars.predicted, low, high),
        low=np.clip(stars.low, low, high),
        high=np.clip(stars.high, low, high),
    )
    return Person(whole.user_ids[row], ALL, len(history), clipped, Listed.none(1))


def _joined(parts: Sequence[Person], rules: Rules) -> Person:
    stars = Stars.joined([part.stars for part in parts])
    return replace(parts[0], stars=stars, n_before=len(stars.rows), listed=Listed.none(rules.k))


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """RMSE of all held-out ratings together.

    Attributes:
        folded_in: with states folded in from the training ratings, as serving does.
        trained: with the user factors that training found; None where it finds none.
        folds: how many.
        predicted: the folded-in predictions, clipped, by rating in the order of (user, timestamp, item).
        actual: stars, in the same order.
        user_rows: whose they are.
    """

    folded_in: float
    trained: float | None
    folds: int
    predicted: Float64
    actual: Float32
    user_rows: Int32

    @property
    def squared_errors(self) -> Float64:
        """By rating, shape (n,)."""
        return np.square(self.predicted - self.actual)


def cv5_rmse(
    frame: pd.DataFrame, params: RatingParams | TrainStars, *, folds: int = 5, seed: int = 0
) -> CrossValidation:
    """The figure of `cv5` of one rating model by itself, and beside it that of its trained user factors.

    Args:
        frame: user_id, item_id, rating, timestamp.
        params: hyperparameters, or any function that trains a rating model.
    """
    train = params if callable(params) else _trainer(params)
    whole = TrainingSet.from_frame(frame[[USER, ITEM, RATING, TIME]])
    predicted = np.full((2, len(whole)), np.nan)
    for train_rows, test_rows in random_folds(len(whole), folds, seed):
        predicted[:, test_rows] = _folded_and_trained(whole, train_rows, test_rows, train)
    folded, trained = np.clip(predicted, whole.ratings.min(), whole.ratings.max())
    beside = None if np.isnan(trained).any() else rmse(trained, whole.ratings)
    return CrossValidation(rmse(folded, whole.ratings), beside, folds, folded, whole.ratings, whole.user_rows)


def _trainer(params: RatingParams) -> TrainStars:
    return lambda known: train_rating(known, params)


def _folded_and_trained(
    whole: TrainingSet, train_rows: Int64, test_rows: Int64, train: TrainStars
) -> Float64:
    known = whole.take(train_rows)
    model, users = train(known)
    who, what = whole.user_rows[test_rows], whole.item_rows[test_rows]
    with blas_threads(1):
        folded = _pairs(model, model.fold_in_many(known.histories()), who, what)
    if users is None:
        return np.stack((folded, np.full(len(folded), np.nan)))
    trained = np.column_stack((users.factors, users.biases))
    return np.stack((folded, _pairs(model, trained, who, what)))


def _pairs(model: RatingModel, states: Float32, users: Int32, items: Int32) -> Float64:
    stars = np.empty(len(users))
    for user in np.unique(users):
        theirs = users == user
        stars[theirs] = model.score(states[user], items[theirs])
    return stars
