"""Who is judged, on what, and that nobody has seen the answers.

Every protocol trains its contenders itself, on the training side of its split. What they were trained on is
remembered as a fingerprint of the rows, and compared before anybody is judged: a contender that has learnt
from other rows than its rivals, or from the test's, is refused.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from marquee.domain.columns import ITEM, USER
from marquee.domain.errors import DataError
from marquee.domain.history import ItemIndex
from marquee.models.interval import StarsInterval
from marquee.models.model_set import ModelSet
from marquee.models.protocol import RatingModel
from marquee.models.training_set import TrainingSet
from marquee.recommend.recommender import Recommender
from marquee.settings.serving import Serving


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Everything that may be trained on or judged by.

    Attributes:
        ratings: user_id, item_id, rating, timestamp; one row a pair.
        items: item_id, and genres where they are known: the whole catalogue.
        users: user_id, and age and gender where they are known; may be empty.
    """

    ratings: pd.DataFrame
    items: pd.DataFrame
    users: pd.DataFrame

    @property
    def catalogue(self) -> ItemIndex:
        """Every item, rated or not, by id."""
        return ItemIndex(sorted(self.items[ITEM].astype(str)))


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for everybody.

    Attributes:
        serving: as in the inference service: the scale of the stars.
        k: places of a list that count.
    """

    serving: Serving
    k: int = 10

    @property
    def liked(self) -> float:
        """Stars from which on an item is relevant."""
        return self.serving.rating_scale.liked


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to make models of ratings.

    Attributes:
        train: all that serves.
        train_stars: the rating model alone, for protocols that make no lists.
        train_interval: how far its stars are off; None: it states no interval.
    """

    name: str
    train: Callable[[TrainingSet], ModelSet]
    train_stars: Callable[[TrainingSet], RatingModel]
    train_interval: Callable[[TrainingSet], StarsInterval] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A contender's models, and the fingerprint of the rows that they were trained on."""

    name: str
    recommender: Recommender
    trained_on: str
    seconds: float


def training_set(data: Data, rows: pd.DataFrame) -> TrainingSet:
    """Some of the ratings, with the whole catalogue: the one way from rows to what models learn from."""
    return TrainingSet.from_tables(rows, data.items, data.users)


def fit(contender: Contender, past: TrainingSet, rules: Rules) -> Fitted:
    """Train a contender; `seconds` is by the clock."""
    start = time.perf_counter()
    models = contender.train(past)
    seconds = time.perf_counter() - start
    return Fitted(contender.name, Recommender(models, rules.serving), past.fingerprint(), seconds)


def check_trained_alike(fitted: Iterable[Fitted], past: TrainingSet) -> None:
    """Refuse anybody who was not trained on exactly this training side.

    Raises:
        DataError: naming who.
    """
    expected = past.fingerprint()
    for one in fitted:
        if one.trained_on != expected:
            raise DataError(
                f"A leak: {one.name} was trained on other ratings than the training side of the split.",
                hint="Train every contender on the same split.",
            )


def check_apart(train: pd.DataFrame, test: pd.DataFrame) -> None:
    """Refuse a pair of user and item that occurs twice in the two sides.

    Raises:
        DataError: there is one.
    """
    pairs = pd.concat([train[[USER, ITEM]], test[[USER, ITEM]]])
    if pairs.duplicated().any():
        raise DataError("A leak: a pair of user and item occurs twice in the training and test ratings.")


def check_time(recommender: Recommender, test_begins: int) -> None:
    """Refuse a recommender that has learnt from ratings newer than the oldest test rating.

    Raises:
        DataError: it has.
    """
    through = recommender.models.trained_through
    if through > test_begins:
        raise DataError(
            f"A leak: the recommender has learnt from ratings up to {through}; "
            f"the test begins at {test_begins}.",
            hint="Train it on the training side of the split.",
        )
