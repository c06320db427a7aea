"""configs/params.yaml: what a training run does."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from marquee.settings.documents import Document, load_document


class DataParams(Document):
    name: str = "ml-100k"


class RatingParams(Document):
    """Hyperparameters of the model that predicts stars; the names are scikit-surprise's."""

    algorithm: Literal["svd"] = "svd"
    n_factors: Annotated[int, Field(ge=1, le=2000)] = 100
    n_epochs: Annotated[int, Field(ge=1, le=10_000)] = 80
    lr_all: Annotated[float, Field(gt=0, le=1)] = 0.005
    reg_all: Annotated[float, Field(ge=0, le=100)] = 0.1
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0


class RankingParams(Document):
    """Hyperparameters of the model that orders the catalogue."""

    algorithm: Literal["ease"] = "ease"
    regularization: Annotated[float, Field(gt=0)] = 300.0


class EvaluationParams(Document):
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    k: Annotated[int, Field(ge=1, le=1000)] = 10


class Params(Document):
    data: DataParams = DataParams()
    rating: RatingParams = RatingParams()
    ranking: RankingParams = RankingParams()
    evaluation: EvaluationParams = EvaluationParams()


def load_params(path: Path) -> Params:
    """Read `params.yaml`; raises ConfigurationError naming the file and the key."""
    return load_document(path, Params)
