"""How well stars are predicted: the configured SVD beside its library's defaults, on the same folds."""

from pathlib import Path

import numpy as np
import pandas as pd
from surprise import SVD, Dataset, Reader

from benchmarks.report import Row, at_most, plain
from benchmarks.stack import running
from marquee.domain.columns import ITEM, RATING, USER
from marquee.evaluation.metrics import rmse
from marquee.evaluation.protocols import cv5_rmse
from marquee.evaluation.splits import random_folds
from marquee.models.training_set import TrainingSet
from marquee.settings import load_params, load_settings
from marquee.store import connect, ratings

FOLDS, SEED = 5, 0
LIMIT_RMSE = 0.915


def measure(home: Path) -> list[Row]:
    """Five random folds of MovieLens 100K, seed 0, every rating counting the same, clipped to the scale."""
    with running(home) as stack:
        settings = load_settings(stack.environment)
        engine = connect(settings.database(), application_name="marquee-benchmark")
        with engine.connect() as connection:
            frame = ratings.load_frame(connection)
        engine.dispose()
    tuned = cv5_rmse(frame, load_params(settings.configs_dir / "params.yaml").rating, folds=FOLDS, seed=SEED)
    library = ("Surprise's SVD, defaults", surprise_rmse(frame))
    return [
        at_most("SVD tuned, ML-100K, 5-fold RMSE", tuned.trained, "stars", LIMIT_RMSE, peer=library),
        plain("the same, users folded in as serving does", tuned.folded_in, "stars"),
    ]


def surprise_rmse(frame: pd.DataFrame) -> float:
    """RMSE of `surprise.SVD()` over the folds that `cv5_rmse` cuts; the library clips its predictions."""
    whole = TrainingSet.from_frame(frame)
    stars = whole.ratings.astype(np.float64)
    triples = pd.DataFrame({USER: whole.user_rows, ITEM: whole.item_rows, RATING: stars})
    reader = Reader(rating_scale=(whole.ratings.min(), whole.ratings.max()))
    predicted = np.empty(len(whole))
    for train_rows, test_rows in random_folds(len(whole), FOLDS, SEED):
        model = SVD(random_state=SEED)
        model.fit(Dataset.load_from_df(triples.iloc[train_rows], reader).build_full_trainset())
        held_out = triples.iloc[test_rows].itertuples(index=False, name=None)
        predicted[test_rows] = [prediction.est for prediction in model.test(held_out)]
    return rmse(predicted, whole.ratings)
