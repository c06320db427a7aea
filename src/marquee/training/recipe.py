"""A recipe: algorithms and their hyperparameters. Recipes are compared; a model is one made of data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import ValidationError

from marquee.domain.errors import InvalidInput
from marquee.models.imported import imported_name
from marquee.models.manifest import Manifest
from marquee.settings.params import RANKING, RATING, IntervalParams, Params, RankingParams, RatingParams
from marquee.store.versions import ModelVersion


@dataclass(frozen=True, slots=True)
class Recipe:
    """Two recipes that are equal make the same models of the same data."""

    rating: RatingParams
    ranking: RankingParams
    intervals: IntervalParams | None = None

    @classmethod
    def of(cls, params: Params) -> Self:
        return cls(params.rating, params.ranking, params.intervals)

    @classmethod
    def of_version(cls, version: ModelVersion) -> Self:
        """The recipe of a registered version.

        Raises:
            InvalidInput: this program cannot train that recipe (another release made it), or it was imported.
        """
        return cls._stored(version.algorithms, version.hyperparameters, f"version {version.version}")

    @classmethod
    def of_manifest(cls, manifest: Manifest) -> Self:
        """The recipe of a bundle.

        Raises:
            InvalidInput: this program cannot train that recipe (another release made it), or it was imported.
        """
        return cls._stored(manifest.algorithms.model_dump(), manifest.hyperparameters, "this bundle")

    @classmethod
    def _stored(
        cls, algorithms: Mapping[str, str], hyperparameters: Mapping[str, Mapping[str, Any]], whose: str
    ) -> Self:
        try:
            parts = {
                role: {"algorithm": algorithms[role], **hyperparameters[role]}
                for role in ("rating", "ranking")
            }
            intervals = hyperparameters.get("intervals")
            return cls(
                RATING.validate_python(parts["rating"]),
                RANKING.validate_python(parts["ranking"]),
                IntervalParams.model_validate(intervals) if intervals else None,
            )
        except (ValidationError, KeyError) as error:
            if (name := imported_name(hyperparameters)) is not None:
                raise InvalidInput(
                    f"There is no recipe to train {whose} by: it was imported, as {name!r}.",
                    hint="Train it where it comes from, and import the new one.",
                ) from error
            raise InvalidInput(
                f"This release cannot train the recipe of {whose}: {_first(error)}.",
                hint="Promote a version of this release, or go back to the release that trained it.",
            ) from error

    @property
    def algorithms(self) -> dict[str, str]:
        return {"rating": self.rating.algorithm, "ranking": self.ranking.algorithm}

    @property
    def hyperparameters(self) -> dict[str, dict[str, Any]]:
        """By role, under the algorithms' own names."""
        return {
            "rating": self.rating.model_dump(mode="json", exclude={"algorithm"}),
            "ranking": self.ranking.model_dump(mode="json", exclude={"algorithm"}),
            "intervals": {} if self.intervals is None else self.intervals.model_dump(mode="json"),
        }

    @property
    def seed(self) -> int:
        """The rating model's, or where nothing in it is random the ranking's, or 0."""
        seeds = (getattr(part, "seed", None) for part in (self.rating, self.ranking))
        return next((seed for seed in seeds if seed is not None), 0)

    @property
    def flat(self) -> Mapping[str, object]:
        """`rating.algorithm`, `rating.n_factors`, …: as trackers want parameters."""
        algorithms = {f"{role}.algorithm": name for role, name in self.algorithms.items()}
        values = {
            f"{role}.{name}": value
            for role, group in self.hyperparameters.items()
            for name, value in group.items()
        }
        return algorithms | values


def _first(error: ValidationError | KeyError) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
