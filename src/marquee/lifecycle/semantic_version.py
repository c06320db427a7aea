"""MAJOR.MINOR.PATCH of a model: MAJOR another algorithm, MINOR other hyperparameters, PATCH new data."""

from collections.abc import Mapping
from typing import Any

from marquee.store.versions import ModelVersion

FIRST = "1.0.0"


def next_semantic_version(
    previous: ModelVersion | None, *, algorithms: Mapping[str, str], hyperparameters: Mapping[str, Any]
) -> str:
    """The number of a version that is registered after `previous` (None: the first)."""
    if previous is None:
        return FIRST
    major, minor, patch = (int(part) for part in previous.semantic_version.split("."))
    if dict(previous.algorithms) != dict(algorithms):
        return f"{major + 1}.0.0"
    if dict(previous.hyperparameters) != dict(hyperparameters):
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"
