"""A candidate judged beside its rivals: all predicting the same ratings, later than any they learnt from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marquee.domain.columns import ITEM, RATING, TIME, USER
from marquee.evaluation.catalogue import Catalogue
from marquee.evaluation.cost import list_p95_ms
from marquee.evaluation.gated import BASELINES, CANDIDATE, CHAMPION
from marquee.evaluation.judged import Judged
from marquee.evaluation.protocols.temporal import judge_temporal
from marquee.evaluation.report import Report, intervals_of, report_of
from marquee.evaluation.splits import Split, temporal_split
from marquee.models.model_set import ModelSet
from marquee.models.train import train_baselines, train_models
from marquee.models.training_set import TrainingSet, histories_of
from marquee.recommend.recommender import Recommender
from marquee.settings import Params, Serving
from marquee.training import progress
from marquee.training.progress import OnProgress
from marquee.training.recipe import Recipe
from marquee.training.snapshot import Tables

# A recipe, or models that are trained already, of which no recipe is known.
Contender: TypeAlias = Recipe | ModelSet

_TIMED = 200  # people for whom lists are timed
LEAST_NEWER = 100  # ratings that no model has learnt from: fewer would let chance decide


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Stars predicted for each test rating from the person's training ratings alone, for plots.

    Attributes:
        predicted, actual: stars, shape (n,), float32.
        known: whether the person has ratings in the training set, shape (n,).
    """

    predicted: NDArray[np.float32]
    actual: NDArray[np.float32]
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Reports of the same split.

    Attributes:
        champion: None when there is no champion.
        baselines: biases for the stars, popularity for the order.
        judged: what the reports are of, by who, for the gates; empty once those have looked.
        intervals: of the candidate's figures, as `intervals_of` gives them.
        list_p95_ms: how long a list takes at the 95th percentile, by who: candidate and champion.
    """

    split: Split
    candidate: Report
    champion: Report | None
    baselines: Report
    predictions: Predictions
    judged: Mapping[str, Judged]
    intervals: Mapping[str, Mapping[str, tuple[float, float]]]
    list_p95_ms: Mapping[str, float]

    @property
    def rivals(self) -> Mapping[str, Report]:
        """The reports by who was judged, the candidate first."""
        champion = {} if self.champion is None else {"champion": self.champion}
        return {"candidate": self.candidate, **champion, "baselines": self.baselines}

    @property
    def metrics(self) -> dict[str, Any]:
        """The candidate's figures with their intervals, and the baselines', as a version keeps them."""
        intervals = {group: dict(ends) for group, ends in self.intervals.items()}
        return {
            **self.candidate.to_dict(),
            "baselines": self.baselines.to_dict(),
            "intervals": intervals,
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything but the rows, as JSON takes it."""
        cut = datetime.fromtimestamp(int(self.split.test[TIME].min()), UTC)
        sizes = {"train": len(self.split.train), "test": len(self.split.test), "test_from": cut.isoformat()}
        return {"split": sizes, **{name: report.to_dict() for name, report in self.rivals.items()}}


def compare(
    tables: Tables,
    candidate: Contender,
    champion: Contender | None,
    params: Params,
    serving: Serving,
    *,
    split: Split | None = None,
    threads: int,
    on_progress: OnProgress,
) -> Comparison:
    """Judge a candidate, the champion and the baselines on the same split.

    Recipes are trained on its older side; models that are trained already are judged as they are. A champion
    with the very same recipe would be the very same models: it is not trained a second time.

    Args:
        split: None: the temporal one of `params`. Where models take part, as `split_after` gives it.

    Raises:
        DataError: too few ratings to split, or models have learnt from the newer side.
    """
    split = split or temporal_split(tables.ratings, params.evaluation.test_share)
    past = training_set(tables, split.train)
    judge = _Judge(split, serving, params.evaluation.k, tables.users)
    on_progress(*progress.EVALUATE)
    models = _models(candidate, past, threads)
    judged, milliseconds = {CANDIDATE: judge.judged(models)}, {CANDIDATE: judge.list_p95_ms(models)}
    if champion == candidate:
        judged[CHAMPION], milliseconds[CHAMPION] = judged[CANDIDATE], milliseconds[CANDIDATE]
    elif champion is not None:
        on_progress(*progress.CHAMPION)
        rival = _models(champion, past, threads)
        judged[CHAMPION], milliseconds[CHAMPION] = judge.judged(rival), judge.list_p95_ms(rival)
        del rival
    on_progress(*progress.BASELINES)
    judged[BASELINES] = judge.judged(train_baselines(past))
    reports = {who: report_of(one) for who, one in judged.items()}
    return Comparison(
        split,
        reports[CANDIDATE],
        reports[CANDIDATE] if champion == candidate else reports.get(CHAMPION),
        reports[BASELINES],
        judge.predictions(models),
        judged,
        intervals_of(judged[CANDIDATE]),
        milliseconds,
    )


def split_after(ratings: pd.DataFrame, through: int, test_share: float) -> Split | None:
    """A split on which models may be judged that have learnt from ratings up to `through`.

    The temporal split where all its newer side is newer than that; else everything newer is that side.

    Returns:
        None where fewer than `LEAST_NEWER` ratings are newer.
    """
    ordered = ratings.sort_values([TIME, USER, ITEM], kind="stable", ignore_index=True)
    newer = ordered[TIME] > through
    if newer.sum() < LEAST_NEWER:
        return None
    temporal = temporal_split(ordered, test_share)
    if temporal.test[TIME].min() > through:
        return temporal
    return Split(ordered[~newer], ordered[newer].reset_index(drop=True))


def _models(contender: Contender, past: TrainingSet, threads: int) -> ModelSet:
    if isinstance(contender, ModelSet):
        return contender
    return train_models(
        past, contender.rating, contender.ranking, intervals=contender.intervals, threads=threads
    ).models


def training_set(tables: Tables, ratings: pd.DataFrame) -> TrainingSet:
    """Some ratings of a snapshot, with all its items, rated or not, and what is known of items and people."""
    return TrainingSet.from_tables(ratings, tables.items, tables.users)


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    split: Split
    serving: Serving
    k: int
    users: pd.DataFrame

    def judged(self, models: ModelSet) -> Judged:
        catalogue = Catalogue.of(models.items, self.split.train)
        recommender = Recommender(models, self.serving)
        return judge_temporal(recommender, self.split, catalogue, k=self.k, users=self.users)

    def list_p95_ms(self, models: ModelSet) -> float:
        """By people of the test, with what was known of them before it."""
        people = [str(user) for user in self.split.test[USER].unique()[:_TIMED]]
        histories = histories_of(self.split.train, models.items, people)
        return list_p95_ms(Recommender(models, self.serving), histories, self.k)

    def predictions(self, models: ModelSet) -> Predictions:
        recommender = Recommender(models, self.serving)
        test = self.split.test.sort_values(USER, kind="stable", ignore_index=True)
        places = test.groupby(USER, sort=False).indices
        histories = histories_of(self.split.train, models.items, [str(user) for user in places])
        rows = models.items.rows(test[ITEM])
        predicted = np.empty(len(test), dtype=np.float32)
        known = np.empty(len(test), dtype=np.bool_)
        for where, history in zip(places.values(), histories, strict=True):
            predicted[where] = recommender.predict(history, rows[where])
            known[where] = len(history) > 0
        return Predictions(predicted, test[RATING].to_numpy(dtype=np.float32), known)
