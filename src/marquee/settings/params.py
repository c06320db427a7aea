"""configs/params.yaml: what a training run does."""

from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from marquee.domain.errors import InvalidInput
from marquee.settings.documents import Document, load_document

Seed: TypeAlias = Annotated[int, Field(ge=0, lt=2**32)]
Positive: TypeAlias = Annotated[float, Field(gt=0)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class DataParams(Document):
    name: str = "ml-100k"


class BiasesParams(Document):
    """The baseline for stars."""

    algorithm: Literal["biases"] = "biases"
    item_damping: Annotated[float, Field(ge=0)] = 5.0
    user_damping: Annotated[float, Field(ge=0)] = 5.0


class SvdParams(Document):
    """The names are scikit-surprise's."""

    algorithm: Literal["svd"] = "svd"
    n_factors: Annotated[int, Field(ge=1, le=2000)] = 100
    n_epochs: Annotated[int, Field(ge=1, le=10_000)] = 80
    lr_all: Annotated[float, Field(gt=0, le=1)] = 0.005
    reg_all: Annotated[float, Field(ge=0, le=100)] = 0.1
    seed: Seed = 0


class BayesSvdppParams(Document):
    """See `marquee.models.bayes_svdpp_gibbs.train`."""

    algorithm: Literal["bayes-svdpp"] = "bayes-svdpp"
    n_factors: Annotated[int, Field(ge=1, le=200)] = 10
    n_sweeps: Annotated[int, Field(ge=1, le=10_000)] = 200
    burn_in: Annotated[int, Field(ge=0, le=10_000)] = 40
    n_samples: Annotated[int, Field(ge=1, le=1000)] = 20
    n_implicit: Annotated[int, Field(ge=0, le=10_000)] = 2000
    seed: Seed = 0


RatingParams: TypeAlias = SvdParams | BayesSvdppParams | BiasesParams


class PopularityParams(Document):
    """The baseline for rankings; `half_life` in days, null counts every rating the same."""

    algorithm: Literal["popularity"] = "popularity"
    damping: Annotated[float, Field(ge=0)] = 50.0
    half_life: Positive | None = None
    profile: Share = 0.0


class EaseParams(Document):
    """See `marquee.models.ease.train`."""

    algorithm: Literal["ease"] = "ease"
    regularization: Positive = 300.0
    dislike: Share = 0.5
    exponent: Share = 0.5
    item_features: Annotated[float, Field(ge=0)] = 10.0
    user_features: Annotated[float, Field(ge=0)] = 1.0


class IalsParams(Document):
    """See `marquee.models.ials.train`."""

    algorithm: Literal["ials"] = "ials"
    n_factors: Annotated[int, Field(ge=1, le=2000)] = 64
    n_epochs: Annotated[int, Field(ge=1, le=1000)] = 12
    alpha: Annotated[float, Field(ge=0)] = 0.2
    regularization: Positive = 0.02
    frequency_exponent: Share = 1.0
    dislike: Share = 0.5
    seed: Seed = 0


class ItemKnnParams(Document):
    """See `marquee.models.item_knn.train`."""

    algorithm: Literal["item-knn"] = "item-knn"
    neighbours: Annotated[int, Field(ge=1, le=10_000)] = 200
    popularity_exponent: Share = 0.7
    activity_exponent: Annotated[float, Field(ge=0, le=2)] = 0.75
    shrinkage: Annotated[float, Field(ge=0)] = 1.0
    dislike: Share = 0.5


class ContentParams(Document):
    """See `marquee.models.content.train`."""

    algorithm: Literal["content"] = "content"
    year_weight: Annotated[float, Field(ge=0)] = 2.0
    word_weight: Annotated[float, Field(ge=0)] = 1.0
    damping: Positive = 10.0
    dislike: Share = 0.5


class VaeParams(Document):
    """See `marquee.models.vae.train`."""

    algorithm: Literal["vae"] = "vae"
    n_hidden: Annotated[int, Field(ge=1, le=10_000)] = 600
    n_latent: Annotated[int, Field(ge=1, le=10_000)] = 200
    n_epochs: Annotated[int, Field(ge=1, le=10_000)] = 50
    batch_size: Annotated[int, Field(ge=1, le=100_000)] = 64
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    beta: Annotated[float, Field(ge=0)] = 0.2
    dislike: Share = 0.5
    seed: Seed = 0


ComponentParams: TypeAlias = (
    EaseParams | IalsParams | ItemKnnParams | ContentParams | VaeParams | PopularityParams
)


class BlendWeights(Document):
    """One weight a model: for people whose newest rating was trained with, and for those active since."""

    returning: tuple[Annotated[float, Field(ge=0)], ...]
    active: tuple[Annotated[float, Field(ge=0)], ...]


class BlendParams(Document):
    """A weighted sum of models; without `weights` they are learnt on the newest share of the ratings."""

    algorithm: Literal["blend"] = "blend"
    models: Annotated[
        tuple[Annotated[ComponentParams, Field(discriminator="algorithm")], ...], Field(min_length=1)
    ] = (EaseParams(), PopularityParams(half_life=7.0))
    weights: BlendWeights | None = None
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    seed: Seed = 0

    @model_validator(mode="after")
    def _one_weight_a_model(self) -> Self:
        for kind in ("returning", "active") if self.weights is not None else ():
            if len(given := getattr(self.weights, kind)) != len(self.models):
                raise ValueError(f"{len(self.models)} models have {len(given)} weights ({kind})")
        return self


RankingParams: TypeAlias = ComponentParams | BlendParams


class IntervalParams(Document):
    """How the interval around predicted stars is measured: on a random share of the ratings."""

    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.9
    share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    seed: Seed = 0


def _named(default: str) -> BeforeValidator:
    """Hyperparameters without a name are those of the default algorithm."""

    def name(value: object) -> object:
        return {"algorithm": default, **value} if isinstance(value, dict) else value

    return BeforeValidator(name)


AnyRating: TypeAlias = Annotated[RatingParams, Field(discriminator="algorithm"), _named("svd")]
AnyRanking: TypeAlias = Annotated[RankingParams, Field(discriminator="algorithm"), _named("ease")]
RATING: TypeAdapter[RatingParams] = TypeAdapter(AnyRating)
RANKING: TypeAdapter[RankingParams] = TypeAdapter(AnyRanking)


class EvaluationParams(Document):
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    k: Annotated[int, Field(ge=1, le=1000)] = 10


class Params(Document):
    data: DataParams = DataParams()
    rating: AnyRating = SvdParams()
    ranking: AnyRanking = EaseParams()
    intervals: IntervalParams | None = IntervalParams()
    evaluation: EvaluationParams = EvaluationParams()


RATING_ALGORITHMS = ("svd", "bayes-svdpp", "biases")
RANKING_ALGORITHMS = ("ease", "ials", "item-knn", "content", "vae", "popularity", "blend")


def with_algorithms(params: Params, rating: str | None, ranking: str | None) -> Params:
    """The same with other algorithms, with the defaults of those that the document does not choose itself.

    Raises:
        InvalidInput: there is no algorithm of that name.
    """
    changed: dict[str, RatingParams | RankingParams] = {}
    if rating is not None and rating != params.rating.algorithm:
        changed["rating"] = RATING.validate_python({"algorithm": _known(rating, RATING_ALGORITHMS)})
    if ranking is not None and ranking != params.ranking.algorithm:
        changed["ranking"] = RANKING.validate_python({"algorithm": _known(ranking, RANKING_ALGORITHMS)})
    return params.model_copy(update=changed)


def _known(name: str, algorithms: tuple[str, ...]) -> str:
    if name not in algorithms:
        raise InvalidInput(f"No algorithm is called {name!r}.", hint=f"There are {', '.join(algorithms)}.")
    return name


def load_params(path: Path) -> Params:
    """Read `params.yaml`; raises ConfigurationError naming the file and the key."""
    return load_document(path, Params)
