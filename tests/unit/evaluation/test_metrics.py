"""Small tables worked out by hand."""

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, RR, P, R, Success, nDCG

from marquee.evaluation.metrics import (
    auc,
    average_precision_at_k,
    calibration_error,
    f1_at_k,
    hit_rate_at_k,
    interval_coverage,
    interval_width,
    mae,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank_at_k,
    rmse,
    star_bins,
)


def _hits(places: str) -> np.ndarray:
    """`+` is a relevant item, `-` another or none."""
    return np.array([place == "+" for place in places])


@pytest.mark.parametrize(
    ("predicted", "actual", "rmse_", "mae_"),
    [
        ([4.0], [4.0], 0.0, 0.0),
        ([3.0, 5.0], [4.0, 2.0], np.sqrt((1 + 9) / 2), (1 + 3) / 2),
        ([1.0, 1.0, 1.0, 1.0], [3.0, 1.0, 1.0, 1.0], 1.0, 0.5),
    ],
)
def test_errors_of_stars(predicted: list[float], actual: list[float], rmse_: float, mae_: float) -> None:
    arrays = np.array(predicted, dtype=np.float32), np.array(actual, dtype=np.float32)
    assert rmse(*arrays) == pytest.approx(rmse_)
    assert mae(*arrays) == pytest.approx(mae_)


@pytest.mark.parametrize("measure", [rmse, mae])
@pytest.mark.parametrize(("predicted", "actual"), [([], []), ([1.0], [1.0, 2.0])])
def test_errors_of_nothing_or_of_unequal_lengths_are_refused(measure, predicted, actual) -> None:
    with pytest.raises(ValueError, match="one shape and not empty"):
        measure(np.array(predicted), np.array(actual))


@pytest.mark.parametrize(
    ("places", "n_relevant", "precision", "recall", "ndcg"),
    [
        ("+-+", 2, 2 / 3, 1.0, (1 + 1 / 2) / (1 + 1 / np.log2(3))),
        ("--+", 1, 1 / 3, 1.0, 1 / 2),
        ("+++", 3, 1.0, 1.0, 1.0),
        ("++", 5, 1.0, 2 / 5, 1.0),  # no list of two can hold five
        ("---", 4, 0.0, 0.0, 0.0),
        ("-+--", 3, 1 / 4, 1 / 3, (1 / np.log2(3)) / (1 + 1 / np.log2(3) + 1 / 2)),
    ],
)
def test_rankings(places: str, n_relevant: int, precision: float, recall: float, ndcg: float) -> None:
    assert precision_at_k(_hits(places)) == pytest.approx(precision)
    assert recall_at_k(_hits(places), n_relevant) == pytest.approx(recall)
    assert ndcg_at_k(_hits(places), n_relevant) == pytest.approx(ndcg)


@pytest.mark.parametrize(
    ("places", "n_relevant", "f1", "hit_rate", "map_", "mrr"),
    [
        ("+-+", 2, 2 * (2 / 3) * 1 / (2 / 3 + 1), 1.0, (1 + 2 / 3) / 2, 1.0),
        ("--+", 1, 2 * (1 / 3) * 1 / (1 / 3 + 1), 1.0, 1 / 3, 1 / 3),
        ("---", 4, 0.0, 0.0, 0.0, 0.0),
        ("-+++", 5, 2 * (3 / 4) * (3 / 5) / (3 / 4 + 3 / 5), 1.0, (1 / 2 + 2 / 3 + 3 / 4) / 5, 1 / 2),
    ],
)
def test_further_rankings(
    places: str, n_relevant: int, f1: float, hit_rate: float, map_: float, mrr: float
) -> None:
    hits = _hits(places)
    assert f1_at_k(hits, n_relevant) == pytest.approx(f1)
    assert hit_rate_at_k(hits) == hit_rate
    assert average_precision_at_k(hits, n_relevant) == pytest.approx(map_)
    assert reciprocal_rank_at_k(hits) == pytest.approx(mrr)


def test_many_lists_at_once_give_what_each_gives() -> None:
    random = np.random.default_rng(1)
    hits, n_relevant = random.random((30, 7)) < 0.3, random.integers(7, 12, 30)
    for metric in (recall_at_k, f1_at_k, average_precision_at_k, ndcg_at_k):
        each = [float(metric(row, int(n))) for row, n in zip(hits, n_relevant, strict=True)]
        assert metric(hits, n_relevant).tolist() == pytest.approx(each)
    for alone in (precision_at_k, hit_rate_at_k, reciprocal_rank_at_k):
        assert alone(hits).tolist() == pytest.approx([float(alone(row)) for row in hits])


def test_rankings_agree_with_trec_eval() -> None:
    """On random lists, through ir-measures' trec_eval."""
    random = np.random.default_rng(3)
    k, n_items, n_lists = 10, 60, 200
    run, judgements, ours = [], [], []
    for query in range(n_lists):
        listed = random.permutation(n_items)[:k]
        relevant = random.permutation(n_items)[: random.integers(1, 25)]
        run += [
            ir_measures.ScoredDoc(str(query), str(d), k - place) for place, d in enumerate(listed.tolist())
        ]
        judgements += [ir_measures.Qrel(str(query), str(item), 1) for item in relevant.tolist()]
        ours.append((np.isin(listed, relevant), len(relevant)))
    hits, n_relevant = np.array([row for row, _ in ours]), np.array([n for _, n in ours])
    expected = ir_measures.providers.PytrecEvalProvider().calc_aggregate(
        [P @ k, R @ k, Success @ k, AP @ k, RR @ k, nDCG @ k], judgements, run
    )
    mine = {
        P @ k: precision_at_k(hits),
        R @ k: recall_at_k(hits, n_relevant),
        Success @ k: hit_rate_at_k(hits),
        AP @ k: average_precision_at_k(hits, n_relevant),
        RR @ k: reciprocal_rank_at_k(hits),
        nDCG @ k: ndcg_at_k(hits, n_relevant),
    }
    assert {name: float(values.mean()) for name, values in mine.items()} == pytest.approx(expected)


def test_auc_counts_the_pairs_in_order() -> None:
    """Liked 3 and 2, others 2 and 1: of four pairs three are in order, and one is a tie."""
    assert auc(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False])) == 3.5 / 4
    assert auc(np.array([1.0, 2.0]), np.array([True, False])) == 0.0


@pytest.mark.parametrize("liked", [True, False])
def test_auc_of_one_kind_alone_is_not_a_number(liked: bool) -> None:
    assert np.isnan(auc(np.array([1.0, 2.0]), np.array([liked, liked])))


def test_calibration_is_the_distance_of_means_by_bin() -> None:
    """Bins of one star: 1.5 and 1.7 got 1 and 3 (together 0.4 too low each), 4.9 got 4 (0.9 too high)."""
    predicted, actual = np.array([1.5, 1.7, 4.9]), np.array([1.0, 3.0, 4.0])
    bins = star_bins(predicted, 1.0, 5.0, 4)
    assert bins.tolist() == [0, 0, 3]
    assert calibration_error(predicted, actual, bins) == pytest.approx((2 * 0.4 + 0.9) / 3)


def test_the_ends_of_the_scale_lie_in_the_first_and_last_bin() -> None:
    assert star_bins(np.array([0.5, 1.0, 5.0, 6.0]), 1.0, 5.0, 4).tolist() == [0, 0, 3, 3]


def test_intervals_cover_what_lies_within_them() -> None:
    low, high = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 3.5])
    assert interval_coverage(low, high, np.array([2.0, 4.5, 3.2])) == pytest.approx(2 / 3)
    assert interval_width(low, high) == pytest.approx((1 + 2 + 0.5) / 3)
