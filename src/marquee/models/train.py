"""From hyperparameters and ratings to the models that serve together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import numpy as np

from marquee.domain.errors import DataError
from marquee.domain.history import History
from marquee.models import (
    bayes_svdpp_gibbs,
    biases,
    content,
    ease,
    fallback,
    ials,
    item_knn,
    popularity,
    svd,
    vae,
)
from marquee.models.arrays import blas_threads
from marquee.models.blend import Blend, learn_weights
from marquee.models.interval import StarsInterval, calibrate
from marquee.models.model_set import ModelSet
from marquee.models.protocol import Float32, Float64, Int32, Int64, RatingModel, Scorer
from marquee.models.training_set import TrainingSet
from marquee.models.user_factors import UserFactors
from marquee.settings.params import (
    BayesSvdppParams,
    BiasesParams,
    BlendParams,
    ContentParams,
    EaseParams,
    IalsParams,
    IntervalParams,
    ItemKnnParams,
    PopularityParams,
    RankingParams,
    RatingParams,
    SvdParams,
    VaeParams,
)

MOST_PEOPLE = 2000  # of those whose later ratings a blend's weights are learnt from

Later: TypeAlias = tuple[History, Int32]


@dataclass(frozen=True, eq=False)
class Trained:
    """Models just trained, and what the rating model knows of each person, which stays beside the bundle."""

    models: ModelSet
    user_factors: UserFactors


def train_models(
    ratings: TrainingSet,
    rating: RatingParams,
    ranking: RankingParams,
    *,
    intervals: IntervalParams | None = None,
    threads: int = 1,
) -> Trained:
    """Train everything a bundle holds; the same ratings, parameters and `threads` give the same arrays.

    Args:
        intervals: how the rating model's errors are measured; None leaves the intervals out.
    """
    stars, user_factors = train_rating(ratings, rating, threads=threads)
    models = ModelSet(
        items=ratings.items,
        rating=stars,
        ranking=train_ranking(ratings, ranking, threads=threads),
        fallback=fallback.train(ratings),
        trained_through=ratings.trained_through,
        interval=None if intervals is None else train_interval(ratings, rating, intervals, threads=threads),
        item_vocabulary=ratings.item_features.vocabulary,
        user_vocabulary=ratings.user_features.vocabulary,
    )
    return Trained(models, user_factors)


def train_rating(
    ratings: TrainingSet, params: RatingParams, *, threads: int = 1
) -> tuple[RatingModel, UserFactors]:
    """Train the model that predicts stars, and say what it knows of each person of the training."""
    values = params.model_dump(exclude={"algorithm"})
    match params:
        case SvdParams():
            return svd.train(ratings, **values)
        case BayesSvdppParams():
            model: RatingModel = bayes_svdpp_gibbs.train(ratings, **values, threads=threads)
        case BiasesParams():
            model = biases.train(ratings, **values)
    with blas_threads(1):
        states = model.fold_in_many(ratings.histories())
    return model, UserFactors(ratings.user_ids, states[:, :-1], states[:, -1])


def train_ranking(ratings: TrainingSet, params: RankingParams, *, threads: int = 1) -> Scorer:
    """Train the model that orders the catalogue."""
    values = params.model_dump(exclude={"algorithm"})
    match params:
        case EaseParams():
            return ease.train(ratings, **values, threads=threads)
        case IalsParams():
            return ials.train(ratings, **values, threads=threads)
        case ItemKnnParams():
            return item_knn.train(ratings, **values, threads=threads)
        case ContentParams():
            return content.train(ratings, **values)
        case VaeParams():
            return vae.train(ratings, **values, threads=threads)
        case PopularityParams():
            return popularity.train(ratings, **values)
        case BlendParams():
            return _train_blend(ratings, params, threads)


def train_interval(
    ratings: TrainingSet, params: RatingParams, intervals: IntervalParams, *, threads: int = 1
) -> StarsInterval:
    """Measure the errors of the rating model on a random share of the ratings, which it is trained without.

    Raises:
        DataError: too few ratings to leave some out.
    """
    shuffled = np.random.default_rng(intervals.seed).permutation(len(ratings))
    n_left_out = round(len(ratings) * intervals.share)
    if not 0 < n_left_out < len(ratings):
        raise DataError(
            f"{len(ratings)} ratings are too few to measure intervals on a share of {intervals.share:g}.",
            hint="Load more ratings, or set `intervals: null` in configs/params.yaml.",
        )
    left_out, kept = np.sort(shuffled[:n_left_out]), np.sort(shuffled[n_left_out:])
    known = ratings.take(kept)
    model, _ = train_rating(known, params, threads=threads)
    predicted = predict_pairs(
        model, known.histories(), ratings.user_rows[left_out], ratings.item_rows[left_out]
    )
    within = predicted.clip(ratings.ratings.min(), ratings.ratings.max())
    return calibrate(within, ratings.ratings[left_out], intervals.coverage)


def predict_pairs(
    model: RatingModel, histories: Sequence[History], user_rows: Int32, item_rows: Int32
) -> Float32:
    """Stars of pairs of user and item, shape (n_pairs,), not clipped; `histories` by user row."""
    stars = np.empty(len(user_rows), dtype=np.float32)
    with blas_threads(1):  # many small products: threads would only get in each other's way
        for user, places in _places(user_rows):
            stars[places] = model.score(model.fold_in(histories[user]), item_rows[places])
    return stars


def train_baselines(ratings: TrainingSet) -> ModelSet:
    """What every recipe must beat: biases for the stars, popularity for the order."""
    return ModelSet(
        items=ratings.items,
        rating=biases.train(ratings),
        ranking=popularity.train(ratings),
        fallback=fallback.train(ratings),
        trained_through=ratings.trained_through,
    )


def _train_blend(ratings: TrainingSet, params: BlendParams, threads: int) -> Blend:
    weights = params.weights
    learnt = (
        _learnt_weights(ratings, params, threads)
        if weights is None
        else np.array([weights.returning, weights.active], dtype=np.float64)
    )
    models = tuple(train_ranking(ratings, part, threads=threads) for part in params.models)
    return Blend(models, learnt, ratings.trained_through)


def _learnt_weights(ratings: TrainingSet, params: BlendParams, threads: int) -> Float64:
    """Weights that put first what people go on to rate in the newest share of the training ratings.

    Of people with older ratings all newer ones are to be found; of newcomers the first half is known, and
    the second half to be found. Where there is nobody of one kind, the other kind's weights serve both.

    Raises:
        DataError: there is nobody of either kind.
    """
    cut = int(np.quantile(ratings.times, 1.0 - params.validation_share))
    older = ratings.take(np.flatnonzero(ratings.times <= cut))
    groups = _later_ratings(ratings, cut, params.seed)
    if not any(groups) or not len(older):
        raise _too_few_newer(ratings.times, cut, params.validation_share)
    models = [train_ranking(older, part, threads=threads) for part in params.models]
    returning, active = groups
    return np.array([learn_weights(models, people) for people in (returning or active, active or returning)])


def _too_few_newer(times: Int64, cut: int, share: float) -> DataError:
    """Says whether it is the number of ratings, or that too many have the time of the cut."""
    alike, newer = int((times == cut).sum()), int((times > cut).sum())
    when = f"{datetime.fromtimestamp(cut, UTC):%Y-%m-%d %H:%M:%S}"
    if alike > 1 and newer < share * len(times) / 2:
        return DataError(
            f"{alike:,} of {len(times):,} ratings have the same time ({when}), and {newer:,} a later "
            f"one: a blend's weights are learnt from the newest {share:.0%}.",
            hint="Load ratings with their own times, or give `weights` in configs/params.yaml.",
        )
    return DataError(
        "There are too few newer ratings to learn a blend's weights from.",
        hint="Load more ratings, or give `weights` in configs/params.yaml.",
    )


def _later_ratings(ratings: TrainingSet, cut: int, seed: int) -> tuple[list[Later], list[Later]]:
    """What is known and what is to be found: of people who return after the cut, and of newcomers."""
    returning: list[Later] = []
    active: list[Later] = []
    everybody = ratings.histories()
    for person in np.random.default_rng(seed).permutation(len(everybody))[:MOST_PEOPLE].tolist():
        whole = everybody[person]
        older = int((whole.times <= cut).sum())
        known = older or len(whole) // 2
        if 0 < known < len(whole):
            first = History(whole.rows[:known], whole.ratings[:known], whole.times[:known], whole.profile)
            (returning if older else active).append((first, whole.rows[known:]))
    return returning, active


def _places(user_rows: Int32) -> Iterator[tuple[int, Int64]]:
    """Each user row that occurs, and where."""
    order = np.argsort(user_rows, kind="stable")
    users, starts = np.unique(user_rows[order], return_index=True)
    yield from zip(users.tolist(), np.split(order, starts[1:]), strict=True)
