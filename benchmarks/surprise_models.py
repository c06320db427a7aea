"""scikit-surprise as people use it: the peer of the rating models and of lists."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from surprise import AlgoBase, Dataset, Reader, Trainset

from marquee.domain.columns import ITEM, RATING, USER
from marquee.evaluation.metrics import rmse
from marquee.evaluation.splits import random_folds
from marquee.models.training_set import TrainingSet


def cross_validated(
    frame: pd.DataFrame, make: Callable[[], AlgoBase], folds: int, seed: int
) -> tuple[float, float]:
    """RMSE over the folds of `cv5`, and seconds of training a fold; the library clips its predictions."""
    whole = TrainingSet.from_frame(frame)
    columns = {USER: whole.user_rows, ITEM: whole.item_rows, RATING: whole.ratings.astype(np.float64)}
    triples = pd.DataFrame(columns)
    predicted, seconds = np.empty(len(whole)), 0.0
    for train_rows, test_rows in random_folds(len(whole), folds, seed):
        model, trainset = make(), built(triples.iloc[train_rows])
        began = time.perf_counter()
        model.fit(trainset)
        seconds += time.perf_counter() - began
        held_out = triples.iloc[test_rows].itertuples(index=False, name=None)
        predicted[test_rows] = [prediction.est for prediction in model.test(held_out)]
    return rmse(predicted, whole.ratings), seconds / folds


def built(triples: pd.DataFrame) -> Trainset:
    """Surprise's training set of the columns user, item, stars."""
    stars = triples.iloc[:, 2]
    reader = Reader(rating_scale=(stars.min(), stars.max()))
    return Dataset.load_from_df(triples, reader).build_full_trainset()


def best_unseen(model: AlgoBase, trainset: Trainset, n: int) -> dict[Any, list[Any]]:
    """Everybody's best `n` unseen items, by id: `predict` for each one, and a sort, as its FAQ does."""
    items = {row: trainset.to_raw_iid(row) for row in trainset.all_items()}
    lists = {}
    for user in trainset.all_users():
        raw, seen = trainset.to_raw_uid(user), {row for row, _ in trainset.ur[user]}
        stars = [(item, model.predict(raw, item).est) for row, item in items.items() if row not in seen]
        stars.sort(key=lambda pair: pair[1], reverse=True)
        lists[raw] = [item for item, _ in stars[:n]]
    return lists
