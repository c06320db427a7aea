from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from marquee.domain.history import History
from marquee.models import ials
from marquee.models.ials import Ials, Penalties
from marquee.models.liking import Liking
from marquee.models.protocol import Float32
from marquee.models.training_set import TrainingSet
from marquee.training.model_files import read_model, write_model
from tests.support.ratings import checkerboard, frame_of, liked_only

PENALTIES = {"alpha": 0.3, "regularization": 0.05, "frequency_exponent": 0.8, "dislike": 0.4}


@pytest.fixture(scope="module")
def ratings() -> TrainingSet:
    return TrainingSet.from_frame(checkerboard())


def _objective(ratings: TrainingSet, model: Ials) -> float:
    """The paper's loss, written out pair by pair, at the best users for the model's items."""
    users = np.array([model.fold_in(history) for history in ratings.histories()], dtype=np.float64)
    items = model.item_factors.astype(np.float64)
    scores = users @ items.T
    rated = np.zeros_like(scores)
    rated[ratings.user_rows, ratings.item_rows] = np.where(ratings.ratings == 5.0, 1.0, 0.4)
    loss = (rated * (1.0 - scores) ** 2).sum() + 0.3 * (scores**2).sum()
    for factors, counts, others in (
        (users, (rated > 0).sum(axis=1), len(items)),
        (items, (rated > 0).sum(axis=0), len(users)),
    ):
        loss += (0.05 * (counts + 0.3 * others) ** 0.8 * (factors**2).sum(axis=1)).sum()
    return float(loss)


@pytest.mark.parametrize("by", [np.ascontiguousarray, np.asfortranarray])
def test_nobody_has_a_state_of_zeros_and_blas_has_no_complaint(
    ratings: TrainingSet, by: Callable[[Float32], Float32], capfd: pytest.CaptureFixture[str]
) -> None:
    """BLAS writes to standard output what it refuses, and gives no error."""
    model = ials.train(ratings, n_factors=4, n_epochs=2, **PENALTIES)
    model = replace(model, item_factors=by(model.item_factors))
    assert_array_equal(model.fold_in(History.empty()), np.zeros(4))
    for n in (1, 2, 5, ratings.n_items):
        assert model.fold_in(History.of(range(n), [4.0] * n, [0] * n)).any()
    assert capfd.readouterr() == ("", "")


def test_a_state_worked_out_by_hand() -> None:
    """One factor, items 1 and 2; the second is rated: p = 2 / (2² + 0.5 (1² + 2²) + 0.1 (1 + 0.5 x 2))."""
    factors = np.array([[1.0], [2.0]], dtype=np.float32)
    model = Ials(factors, factors.T @ factors, Penalties(0.5, 0.1, 1.0), Liking(1.0, 5.0, 1.0))
    state = model.fold_in(History.of([1], [3.0], [0]))
    assert_allclose(state, [2 / 6.7], rtol=1e-6)
    assert_allclose(model.score(state), [2 / 6.7, 4 / 6.7], rtol=1e-6)


def test_a_state_is_the_least_squares_of_the_stacked_equations(ratings: TrainingSet) -> None:
    model = ials.train(ratings, n_factors=4, n_epochs=2, **PENALTIES)
    history = ratings.histories()[0]
    root = np.sqrt(np.where(history.ratings == 5.0, 1.0, 0.4))
    Q = model.item_factors.astype(np.float64)
    penalty = 0.05 * (len(history) + 0.3 * ratings.n_items) ** 0.8
    left = np.vstack((root[:, None] * Q[history.rows], np.sqrt(0.3) * Q, np.sqrt(penalty) * np.eye(4)))
    right = np.concatenate((root, np.zeros(ratings.n_items + 4)))
    assert_allclose(model.fold_in(history), np.linalg.lstsq(left, right)[0], rtol=1e-4, atol=1e-6)


def test_factors_lie_by_columns_on_disk_too_and_by_rows_mean_the_same(
    ratings: TrainingSet, tmp_path: Path
) -> None:
    """Bundles of before are by rows."""
    trained = ials.train(ratings, n_factors=4, n_epochs=2, **PENALTIES)
    write_model(tmp_path / "by-columns", trained)
    read = read_model(tmp_path / "by-columns", {"ials": Ials})
    assert isinstance(read, Ials)
    assert read.item_factors.flags.f_contiguous
    by_rows = replace(read, item_factors=np.ascontiguousarray(read.item_factors))
    for history in ratings.histories()[:5]:
        state = trained.fold_in(history)
        assert_array_equal(read.fold_in(history), state)
        assert_array_equal(read.score(state), trained.score(state))
        assert_allclose(by_rows.fold_in(history), state, rtol=1e-5)
        assert_allclose(by_rows.score(state), trained.score(state), rtol=1e-4, atol=1e-6)
        rows = history.rows[::-1].copy()
        assert_allclose(trained.score(state, rows), trained.score(state)[rows], rtol=1e-4, atol=1e-6)


def test_every_epoch_lowers_the_loss(ratings: TrainingSet) -> None:
    losses = [
        _objective(ratings, ials.train(ratings, n_factors=3, n_epochs=epochs, **PENALTIES))
        for epochs in range(1, 6)
    ]
    assert all(later < earlier for earlier, later in pairwise(losses))


def test_no_small_step_of_the_items_lowers_the_loss_in_the_end(ratings: TrainingSet) -> None:
    model = ials.train(ratings, n_factors=2, n_epochs=60, **PENALTIES)
    best = _objective(ratings, model)
    random = np.random.default_rng(0)
    for _ in range(20):
        step = 0.03 * random.standard_normal(model.item_factors.shape).astype(np.float32)
        factors = model.item_factors + step
        moved = Ials(factors, factors.T @ factors, model.penalties, model.liking)
        assert _objective(ratings, moved) > best


def test_tastes_are_learnt() -> None:
    """Even people like even items: those they have not rated come before the odd ones."""
    liked = TrainingSet.from_frame(liked_only(checkerboard()))
    model = ials.train(liked, n_factors=2, n_epochs=5)
    scores = model.score(model.fold_in(History.of([0, 2, 4], [5.0] * 3, [0] * 3)))
    assert scores[6::2].min() > scores[1::2].max()


def test_an_unrated_item_scores_nothing(ratings: TrainingSet) -> None:
    kept = ratings.take(np.flatnonzero(ratings.item_rows != 3))
    model = ials.train(kept, n_factors=2, n_epochs=2)
    assert model.score(model.fold_in(ratings.histories()[0]))[3] == 0.0


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_and_threads_do_not_matter(
    ratings: TrainingSet, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    whole = ials.train(ratings, n_factors=4, n_epochs=2)
    monkeypatch.setattr(ials, "ROWS_AT_ONCE", 7)
    assert ials.train(ratings, n_factors=4, n_epochs=2, threads=threads).item_factors.tobytes() == (
        whole.item_factors.tobytes()
    )


def test_progress_is_told_after_every_epoch(ratings: TrainingSet) -> None:
    told: list[tuple[int, int]] = []
    ials.train(ratings, n_factors=2, n_epochs=3, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_one_user_and_one_item() -> None:
    ratings = TrainingSet.from_frame(frame_of(("u", "x", 5.0, 1)))
    model = ials.train(ratings, n_factors=2, n_epochs=3)
    assert 0 < model.score(model.fold_in(ratings.histories()[0])).item() < 1
