"""What diversity costs: nDCG@10 beside how unlike the items of a list are, by the knob, on MovieLens 100K."""

import numpy as np

from benchmarks.movielens import configured, rules
from benchmarks.progress import say
from benchmarks.report import Row, plain, share_of_peer
from marquee.domain.columns import ITEM, USER
from marquee.domain.history import History
from marquee.evaluation.catalogue import Catalogue, diversity
from marquee.evaluation.contest import Data, training_set
from marquee.evaluation.metrics import ndcg_at_k
from marquee.evaluation.splits import per_item_split
from marquee.models.features import profiles
from marquee.models.model_set import ModelSet
from marquee.models.protocol import Int32
from marquee.models.train import train_models
from marquee.models.training_set import histories_of
from marquee.recommend.facts import Labels
from marquee.recommend.listing import Wanted
from marquee.recommend.recommender import Recommender
from marquee.settings.params import BiasesParams

K = 10
KNOBS = (0.0, 0.25, 0.5, 0.75, 1.0)
LEAST_SHARES = {0.25: 0.98, 0.5: 0.95}  # of the nDCG without diversity


def measure(data: Data) -> list[Row]:
    """Under `holdout75`, through the pipeline that serves."""
    say("diversity")
    train, test = per_item_split(data.ratings)
    past = training_set(data, train)
    models = train_models(past, BiasesParams(), configured().ranking).models
    held_out = {str(user): theirs for user, theirs in test.groupby(USER, sort=True, observed=True)}
    known = profiles(data.users, models.user_vocabulary) if data.users is not None else {}
    histories = histories_of(train, models.items, list(held_out), known)
    relevant = [models.items.rows(theirs[ITEM].astype(str)) for theirs in held_out.values()]
    catalogue = Catalogue.of(past.items, train, data.items)
    found = {knob: _judged(models, histories, relevant, catalogue, knob) for knob in KNOBS}
    rows = []
    for knob, (ndcg, unlike) in found.items():
        what = f"holdout75 nDCG@10, diversity {knob:g}"
        peer = ("diversity 0", found[0.0][0])
        if knob in LEAST_SHARES:
            rows.append(share_of_peer(what, ndcg, "nDCG", peer, LEAST_SHARES[knob]))
        else:
            rows.append(plain(what, ndcg, "nDCG", peer=peer))
        rows.append(plain(f"mean unlikeness of two items, diversity {knob:g}", unlike, "1 - cosine"))
    return rows


def _judged(
    models: ModelSet, histories: list[History], relevant: list[Int32], catalogue: Catalogue, knob: float
) -> tuple[float, float]:
    """(nDCG@10, mean unlikeness of the genres of two items of a list), each the mean of all people."""
    recommender = Recommender(models, rules().serving)
    wanted = Wanted(K, diversity=knob, categories=_genres(catalogue))
    lists = np.stack([recommender.make(recommender.state(one), wanted).rows for one in histories])
    hits = np.stack([np.isin(rows, theirs) for rows, theirs in zip(lists, relevant, strict=True)])
    ndcg = ndcg_at_k(hits, np.array([len(theirs) for theirs in relevant]))
    return float(ndcg.mean()), float(np.nanmean(diversity(lists, catalogue.features)))


def _genres(catalogue: Catalogue) -> Labels:
    return Labels.of(
        [catalogue.genres[column] for column in np.flatnonzero(row)] for row in catalogue.features
    )
