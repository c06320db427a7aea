"""How well stars are predicted on MovieLens 100K, and how far their intervals are to be believed."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from surprise import SVD, SVDpp

from benchmarks.figures import figure, spread
from benchmarks.movielens import rules, svd_params
from benchmarks.progress import say
from benchmarks.report import Row, at_most, between, plain
from benchmarks.surprise_models import cross_validated
from marquee.evaluation.contest import Contender, Data, training_set
from marquee.evaluation.judged import Judged
from marquee.evaluation.metrics import rmse
from marquee.evaluation.protocols import cv5, temporal
from marquee.evaluation.splits import random_folds
from marquee.models import bayes_svdpp_gibbs
from marquee.models.model_set import ModelSet
from marquee.models.protocol import Float64, Int32, Int64, RatingModel
from marquee.models.train import train_interval, train_models, train_rating
from marquee.models.training_set import TrainingSet
from marquee.settings.params import (
    BayesSvdppParams,
    IntervalParams,
    PopularityParams,
    RatingParams,
    SvdParams,
)

FOLDS, SEED = 5, 0
THREADS = 2
BEST_RMSE, SVD_RMSE = 0.886, 0.908
LOST_BY_FOLDING_IN = 0.003
COVERED = (0.88, 0.92)
GORSE_BEST, GORSE_TUNED = 0.904, 0.907  # published

# From known ratings, and pairs of user and item rows: the model, and the stars by its own rows of the users.
Trained: TypeAlias = Callable[[TrainingSet, Int32, Int32], tuple[RatingModel, Float64]]


def measure(data: Data) -> list[Row]:
    """`cv5`, and the intervals under `temporal` too."""
    svd, bayes = svd_params(), BayesSvdppParams()
    say("cv5: Surprise's SVD")
    peer_svd, _ = cross_validated(data.ratings, lambda: SVD(random_state=SEED), FOLDS, SEED)
    say("cv5: Surprise's SVD++, the slowest")
    peer_svdpp, seconds = cross_validated(
        data.ratings, lambda: SVDpp(random_state=SEED, cache_ratings=True), FOLDS, SEED
    )
    say("cv5: bayes-svdpp")
    best, best_trained = _judged(data, bayes, _by_chain(bayes))
    say("cv5: SVD")
    tuned, tuned_trained = _judged(data, svd, _by_factors(svd))
    best_rmse, tuned_rmse = figure(best, "rmse"), figure(tuned, "rmse")
    return [
        at_most(
            f"cv5 RMSE of the best model, bayes-svdpp, folded in {spread(best_rmse)}",
            *(best_rmse.value, "stars", BEST_RMSE),
            peer=("Surprise's SVD++, defaults", peer_svdpp),
        ),
        plain("the same", best_rmse.value, "stars", peer=("Gorse's best published", GORSE_BEST)),
        plain("Surprise's SVD++: training of one fold", seconds, "s"),
        at_most(
            f"cv5 RMSE of SVD as configured, folded in {spread(tuned_rmse)}",
            *(tuned_rmse.value, "stars", SVD_RMSE),
            peer=("Surprise's SVD, defaults", peer_svd),
        ),
        at_most(
            "the same by its trained user factors, to three digits",
            *(round(tuned_trained, 3), "stars", SVD_RMSE),
            peer=("Gorse's tuned, published", GORSE_TUNED),
        ),
        at_most(
            "SVD: RMSE lost by folding in",
            *(tuned_rmse.value - tuned_trained, "stars", LOST_BY_FOLDING_IN),
            peer=("RMSE of its trained user factors", tuned_trained),
        ),
        at_most(
            "bayes-svdpp: RMSE lost by folding in",
            *(best_rmse.value - best_trained, "stars", LOST_BY_FOLDING_IN),
            peer=("RMSE of its chain's user vectors", best_trained),
        ),
        *_intervals("SVD", tuned, _temporal(data, svd)),
        *_intervals("bayes-svdpp", best, _temporal(data, bayes)),
    ]


def _judged(data: Data, params: RatingParams, train: Trained) -> tuple[Judged, float]:
    """What `cv5` says of the model folded in, and the RMSE of the user rows that its training found."""
    beside = _Beside(data, train)
    contender = Contender(
        params.algorithm,
        _unasked,
        beside,
        lambda known: train_interval(known, params, IntervalParams(), threads=THREADS),
    )
    return cv5([contender], data, rules(), folds=FOLDS, seed=SEED)[contender.name], beside.rmse


class _Beside:
    """Trains the folds of `cv5` in their order; predicts each with what the training found of the users.

    The protocol itself folds everybody in, for a bundle holds no row about a person.
    """

    def __init__(self, data: Data, train: Trained) -> None:
        self._whole, self._train = training_set(data, data.ratings), train
        self._folds: Iterator[tuple[Int64, Int64]] = random_folds(len(self._whole), FOLDS, SEED)
        self._predicted = np.full(len(self._whole), np.nan)

    def __call__(self, known: TrainingSet) -> RatingModel:
        train_rows, test_rows = next(self._folds)
        if known.fingerprint() != self._whole.take(train_rows).fingerprint():
            raise ValueError("cv5 trains on other folds than these")
        say(f"  a fold of {len(test_rows):,} ratings")
        pairs = (self._whole.user_rows[test_rows], self._whole.item_rows[test_rows])
        model, self._predicted[test_rows] = self._train(known, *pairs)
        return model

    @property
    def rmse(self) -> float:
        """Clipped to the range of the ratings, as the protocol does; nan before all folds are trained."""
        stars = self._whole.ratings
        return rmse(self._predicted.clip(stars.min(), stars.max()), stars)


def _by_factors(params: SvdParams) -> Trained:
    def train(known: TrainingSet, users: Int32, items: Int32) -> tuple[RatingModel, Float64]:
        model, rows = train_rating(known, params)
        states = np.column_stack((rows.factors, rows.biases))
        stars = [model.score(states[user], np.array([item])) for user, item in zip(users, items, strict=True)]
        return model, np.concatenate(stars).astype(np.float64)

    return train


def _by_chain(params: BayesSvdppParams) -> Trained:
    """By the average over every sweep after burn-in, of which the model keeps a few: the stricter rival."""

    def train(known: TrainingSet, users: Int32, items: Int32) -> tuple[RatingModel, Float64]:
        total, n_sweeps = np.zeros(len(users)), params.n_sweeps - params.burn_in

        def on_sweep(sweep: int, _: int, of_users: Float64, of_items: Float64) -> None:
            if sweep > params.burn_in:
                ours, theirs = of_users[users], of_items[items]
                total[:] += (ours[:, :-1] * theirs[:, :-1]).sum(axis=1) + ours[:, -1] + theirs[:, -1]

        values = params.model_dump(exclude={"algorithm"})
        model = bayes_svdpp_gibbs.train(known, **values, threads=THREADS, on_sweep=on_sweep)
        return model, known.mean + total / n_sweeps

    return train


def _temporal(data: Data, params: RatingParams) -> Judged:
    say(f"temporal: {params.algorithm}")

    def train(past: TrainingSet) -> ModelSet:
        trained = train_models(past, params, PopularityParams(), intervals=IntervalParams(), threads=THREADS)
        return trained.models

    contender = Contender(params.algorithm, train, _unasked)
    return temporal([contender], data, rules())[contender.name]


def _unasked(_: TrainingSet) -> Any:
    raise NotImplementedError("this protocol asks for nothing of the kind")


def _intervals(name: str, crossed: Judged, replayed: Judged) -> list[Row]:
    inside = figure(crossed, "coverage90")
    later, rmse_later = figure(replayed, "coverage90"), figure(replayed, "rmse")
    return [
        between(
            f"90 % interval of {name}, coverage in cv5 {spread(inside)}", inside.value, "of ratings", *COVERED
        ),
        plain(f"90 % interval of {name}, mean width in cv5", figure(crossed, "width90").value, "stars"),
        plain(f"90 % interval of {name}, coverage in temporal {spread(later)}", later.value, "of ratings"),
        plain(f"temporal RMSE of {name}, everybody {spread(rmse_later)}", rmse_later.value, "stars"),
    ]
