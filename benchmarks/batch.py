"""How fast lists for everybody are made, beside one prediction after the other."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from surprise import SVD

from benchmarks.movielens import rules, svd_params
from benchmarks.progress import say
from benchmarks.report import Row, plain, share_of_peer
from benchmarks.surprise_models import best_unseen, built
from marquee.domain.columns import ITEM, RATING, USER
from marquee.evaluation.contest import Data, training_set
from marquee.models import fallback
from marquee.models.arrays import blas_threads
from marquee.models.model_set import ModelSet
from marquee.models.train import train_rating
from marquee.recommend.recommender import Recommender

N = 10
TIMES_FASTER = 200.0
REPEATS, ENOUGH_SECONDS = 5, 5.0


def measure(data: Data) -> list[Row]:
    """The best ten unseen items of all 943 people by SVD as configured, of both libraries."""
    params = svd_params()
    say("batch: Surprise's SVD, one prediction after the other")
    values = params.model_dump(exclude={"algorithm", "seed"})
    trainset = built(data.ratings[[USER, ITEM, RATING]])
    library = SVD(**values, random_state=params.seed).fit(trainset)
    n = trainset.n_users
    peer = ("Surprise's predict one by one, and a sort", n / _seconds(best_unseen, library, trainset, N))
    say("batch: Marquee's SVD")
    past = training_set(data, data.ratings)
    model, users = train_rating(past, params)
    models = ModelSet(past.items, model, model, fallback.train(past), past.trained_through)
    recommender, histories = Recommender(models, rules().serving), past.histories()
    known = np.column_stack((users.factors, users.biases))
    with blas_threads(1):
        trained = n / _seconds(partial(recommender.top_many, states=known), histories, N)
        folded = n / _seconds(recommender.top_many, histories, N)
    return [
        share_of_peer(
            "top 10 for every user by SVD's trained user factors", trained, "lists/s", peer, TIMES_FASTER
        ),
        plain("the same, every user folded in first", folded, "lists/s", peer=peer),
    ]


def _seconds(call: Callable[..., object], *arguments: object) -> float:
    """The processor's seconds, one thread's on either side: the median of some calls, or one that takes long.

    Not the wall clock's: the machine may have other work.
    """
    seconds: list[float] = []
    while len(seconds) < REPEATS and sum(seconds) < ENOUGH_SECONDS:
        began = time.process_time()
        call(*arguments)
        seconds.append(time.process_time() - began)
    return float(np.median(seconds))
