"""Mult-VAE: a variational autoencoder of what a person rates, trained in NumPy alone.

Liang, Krishnan, Hoffman and Jebara, "Variational autoencoders for collaborative filtering" (WWW 2018).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from marquee.domain.history import History
from marquee.models.arrays import blas_threads, check_names, checked, rows_of
from marquee.models.liking import Liking
from marquee.models.protocol import Arrays, Csr, Float32, Rows, State, States

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet

Floats: TypeAlias = NDArray[np.floating[Any]]

FIRST_MOMENT, SECOND_MOMENT, TINY = 0.9, 0.999, 1e-8  # Adam's, as its paper has them


class Weights(NamedTuple):
    """All that is trained: n_hidden units in each hidden layer, n_latent between encoder and decoder."""

    into_encoder: Floats  # (n_items, n_hidden)
    encoder_bias: Floats  # (n_hidden,)
    into_mean: Floats  # (n_hidden, n_latent)
    mean_bias: Floats  # (n_latent,)
    into_spread: Floats  # (n_hidden, n_latent), of the logarithm of the variance
    spread_bias: Floats  # (n_latent,)
    into_decoder: Floats  # (n_latent, n_hidden)
    decoder_bias: Floats  # (n_hidden,)
    into_items: Floats  # (n_items, n_hidden)
    item_bias: Floats  # (n_items,)


@dataclass(frozen=True, slots=True, eq=False)
class Vae:
    """score(u, i) = <d_u, into_items_i> + item_bias_i, the logit of u's next rating being that of i.

    The state is d_u, the decoder's hidden layer at the encoder's mean, shape (n_hidden,):

        x = liking / |liking|,  e = tanh(x into_encoder + encoder_bias),
        d = tanh((e into_mean + mean_bias) into_decoder + decoder_bias).

    Attributes:
        weights: float32; the two of the spread serve the training alone and have no rows or columns.
        liking: what stars count.
    """

    algorithm: ClassVar[str] = "vae"

    weights: Weights
    liking: Liking

    @property
    def n_items(self) -> int:
        return len(self.weights.item_bias)

    @property
    def state_size(self) -> int:
        return len(self.weights.decoder_bias)

    @property
    def scores_new(self) -> bool:
        return False

    def fold_in(self, history: History) -> State:
        weights = self.weights
        rows, liked = self.liking.of_history(history)
        length = np.linalg.norm(liked)
        # Of length 1, as in the training, unless there is less to go by than one rating.
        x = liked * np.float32(history.evidence) / length if length > 0 else liked
        encoded = np.tanh(x @ weights.into_encoder.take(rows, axis=0) + weights.encoder_bias)
        mean = encoded @ weights.into_mean + weights.mean_bias
        return np.asarray(np.tanh(mean @ weights.into_decoder + weights.decoder_bias), dtype=np.float32)

    def fold_in_many(self, histories: Sequence[History]) -> States:
        states = np.empty((len(histories), self.state_size), dtype=np.float32)
        for row, history in enumerate(histories):
            states[row] = self.fold_in(history)
        return states

    def score(self, state: State, rows: Rows | None = None) -> Float32:
        into, bias = rows_of(self.weights.into_items, rows), rows_of(self.weights.item_bias, rows)
        return np.asarray(into @ state + bias, dtype=np.float32)

    def score_many(self, states: States) -> Float32:
        return np.asarray(states @ self.weights.into_items.T + self.weights.item_bias, dtype=np.float32)

    def score_new(self, state: State, features: Csr) -> Float32:
        """The lowest score of all: where the training puts an item that nobody has rated."""
        return np.full(features.shape[0], self.score(state).min(), dtype=np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        served = {name: getattr(self.weights, name) for name in _SERVED}
        return {**served, "liking": self.liking.to_array()}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        check_names(arrays, (*_SERVED, "liking"))
        bias = checked(arrays, "item_bias", np.float32, (None,))
        hidden = checked(arrays, "encoder_bias", np.float32, (None,))
        latent = checked(arrays, "mean_bias", np.float32, (None,))
        shapes = _shapes(len(bias), len(hidden), len(latent))
        served = {name: checked(arrays, name, np.float32, shapes[name]) for name in _SERVED}
        return cls(Weights(**served, **_NO_SPREAD), Liking.from_arrays(arrays))


_NO_SPREAD = {"into_spread": np.empty((0, 0), np.float32), "spread_bias": np.empty(0, np.float32)}
_SERVED = tuple(name for name in Weights._fields if name not in _NO_SPREAD)


def _shapes(n_items: int, n_hidden: int, n_latent: int) -> dict[str, tuple[int, ...]]:
    return {
        "into_encoder": (n_items, n_hidden),
        "encoder_bias": (n_hidden,),
        "into_mean": (n_hidden, n_latent),
        "mean_bias": (n_latent,),
        "into_spread": (n_hidden, n_latent),
        "spread_bias": (n_latent,),
        "into_decoder": (n_latent, n_hidden),
        "decoder_bias": (n_hidden,),
        "into_items": (n_items, n_hidden),
        "item_bias": (n_items,),
    }


def train(
    ratings: "TrainingSet",
    *,
    n_hidden: int = 600,
    n_latent: int = 200,
    n_epochs: int = 50,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.01,
    dropout: float = 0.5,
    beta: float = 0.2,
    dislike: float = 0.5,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Vae:
    """Minimise the paper's loss (eq. 5) by Adam, over the people in batches.

    For hundreds to tens of thousands of items: a step costs batch_size x n_items x n_hidden.

    Args:
        n_hidden, n_latent, n_epochs, batch_size: at least 1.
        learning_rate: of Adam, above 0; falls to 0 along a cosine.
        weight_decay: the share of each weight, times the learning rate, that a step takes away (AdamW).
        dropout: the share of a person's ratings hidden from the encoder, at least 0, below 1.
        beta: weight of the divergence from the prior; rises to this in the first half of the training.
        dislike: of `Liking`.
        seed: of the first weights, the batches, the dropout and the noise.
        threads: of BLAS; the same number gives the same bytes.
        progress: called after each epoch with how many are done, and of how many.
    """
    random = np.random.default_rng(seed)
    liking = Liking.of(ratings, dislike)
    cells = (liking(ratings.ratings), (ratings.user_rows, ratings.item_rows))
    liked = sparse.csr_array(cells, shape=(ratings.n_users, ratings.n_items))
    liked = liked[np.diff(liked.indptr) > 0]
    weights = first_weights(ratings.n_items, n_hidden, n_latent, random)
    adam = _Adam(weights, weight_decay)
    n_steps = n_epochs * -(-liked.shape[0] // batch_size)
    step = 0
    with blas_threads(threads):
        for epoch in range(n_epochs):
            for batch in _batches(liked, batch_size, random):
                shown = _hidden(_normalised(batch), dropout, random)
                noise = random.standard_normal((batch.shape[0], n_latent), dtype=np.float32)
                annealed = beta * min(1.0, 2.0 * step / n_steps)
                gradients = loss_and_gradients(weights, shown, batch.toarray(), noise, annealed)[1]
                adam.step(gradients, learning_rate * 0.5 * (1.0 + np.cos(np.pi * step / n_steps)))
                step += 1
            if progress is not None:
                progress(epoch + 1, n_epochs)
    return Vae(weights._replace(**_NO_SPREAD), liking)


def loss_and_gradients(
    weights: Weights, shown: Csr, rated: Floats, noise: Floats, beta: float
) -> tuple[float, Weights]:
    """Minus the evidence bound of a batch, mean over its people, and its derivatives by each weight.

    Args:
        shown: what the encoder sees, shape (batch, n_items).
        rated: what the decoder should say, shape (batch, n_items), at least 0.
        noise: standard normal, shape (batch, n_latent).
        beta: weight of the divergence.
    """
    people = len(rated)
    encoded = np.tanh(shown @ weights.into_encoder + weights.encoder_bias)
    mean = encoded @ weights.into_mean + weights.mean_bias
    log_variance = encoded @ weights.into_spread + weights.spread_bias
    variance = np.exp(log_variance)
    latent = mean + noise * np.sqrt(variance)
    decoded = np.tanh(latent @ weights.into_decoder + weights.decoder_bias)
    logits = decoded @ weights.into_items.T + weights.item_bias
    logits -= logits.max(axis=1, keepdims=True)
    shares = np.exp(logits)
    totals = shares.sum(axis=1, keepdims=True)
    shares /= totals
    missed = -float((rated * (logits - np.log(totals))).sum()) / people
    divergence = 0.5 * float((mean**2 + variance - 1.0 - log_variance).sum()) / people

    d_logits = (shares * rated.sum(axis=1, keepdims=True) - rated) / people
    d_decoded = (d_logits @ weights.into_items) * (1.0 - decoded**2)
    d_latent = d_decoded @ weights.into_decoder.T
    d_mean = d_latent + (beta / people) * mean
    d_spread = 0.5 * (d_latent * noise * np.sqrt(variance) + (beta / people) * (variance - 1.0))
    d_encoded = (d_mean @ weights.into_mean.T + d_spread @ weights.into_spread.T) * (1.0 - encoded**2)
    gradients = Weights(
        into_encoder=shown.T @ d_encoded,
        encoder_bias=d_encoded.sum(axis=0),
        into_mean=encoded.T @ d_mean,
        mean_bias=d_mean.sum(axis=0),
        into_spread=encoded.T @ d_spread,
        spread_bias=d_spread.sum(axis=0),
        into_decoder=latent.T @ d_decoded,
        decoder_bias=d_decoded.sum(axis=0),
        into_items=d_logits.T @ decoded,
        item_bias=d_logits.sum(axis=0),
    )
    return missed + beta * divergence, gradients


class _Adam:
    """Kingma and Ba, "Adam" (2015), decaying as in Loshchilov and Hutter (2019); changes weights in place."""

    def __init__(self, weights: Weights, decay: float) -> None:
        self._weights = weights
        self._decay = decay
        self._means = [np.zeros_like(weight) for weight in weights]
        self._squares = [np.zeros_like(weight) for weight in weights]
        self._steps = 0

    def step(self, gradients: Weights, rate: float) -> None:
        self._steps += 1
        first = rate / (1.0 - FIRST_MOMENT**self._steps)
        second = 1.0 / (1.0 - SECOND_MOMENT**self._steps)
        for weight, gradient, mean, square in zip(
            self._weights, gradients, self._means, self._squares, strict=True
        ):
            mean += (1.0 - FIRST_MOMENT) * (gradient - mean)
            square += (1.0 - SECOND_MOMENT) * (gradient**2 - square)
            if weight.ndim > 1:
                weight *= 1.0 - rate * self._decay
            weight -= first * mean / (np.sqrt(square * second) + TINY)


def first_weights(n_items: int, n_hidden: int, n_latent: int, random: np.random.Generator) -> Weights:
    """Normal, with the variance 2 / (units before + units after) of Glorot and Bengio (2010); biases 0."""
    shapes = _shapes(n_items, n_hidden, n_latent)
    return Weights(**{name: _drawn(shape, random) for name, shape in shapes.items()})


def _drawn(shape: tuple[int, ...], random: np.random.Generator) -> Float32:
    if len(shape) == 1:
        return np.zeros(shape, dtype=np.float32)
    return random.standard_normal(shape, dtype=np.float32) * np.float32(np.sqrt(2.0 / sum(shape)))


def _batches(liked: Csr, size: int, random: np.random.Generator) -> Iterator[Csr]:
    order = random.permutation(liked.shape[0])
    for start in range(0, len(order), size):
        yield liked[order[start : start + size]]


def _normalised(batch: Csr) -> Csr:
    lengths = np.sqrt(np.asarray((batch * batch).sum(axis=1)))
    return _with_values(batch, batch.data / np.repeat(np.maximum(lengths, TINY), np.diff(batch.indptr)))


def _hidden(batch: Csr, share: float, random: np.random.Generator) -> Csr:
    """A share of the values set to 0, and the rest raised so that their sum stays what it was on average."""
    kept = random.random(len(batch.data), dtype=np.float32) >= share
    return _with_values(batch, batch.data * kept / (1.0 - share))


def _with_values(batch: Csr, values: Floats) -> Csr:
    return sparse.csr_array((values.astype(np.float32), batch.indices, batch.indptr), shape=batch.shape)
