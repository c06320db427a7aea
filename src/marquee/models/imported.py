"""Models trained elsewhere: what they say of items, as arrays, becomes models that serve."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import JsonValue, ValidationError
from scipy import sparse

from marquee.domain.errors import InvalidInput
from marquee.domain.history import UNKNOWN_ROW, ItemIndex
from marquee.models import biases, fallback
from marquee.models.arrays import by_columns
from marquee.models.ease import MAX_ITEMS, Ease
from marquee.models.ials import Ials, Penalties
from marquee.models.interval import StarsInterval, calibrate
from marquee.models.liking import Liking
from marquee.models.manifest import Facts
from marquee.models.model_set import ModelSet
from marquee.models.popularity import Popularity
from marquee.models.protocol import Float32, Float64, Int32, RatingModel, Scorer
from marquee.models.svd import Svd
from marquee.settings.params import BiasesParams

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet

IMPORTED, HOW_FOLDED = "imported", "fold_in"
FOLD_IN = Penalties(alpha=0.2, regularization=0.02, frequency_exponent=1.0)  # the defaults of `ials.train`
TRIED = 100  # people for whom the models must have an answer before they are written

Matrix: TypeAlias = ArrayLike | sparse.sparray | sparse.spmatrix


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """What another library knows of items; row r of every array is item `item_ids[r]`.

    Exactly one of the three for the order; `bundle_from_arrays` says what each means.

    Raises:
        InvalidInput: there are none or several.
    """

    item_ids: Iterable[object]
    ranking_factors: ArrayLike | None = None
    ranking_weights: Matrix | None = None
    ranking_scores: ArrayLike | None = None
    rating_factors: tuple[ArrayLike, ArrayLike] | None = None

    def __post_init__(self) -> None:
        given = sum(
            value is not None for value in (self.ranking_factors, self.ranking_weights, self.ranking_scores)
        )
        if given != 1:
            raise InvalidInput(
                f"{given} of ranking_factors, ranking_weights and ranking_scores are given.",
                hint="Give exactly one: it decides the order of lists.",
            )


def imported_models(
    exported: Exported,
    ratings: "TrainingSet",
    *,
    dislike: float,
    fold_in: Penalties,
    held_out: tuple[ArrayLike, ArrayLike] | None,
    coverage: float,
) -> ModelSet:
    """The models that serve, with everything that was not exported trained from `ratings`.

    Raises:
        InvalidInput: naming the argument, and the item, that is wrong.
    """
    order = _Order.of(exported.item_ids, ratings.items)
    models = ModelSet(
        items=ratings.items,
        rating=_rating(exported, order, ratings),
        ranking=_ranking(exported, order, Liking.of(ratings, dislike), fold_in),
        fallback=fallback.train(ratings),
        trained_through=ratings.trained_through,
        interval=None if held_out is None else _interval(held_out, coverage),
        item_vocabulary=ratings.item_features.vocabulary,
        user_vocabulary=ratings.user_features.vocabulary,
    )
    _check_answers(models, ratings)
    return models


def imported_facts(
    models: ModelSet,
    ratings: "TrainingSet",
    *,
    name: str,
    hyperparameters: Mapping[str, JsonValue],
    seed: int,
    snapshot_hash: str | None,
) -> Facts:
    """What the manifest says of imported models: under `imported`, in each role that was, their name.

    Raises:
        InvalidInput: the name is empty, or a hyperparameter is no JSON or has a reserved name.
    """
    if not name.strip():
        raise InvalidInput("The model has no name.", hint="Name it as people are to find it: name=…")
    for reserved in {IMPORTED, HOW_FOLDED} & hyperparameters.keys():
        raise InvalidInput(f"A hyperparameter is named {reserved!r}, which the manifest uses itself.")
    theirs: dict[str, JsonValue] = {IMPORTED: name, **hyperparameters}
    stars = BiasesParams().model_dump(mode="json", exclude={"algorithm"})
    try:
        return Facts(
            hyperparameters={
                "rating": theirs if models.rating.algorithm == Svd.algorithm else stars,
                "ranking": {**theirs, HOW_FOLDED: _how_folded(models.ranking)},
            },
            seed=seed,
            snapshot_hash=snapshot_hash or ratings.fingerprint(),
            n_users=ratings.n_users,
            n_ratings=len(ratings),
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidInput(f"The manifest cannot hold {place}: {first['msg']}.") from error


def imported_name(hyperparameters: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The name under which a model was imported; None where it was trained from a recipe.

    Args:
        hyperparameters: by role, as a manifest or a registered version has them.
    """
    names = (values.get(IMPORTED) for values in hyperparameters.values())
    return next((str(name) for name in names if name is not None), None)


def _how_folded(ranking: Scorer) -> dict[str, JsonValue]:
    """What was chosen here, not by the exporter."""
    match ranking:
        case Ials():
            return {"dislike": ranking.liking.dislike, **asdict(ranking.penalties)}
        case Ease():
            return {"dislike": ranking.liking.dislike}
    return {}


def _rating(exported: Exported, order: "_Order", ratings: "TrainingSet") -> RatingModel:
    if exported.rating_factors is None:
        return biases.train(ratings)
    factors, item_biases = exported.rating_factors
    return Svd(
        ratings.mean,
        order.placed("the biases of rating_factors", item_biases, dimensions=1),
        order.placed("rating_factors", factors, dimensions=2),
    )


def _ranking(exported: Exported, order: "_Order", liking: Liking, fold_in: Penalties) -> Scorer:
    if exported.ranking_factors is not None:
        factors = order.placed("ranking_factors", exported.ranking_factors, dimensions=2)
        with np.errstate(over="ignore"):  # found by `_check_answers`
            return Ials(by_columns(factors), factors.T @ factors, fold_in, liking)
    if exported.ranking_weights is not None:
        return replace(Ease.of_weights(_weights(exported.ranking_weights, order)), liking=liking)
    assert exported.ranking_scores is not None  # noqa: S101 - for the type checker
    return Popularity.of_scores(_popularity(exported.ranking_scores, order))


def _weights(values: Matrix, order: "_Order") -> Float32:
    """In the catalogue's order, zero on the diagonal: what an item says of itself is never asked."""
    if order.n_items > MAX_ITEMS:
        raise InvalidInput(
            f"ranking_weights would be of {order.n_items:,} items squared; the most are {MAX_ITEMS:,}.",
            hint="Export item factors: ranking_factors.",
        )
    given = order.checked("ranking_weights", _dense(values), dimensions=2)
    order.check_shape("ranking_weights", given, (len(order.ids), len(order.ids)))
    weights = np.zeros((order.n_items, order.n_items), dtype=np.float32)
    weights[np.ix_(order.rows, order.rows)] = given
    np.fill_diagonal(weights, 0.0)
    return weights


def _dense(values: Matrix) -> ArrayLike:
    return values.toarray() if isinstance(values, sparse.sparray | sparse.spmatrix) else values


def _popularity(scores: ArrayLike, order: "_Order") -> Float32:
    """Each score's place among the different ones, over how many there are: above 0, up to 1 for the highest.

    So any numbers keep their order and their ties, and items without a score, having 0, come last.
    """
    given = order.checked("ranking_scores", scores, dimensions=1)
    distinct, places = np.unique(given, return_inverse=True)
    popularity = np.zeros(order.n_items, dtype=np.float32)
    popularity[order.rows] = (places + 1) / len(distinct)
    return popularity


def _interval(held_out: tuple[ArrayLike, ArrayLike], coverage: float) -> StarsInterval:
    predicted, actual = (
        _numbers(f"the {part} stars of held_out", values).astype(np.float32)
        for part, values in zip(("predicted", "actual"), held_out, strict=True)
    )
    if predicted.ndim != 1 or predicted.shape != actual.shape or not len(predicted):
        raise InvalidInput(
            f"held_out has predicted stars of the shape {predicted.shape} and actual ones of {actual.shape}.",
            hint="Give two lists of one length, at least 1.",
        )
    if not (np.isfinite(predicted).all() and np.isfinite(actual).all()):
        raise InvalidInput("held_out holds stars that are not finite.")
    if not 0 < coverage < 1:
        raise InvalidInput(f"A coverage of {coverage:g} is not between 0 and 1.")
    return calibrate(predicted, actual, coverage)


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """Where the exporter's rows belong.

    Attributes:
        ids: in the exporter's order.
        rows: of the catalogue, shape (len(ids),).
        n_items: of the catalogue.
    """

    ids: tuple[str, ...]
    rows: Int32
    n_items: int

    @classmethod
    def of(cls, item_ids: Iterable[object], catalogue: ItemIndex) -> Self:
        ids = tuple(str(item_id) for item_id in item_ids)
        if not ids:
            raise InvalidInput("item_ids is empty.", hint="Name the item of each row.")
        for item_id, count in Counter(ids).items():
            if count > 1:
                raise InvalidInput(f"Item {item_id!r} stands {count} times in item_ids.")
        rows = catalogue.rows(ids)
        unknown = np.flatnonzero(rows == UNKNOWN_ROW)
        if len(unknown):
            raise InvalidInput(
                f"{len(unknown)} of {len(ids)} item_ids are not in the catalogue of the ratings: "
                f"first {ids[unknown[0]]!r}.",
                hint="Leave them out with their rows, or give ratings with the whole catalogue "
                "(TrainingSet.from_tables).",
            )
        return cls(ids, rows, len(catalogue))

    def placed(self, name: str, values: ArrayLike, *, dimensions: int) -> Float32:
        """Rows in the catalogue's order, float32; zeros where nothing was exported."""
        given = self.checked(name, values, dimensions=dimensions)
        rows = np.zeros((self.n_items, *given.shape[1:]), dtype=np.float32)
        rows[self.rows] = given
        return rows

    def checked(self, name: str, values: ArrayLike, *, dimensions: int) -> Float64:
        """Finite numbers, also as float32, with a row an id."""
        given = _numbers(name, values)
        if given.ndim != dimensions or 0 in given.shape:
            wanted = "one number an item" if dimensions == 1 else "a matrix with a row an item"
            raise InvalidInput(f"{name} has the shape {given.shape}; {wanted} is needed.")
        self.check_shape(name, given, (len(self.ids), *given.shape[1:]))
        with np.errstate(over="ignore"):
            wrong = np.argwhere(~np.isfinite(given.astype(np.float32)))
        if len(wrong):
            place = tuple(wrong[0].tolist())
            raise InvalidInput(
                f"{name} holds {given[place]} for item {self.ids[place[0]]!r}.",
                hint="Every value must be a finite number of 32 bits.",
            )
        return given

    def check_shape(self, name: str, given: NDArray[Any], shape: tuple[int, ...]) -> None:
        if given.shape != shape:
            raise InvalidInput(
                f"{name} has the shape {given.shape}, not {shape}: item_ids names {len(self.ids)} items."
            )


def _numbers(name: str, values: ArrayLike) -> Float64:
    try:
        given = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise InvalidInput(f"{name} is no array: {error}.") from error
    if given.dtype.kind not in "biuf":
        raise InvalidInput(f"{name} holds {given.dtype} values, which are no real numbers.")
    return given.astype(np.float64)


def _check_answers(models: ModelSet, ratings: "TrainingSet") -> None:
    """Finite arrays may still be too large to solve for a person's factors."""
    histories = ratings.histories()[:TRIED]
    for role, model in (("rating", models.rating), ("ranking", models.ranking)):
        try:
            with np.errstate(all="ignore"):
                scores = model.score_many(model.fold_in_many(histories))
        except np.linalg.LinAlgError as error:
            raise InvalidInput(f"The {role} model cannot fold a person in: {error}.", hint=_SCALE) from error
        if not all(np.isfinite(array).all() for array in (scores, *model.to_arrays().values())):
            raise InvalidInput(f"The {role} model scores items with values that are not finite.", hint=_SCALE)


_SCALE = "Scale the exported values, so that they are of the order of 1."
