"""From hyperparameters and ratings to the models that serve together."""

from dataclasses import dataclass

from marquee.models import biases, ease, fallback, popularity, svd
from marquee.models.model_set import ModelSet
from marquee.models.training_set import TrainingSet
from marquee.models.user_factors import UserFactors
from marquee.settings.params import RankingParams, RatingParams


@dataclass(frozen=True, eq=False)
class Trained:
    """Models just trained, and SVD's rows about people, which stay beside the bundle."""

    models: ModelSet
    user_factors: UserFactors


def train_models(
    ratings: TrainingSet, rating: RatingParams, ranking: RankingParams, *, threads: int = 1
) -> Trained:
    """Train everything a bundle holds; the same ratings, parameters and `threads` give the same arrays."""
    stars, user_factors = train_rating(ratings, rating)
    models = ModelSet(
        items=ratings.items,
        rating=stars,
        ranking=train_ranking(ratings, ranking, threads=threads),
        fallback=fallback.train(ratings),
        trained_through=ratings.trained_through,
    )
    return Trained(models, user_factors)


def train_rating(ratings: TrainingSet, params: RatingParams) -> tuple[svd.Svd, UserFactors]:
    """Train the model that predicts stars."""
    return svd.train(ratings, **params.model_dump(exclude={"algorithm"}))


def train_ranking(ratings: TrainingSet, params: RankingParams, *, threads: int = 1) -> ease.Ease:
    """Train the model that orders the catalogue."""
    return ease.train(ratings, regularization=params.regularization, threads=threads)


def train_baselines(ratings: TrainingSet) -> ModelSet:
    """What every recipe must beat: biases for the stars, popularity for the order."""
    return ModelSet(
        items=ratings.items,
        rating=biases.train(ratings),
        ranking=popularity.train(ratings),
        fallback=fallback.train(ratings),
        trained_through=ratings.trained_through,
    )
