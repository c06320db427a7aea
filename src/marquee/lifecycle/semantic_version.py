"""MAJOR.MINOR.PATCH of a model: MAJOR the algorithms, MINOR the hyperparameters, PATCH the data.

Recipes are numbered as they first come: every version of one recipe shares MAJOR.MINOR, so that a rejected
experiment in between does not change the number under which the champion's recipe goes on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from marquee.store.versions import ModelVersion


class SemanticVersion(NamedTuple):
    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `1.2.3`; raises ValueError for anything else."""
        major, minor, patch = (int(part) for part in text.split("."))
        return cls(major, minor, patch)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def next_semantic_version(
    known: Sequence[ModelVersion], *, algorithms: Mapping[str, str], hyperparameters: Mapping[str, Any]
) -> str:
    """The number of a new version of a recipe; 1.0.0 for the very first.

    Args:
        known: every version that is registered.
    """
    family = [version for version in known if dict(version.algorithms) == dict(algorithms)]
    recipe = [version for version in family if dict(version.hyperparameters) == dict(hyperparameters)]
    if recipe:
        newest = _newest(recipe)
        return str(newest._replace(patch=newest.patch + 1))
    if family:
        newest = _newest(family)
        return str(SemanticVersion(newest.major, newest.minor + 1, 0))
    return str(SemanticVersion(_newest(known).major + 1, 0, 0))


def _newest(versions: Sequence[ModelVersion]) -> SemanticVersion:
    numbers = (SemanticVersion.parse(version.semantic_version) for version in versions)
    return max(numbers, default=SemanticVersion(0, 0, 0))
