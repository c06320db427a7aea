"""Arrays of another library, in its own order of items, become models that serve."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from marquee.domain.errors import InvalidInput
from marquee.domain.history import History, ItemIndex
from marquee.models import ease, ials
from marquee.models.bundle import Bundle, bundle_from_arrays
from marquee.models.imported import imported_name
from marquee.models.training_set import TrainingSet
from marquee.recommend.recommender import Recommender
from marquee.settings.serving import Serving
from tests.support.ratings import checkerboard, frame_of

# Three items by id, a fourth that nobody rated; the exporter has them in another order, and not the fourth.
RATINGS = TrainingSet.from_frame(
    frame_of(("u", "a", 5.0, 10), ("u", "b", 1.0, 20), ("v", "b", 3.0, 30), ("v", "c", 3.0, 40)),
    ItemIndex(["a", "b", "c", "d"]),
)
IDS = ["c", "a", "b"]


def _bundle(path: Path, ratings: TrainingSet = RATINGS, **arguments: Any) -> Bundle:
    given = {"item_ids": IDS, "name": "theirs", **arguments}
    bundle_from_arrays(path / "bundle", ratings, **given)
    return Bundle.open(path / "bundle")


def test_item_factors_are_put_into_the_catalogues_order(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path, ranking_factors=[[3.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    arrays = bundle.ranking.to_arrays()
    assert bundle.ranking.algorithm == "ials"
    assert_array_equal(arrays["item_factors"], [[1, 0], [0, 2], [3, 0], [0, 0]])
    assert_array_equal(arrays["gram"], [[10, 0], [0, 4]])


def test_imported_factors_rank_as_the_model_that_they_come_from(tmp_path: Path) -> None:
    ratings = TrainingSet.from_frame(checkerboard())
    trained = ials.train(ratings, n_factors=4, n_epochs=3)
    shuffled = np.random.default_rng(0).permutation(ratings.n_items)
    bundle = _bundle(
        tmp_path,
        ratings,
        item_ids=[ratings.items.ids[row] for row in shuffled],
        ranking_factors=trained.item_factors[shuffled].tolist(),
        dislike=0.5,
    )
    histories = ratings.histories()
    expected = trained.score_many(trained.fold_in_many(histories))
    assert_allclose(bundle.ranking.score_many(bundle.ranking.fold_in_many(histories)), expected, atol=1e-5)


def test_what_nobody_has_rated_comes_last_in_a_bundle(tmp_path: Path) -> None:
    """Whatever the order of the catalogue, or of the export; their factors stay."""
    ratings = TrainingSet.from_frame(
        frame_of(("u", "b", 5.0, 10), ("v", "b", 3.0, 30), ("v", "d", 3.0, 40)), ItemIndex("abcd")
    )
    factors = {"d": 4.0, "c": 3.0, "a": 1.0, "b": 2.0}
    bundle = _bundle(
        tmp_path, ratings, item_ids=list(factors), ranking_factors=[[factor] for factor in factors.values()]
    )
    assert bundle.items.ids == ("b", "d", "a", "c")
    assert_array_equal(bundle.ranking.to_arrays()["item_factors"], [[2.0], [4.0], [1.0], [3.0]])
    assert_array_equal(bundle.fallback.popularity.popularity > 0, [True, True, False, False])


@pytest.mark.parametrize("form", [np.array, sparse.csr_array, sparse.coo_matrix])
def test_an_item_item_matrix_says_what_each_rated_item_adds(tmp_path: Path, form: Any) -> None:
    from_c, from_a, from_b = [9.0, 1.0, 2.0], [3.0, 9.0, 4.0], [5.0, 6.0, 9.0]  # to c, a, b
    bundle = _bundle(tmp_path, ranking_weights=form([from_c, from_a, from_b]))
    weights = bundle.ranking.to_arrays()["weights"]
    assert_array_equal(weights, [[0, 4, 3, 0], [6, 0, 5, 0], [1, 2, 0, 0], [0, 0, 0, 0]])
    state = bundle.ranking.fold_in(History.of([0, 2], [5.0, 1.0], [1, 2]))  # a and c
    assert_array_equal(bundle.ranking.score(state), [1, 6, 3, 0])


def test_what_the_fewest_stars_count_can_be_chosen(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path, ranking_weights=np.ones((3, 3)), dislike=0.25)
    state = bundle.ranking.fold_in(History.of([0], [1.0], [1]))
    assert_array_equal(bundle.ranking.score(state), [0, 0.25, 0.25, 0])


def test_the_weights_of_ease_come_back_as_they_were(tmp_path: Path) -> None:
    ratings = TrainingSet.from_frame(checkerboard())
    weights = ease.train(ratings, regularization=10.0).weights
    bundle = _bundle(tmp_path, ratings, item_ids=ratings.items.ids, ranking_weights=weights)
    assert_array_equal(bundle.ranking.to_arrays()["weights"], weights)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([-7.0, 1e30, -8.0], [1.0, 1 / 3, 2 / 3]),
        ([5, 5, 5], [1.0, 1.0, 1.0]),
        ([1e-12, 2e-12, 1e-12], [1.0, 0.5, 0.5]),
    ],
)
def test_scores_of_any_size_keep_their_order_and_their_ties(
    tmp_path: Path, scores: list[float], expected: list[float]
) -> None:
    bundle = _bundle(tmp_path, ranking_scores=scores)
    popularity = bundle.ranking.to_arrays()["popularity"]
    assert_allclose(popularity, [expected[0], expected[1], expected[2], 0.0], rtol=1e-6)


def test_stars_are_the_mean_with_what_was_exported(tmp_path: Path) -> None:
    factors = [[0.5], [0.0], [1.0]]
    bundle = _bundle(tmp_path, ranking_scores=[1, 2, 3], rating_factors=(factors, [0.1, 0.2, -0.3]))
    stars = bundle.rating.score(bundle.rating.fold_in(History.empty()))
    assert_allclose(stars, [3.2, 2.7, 3.1, 3.0], rtol=1e-6)  # the mean of the ratings is 3
    assert bundle.manifest.algorithms.rating == "svd"


def test_without_exported_stars_they_are_biases_of_the_ratings(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path, ranking_scores=[1, 2, 3])
    stars = bundle.rating.score(bundle.rating.fold_in(History.empty()))
    assert bundle.manifest.algorithms.rating == "biases"
    assert_allclose(stars, [3 + 2 / 6, 3 - 2 / 7, 3, 3], rtol=1e-6)  # damped by five ratings


def test_the_interval_is_measured_on_what_was_held_out_or_not_at_all(tmp_path: Path) -> None:
    errors = np.linspace(-1.0, 1.0, 199)
    with_interval = _bundle(tmp_path, ranking_scores=[1, 2, 3], held_out=(np.full(199, 3.0), 3.0 + errors))
    without = _bundle(tmp_path / "other", ranking_scores=[1, 2, 3])
    assert without.interval is None
    assert with_interval.interval is not None
    low, high = with_interval.interval.bounds(np.array([3.0], np.float32))
    assert_allclose([low[0], high[0]], [2.1, 3.9], atol=0.02)  # 90 % of the errors


def test_the_manifest_says_what_came_from_elsewhere(tmp_path: Path) -> None:
    bundle = _bundle(
        tmp_path,
        ranking_weights=np.ones((3, 3)),
        hyperparameters={"shrinkage": 3},
        seed=7,
        snapshot_hash="ab" * 32,
    )
    manifest = bundle.manifest
    fold_in = {"dislike": 1.0}
    assert manifest.hyperparameters["ranking"] == {"imported": "theirs", "shrinkage": 3, "fold_in": fold_in}
    assert manifest.hyperparameters["rating"] == {"item_damping": 5.0, "user_damping": 5.0}
    assert imported_name(manifest.hyperparameters) == "theirs"
    assert imported_name({"rating": {"n_factors": 3}, "ranking": {}}) is None
    assert (manifest.trained_through, manifest.n_users, manifest.n_ratings) == (40, 2, 4)
    assert (manifest.seed, manifest.snapshot_hash) == (7, "ab" * 32)


def test_without_a_snapshot_the_data_have_a_fingerprint(tmp_path: Path) -> None:
    manifest = _bundle(tmp_path, ranking_scores=[1, 2, 3]).manifest
    assert manifest.snapshot_hash == RATINGS.fingerprint()


def test_it_makes_lists_like_any_other_bundle(tmp_path: Path) -> None:
    bundle = _bundle(tmp_path, ranking_scores=[3, 2, 1])  # c before a before b
    recommender = Recommender(bundle, Serving())
    listed = recommender.top(recommender.state(History.of([0], [5.0], [1])), 4)
    assert [(one.item_id, one.source) for one in listed] == [
        ("c", "personal"),
        ("b", "personal"),
        ("d", "popular"),  # in the catalogue, but neither exported nor rated
    ]


NUMBERS = np.ones(3)
WRONG: dict[str, tuple[Mapping[str, Any], str]] = {
    "nothing for the order": ({}, "0 of ranking_factors"),
    "two for the order": ({"ranking_scores": NUMBERS, "ranking_factors": np.ones((3, 2))}, "2 of ranking_f"),
    "no ids": ({"item_ids": [], "ranking_scores": []}, "item_ids is empty"),
    "an id twice": ({"item_ids": ["a", "b", "a"], "ranking_scores": NUMBERS}, "Item 'a' stands 2 times"),
    "an unknown id": ({"item_ids": ["a", "x y", "é/🎬"], "ranking_scores": NUMBERS}, "2 of 3 .*'x y'"),
    "a row too few": ({"ranking_factors": np.ones((2, 4))}, r"ranking_factors .*\(2, 4\), not \(3, 4\)"),
    "no factors": ({"ranking_factors": np.ones((3, 0))}, r"ranking_factors has the shape \(3, 0\)"),
    "scores as a matrix": ({"ranking_scores": np.ones((3, 1))}, "one number an item is needed"),
    "weights that are not square": ({"ranking_weights": np.ones((3, 4))}, r"\(3, 4\), not \(3, 3\)"),
    "rows of different lengths": ({"ranking_factors": [[1, 2], [1], [1]]}, "ranking_factors is no array"),
    "texts": ({"ranking_scores": ["1", "2", "3"]}, "ranking_scores holds <U1 values"),
    "NaN": ({"ranking_scores": [1, 2, np.nan]}, "ranking_scores holds nan for item 'b'"),
    "infinite": (
        {"ranking_factors": [[1, 2], [1, np.inf], [1, 2]]},
        "ranking_factors holds inf for item 'a'",
    ),
    "too large for float32": ({"ranking_factors": [[1e39], [1], [1]]}, r"1e\+39 for item 'c'"),
    "too large to score": ({"ranking_factors": np.full((3, 2), 1e30)}, "The ranking model .* not finite"),
    "too large to fold in": (
        {"ranking_factors": 1e9 * np.random.default_rng(0).standard_normal((3, 6))},
        "The ranking model cannot fold a person in",
    ),
    "NaN in a sparse matrix": (
        {"ranking_weights": sparse.csr_array(np.diag([0.0, 0.0, np.nan]))},
        "ranking_weights holds nan for item 'b'",
    ),
    "biases too few": (
        {"ranking_scores": NUMBERS, "rating_factors": (np.ones((3, 2)), np.ones(2))},
        "the biases of rating_factors",
    ),
    "NaN in stars": (
        {"ranking_scores": NUMBERS, "rating_factors": ([[np.nan], [1], [1]], NUMBERS)},
        "rating_factors holds nan for item 'c'",
    ),
    "no name": ({"ranking_scores": NUMBERS, "name": " "}, "no name"),
    "a reserved name": ({"ranking_scores": NUMBERS, "hyperparameters": {"imported": 1}}, "named 'imported'"),
    "no JSON": ({"ranking_scores": NUMBERS, "hyperparameters": {"f": len}}, "hyperparameters.*f"),
    "held out of two lengths": (
        {"ranking_scores": NUMBERS, "held_out": ([1.0, 2.0], [1.0])},
        r"held_out .* \(2,\) and actual ones of \(1,\)",
    ),
    "coverage": ({"ranking_scores": NUMBERS, "held_out": ([1.0], [1.0]), "coverage": 90}, "coverage of 90"),
}


@pytest.mark.parametrize(("arguments", "complaint"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_and_nothing_is_written(
    tmp_path: Path, arguments: Mapping[str, Any], complaint: str
) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        _bundle(tmp_path, **arguments)
    assert list(tmp_path.iterdir()) == []


def test_numbers_as_ids_are_the_texts_that_the_catalogue_has(tmp_path: Path) -> None:
    ratings = TrainingSet.from_frame(frame_of(("1", "10", 4.0, 1), ("1", "9", 2.0, 2)))
    bundle = _bundle(tmp_path, ratings, item_ids=np.array([9, 10]), ranking_scores=[1.0, 2.0])
    assert bundle.items.ids == ("10", "9")
    assert_array_equal(bundle.ranking.to_arrays()["popularity"], [1.0, 0.5])
