import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from marquee.domain.history import History
from marquee.models import vae
from marquee.models.training_set import TrainingSet
from marquee.models.vae import Weights, first_weights, loss_and_gradients
from tests.support.ratings import checkerboard, liked_only

SMALL = {"n_hidden": 5, "n_latent": 3, "n_epochs": 2, "batch_size": 8}


def _problem() -> tuple[Weights, sparse.csr_array, np.ndarray, np.ndarray]:
    """Weights, and four people over six items, in float64: finite differences need its digits."""
    random = np.random.default_rng(5)
    first = first_weights(n_items=6, n_hidden=4, n_latent=3, random=random)
    weights = Weights(*(weight + 0.1 * random.standard_normal(weight.shape) for weight in first))
    rated = random.random((4, 6)) * (random.random((4, 6)) < 0.6)
    shown = rated * (random.random((4, 6)) < 0.7)
    return weights, sparse.csr_array(shown), rated, random.standard_normal((4, 3))


@pytest.mark.parametrize("name", Weights._fields)
def test_gradients_are_the_finite_differences_of_the_loss(name: str) -> None:
    weights, shown, rated, noise = _problem()
    gradient = getattr(loss_and_gradients(weights, shown, rated, noise, 0.3)[1], name)
    step = 1e-5
    for place in np.ndindex(gradient.shape):
        losses = []
        for sign in (1, -1):
            moved = getattr(weights, name).copy()
            moved[place] += sign * step
            losses.append(loss_and_gradients(weights._replace(**{name: moved}), shown, rated, noise, 0.3)[0])
        assert gradient[place] == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-5, abs=1e-8)


def test_the_loss_of_weights_of_zero_is_that_of_guessing() -> None:
    """Every item is as likely as any other, log 6 a rating, and the posterior is the prior."""
    weights, shown, rated, noise = _problem()
    nothing = Weights(*(np.zeros_like(weight) for weight in weights))
    loss, _ = loss_and_gradients(nothing, shown, rated, noise, 1.0)
    assert loss == pytest.approx(rated.sum() * np.log(6) / 4)


def test_the_divergence_is_that_of_a_normal_from_the_standard_one() -> None:
    """Mean 2 and variance e for each of 3 numbers: (4 + e - 1 - 1) / 2 each, by the closed form."""
    weights, shown, rated, noise = _problem()
    nothing = Weights(*(np.zeros_like(weight) for weight in weights))
    moved = nothing._replace(mean_bias=np.full(3, 2.0), spread_bias=np.ones(3))
    without, with_it = (loss_and_gradients(moved, shown, rated, noise, beta)[0] for beta in (0.0, 1.0))
    assert with_it - without == pytest.approx(3 * (2 + np.e) / 2)


def test_serving_is_the_encoders_mean_through_the_decoder() -> None:
    ratings = TrainingSet.from_frame(checkerboard())
    model = vae.train(ratings, **SMALL, dislike=0.5)
    weights = model.weights
    x = np.zeros(ratings.n_items)
    x[[1, 4]] = [0.5, 1.0]
    x /= np.sqrt(1.25)
    encoded = np.tanh(x @ weights.into_encoder + weights.encoder_bias)
    latent = encoded @ weights.into_mean + weights.mean_bias
    decoded = np.tanh(latent @ weights.into_decoder + weights.decoder_bias)
    state = model.fold_in(History.of([1, 4], [1.0, 5.0], [0, 0]))
    assert_allclose(state, decoded, rtol=1e-5, atol=1e-6)
    assert_allclose(
        model.score(state), weights.into_items @ decoded + weights.item_bias, rtol=1e-5, atol=1e-6
    )


def test_tastes_are_learnt() -> None:
    """Even people like even items: those they have not rated come before the odd ones."""
    ratings = TrainingSet.from_frame(liked_only(checkerboard()))
    model = vae.train(ratings, n_hidden=16, n_latent=4, n_epochs=60, batch_size=8, learning_rate=0.01)
    scores = model.score(model.fold_in(History.of([0, 2, 4], [5.0] * 3, [0] * 3)))
    assert scores[6::2].min() > scores[1::2].max()


def test_an_item_nobody_has_heard_of_stands_last() -> None:
    ratings = TrainingSet.from_frame(checkerboard())
    model = vae.train(ratings, **SMALL)
    state = model.fold_in(ratings.histories()[0])
    new = model.score_new(state, sparse.csr_array((2, 0), dtype=np.float32))
    assert new.tolist() == [model.score(state).min()] * 2


def test_progress_is_told_after_every_epoch() -> None:
    told: list[tuple[int, int]] = []
    ratings = TrainingSet.from_frame(checkerboard())
    vae.train(ratings, **SMALL, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]
