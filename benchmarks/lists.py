"""How good lists of ten are on MovieLens 100K: held-out ratings, newcomers, and as time goes by."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import numpy as np

from benchmarks.figures import figure, lead, spread
from benchmarks.movielens import configured, rules
from benchmarks.progress import say
from benchmarks.report import Row, above_peer, at_least, plain, share_of_peer
from marquee.evaluation.contest import Contender, Data
from marquee.evaluation.judged import ALL, Judged
from marquee.evaluation.protocols import coldstart, holdout75, temporal
from marquee.evaluation.protocols.coldstart import KNOWN_RATINGS, NEW_ITEMS, group_of
from marquee.evaluation.protocols.temporal import KNOWN, NEW
from marquee.models import biases, fallback, popularity
from marquee.models.model_set import ModelSet
from marquee.models.protocol import Scorer
from marquee.models.train import train_ranking, train_rating
from marquee.models.training_set import TrainingSet
from marquee.settings.params import (
    BlendParams,
    BlendWeights,
    ContentParams,
    EaseParams,
    IalsParams,
    ItemKnnParams,
    PopularityParams,
    RankingParams,
    VaeParams,
)

HOLDOUT_NDCG = 0.485
COLDSTART_RATIO, COLDSTART_KNOWN = 1.25, 5
BIVAE = ("BiVAE, the best of Microsoft Recommenders' benchmarks, published", 0.475)
OTHER_SEED = 43  # of newcomers that nobody looked at when the blend for them was chosen
RECENT = 20_000  # ratings
THREADS = 2
NDCG = "nDCG"
POPULAR, NEWCOMERS = "popularity", "blend of ease and item-knn, 1 to 2"

EASE_AS_PUBLISHED = EaseParams(dislike=1.0, exponent=1.0, item_features=0.0, user_features=0.0)
FOR_NEWCOMERS = BlendParams(
    models=(EaseParams(), ItemKnnParams()), weights=BlendWeights(returning=(1.0, 2.0), active=(1.0, 2.0))
)
OTHERS: Mapping[str, RankingParams] = {
    params.algorithm: params
    for params in (
        *(IalsParams(), ItemKnnParams(), VaeParams()),
        *(ContentParams(), PopularityParams(), BlendParams()),
    )
}

Rank: TypeAlias = Callable[[TrainingSet], Scorer]
Protocol: TypeAlias = Callable[..., dict[str, Judged]]


def measure(data: Data) -> list[Row]:
    """`holdout75`, `coldstart` and `temporal`."""
    return [*_holdout(data), *_coldstart(data), *_temporal(data)]


def _holdout(data: Data) -> list[Row]:
    rivals: dict[str, Rank] = {
        "SVD by predicted stars": lambda past: train_rating(past, configured().rating)[0],
        "EASE as published": _rank(EASE_AS_PUBLISHED),
        **{name: _rank(params) for name, params in OTHERS.items()},
    }
    ours = "EASE as configured"
    found = _judge(holdout75, data, {ours: _rank(configured().ranking), **rivals})
    best, by_stars = figure(found[ours], "ndcg"), figure(found["SVD by predicted stars"], "ndcg")
    ahead = lead(found[ours], found["EASE as published"], "ndcg").difference
    return [
        at_least(f"holdout75 nDCG@10, {ours} {spread(best)}", best.value, NDCG, HOLDOUT_NDCG, peer=BIVAE),
        plain("the same", best.value, NDCG, peer=("SVD by predicted stars", by_stars.value)),
        plain(f"its lead over EASE as published {spread(ahead)}", ahead.value, NDCG),
        *(_row("holdout75 nDCG@10", name, found[name]) for name in rivals),
    ]


def _coldstart(data: Data) -> list[Row]:
    single: dict[str, Rank] = {
        params.algorithm: _rank(params) for params in (ItemKnnParams(), EaseParams(), ContentParams())
    }
    both: dict[str, Rank] = {NEWCOMERS: _rank(FOR_NEWCOMERS), POPULAR: _rank(PopularityParams())}
    found = _judge(coldstart, data, {**both, **single})
    others = _judge(partial(coldstart, seed=OTHER_SEED), data, both)
    target = group_of(COLDSTART_KNOWN)
    return [
        _over_popularity(found, NEWCOMERS, target, must_reach=True),
        _over_popularity(others, NEWCOMERS, target, f", of other newcomers (seed {OTHER_SEED})"),
        *(_over_popularity(found, name, target) for name in single),
        *(_over_popularity(found, NEWCOMERS, group_of(m)) for m in KNOWN_RATINGS if m != COLDSTART_KNOWN),
        *(_over_popularity(found, name, NEW_ITEMS) for name in (NEWCOMERS, "content")),
    ]


def _over_popularity(
    found: Mapping[str, Judged], name: str, group: str, more: str = "", *, must_reach: bool = False
) -> Row:
    ours, usual = (figure(found[one], "ndcg", group) for one in (name, POPULAR))
    what = f"coldstart nDCG@10, {group}: {name}{more} {spread(ours)}"
    if must_reach:
        return share_of_peer(what, ours.value, NDCG, (POPULAR, usual.value), COLDSTART_RATIO)
    return plain(what, ours.value, NDCG, peer=(POPULAR, usual.value))


def _temporal(data: Data) -> list[Row]:
    blend, peer = "blend of ease and popularity, weights learnt", "popularity of the last 20,000 ratings"
    ranks = {
        blend: _rank(BlendParams()),
        peer: _recent_popularity,
        "ease": _rank(EaseParams()),
        POPULAR: _rank(PopularityParams()),
    }
    found = _judge(temporal, data, ranks)
    ours, theirs = (figure(found[name], "ndcg", KNOWN) for name in (blend, peer))
    ahead = lead(found[blend], found[peer], "ndcg", KNOWN)
    known, new = (f"temporal nDCG@10 of {group} people" for group in (KNOWN, NEW))
    p = "" if ahead.p is None else f", p = {ahead.p:.3f}"
    return [
        above_peer(f"{known}, {blend} {spread(ours)}", ours.value, NDCG, (peer, theirs.value)),
        plain(f"its lead over the peer {spread(ahead.difference)}{p}", ahead.difference.value, NDCG),
        *(_row(known, name, found[name], KNOWN) for name in ("ease", POPULAR)),
        *(_row(new, name, found[name], NEW) for name in ranks),
    ]


def _row(what: str, name: str, judged: Judged, group: str = ALL) -> Row:
    found = figure(judged, "ndcg", group)
    return plain(f"{what}, {name} {spread(found)}", found.value, NDCG)


def _judge(protocol: Protocol, data: Data, ranks: Mapping[str, Rank]) -> dict[str, Judged]:
    judgements: dict[str, Judged] = {}
    for name, rank in ranks.items():
        say(f"lists: {name}")
        judgements |= protocol([_contender(name, rank)], data, rules())
    return judgements


def _contender(name: str, rank: Rank) -> Contender:
    """Lists are judged; the stars beside them are the cheapest there are."""

    def train(past: TrainingSet) -> ModelSet:
        return ModelSet(
            items=past.items,
            rating=biases.train(past),
            ranking=rank(past),
            fallback=fallback.train(past),
            trained_through=past.trained_through,
            item_vocabulary=past.item_features.vocabulary,
            user_vocabulary=past.user_features.vocabulary,
        )

    return Contender(name, train, biases.train)


def _rank(params: RankingParams) -> Rank:
    return lambda past: train_ranking(past, params, threads=THREADS)


def _recent_popularity(past: TrainingSet) -> Scorer:
    newest = np.sort(np.argsort(past.times, kind="stable")[-RECENT:])
    return popularity.train(past.take(newest))
