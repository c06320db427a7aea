from datetime import UTC, datetime
from typing import Any

import pytest

from marquee.lifecycle.semantic_version import next_semantic_version
from marquee.store.versions import ModelVersion

SVD = {"rating": "svd", "ranking": "ease"}
BAYES = {"rating": "bayes-svdpp", "ranking": "ease"}
SMALL: dict[str, Any] = {"rating": {"n_factors": 20}}
LARGE: dict[str, Any] = {"rating": {"n_factors": 200}}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _version(number: str, algorithms: dict[str, str], hyperparameters: dict[str, Any]) -> ModelVersion:
    return ModelVersion(
        1, number, "approved", "run", "snapshot", NOW, algorithms, hyperparameters, {}, (), NOW
    )


def test_the_first_version_is_1_0_0() -> None:
    assert next_semantic_version([], algorithms=SVD, hyperparameters=SMALL) == "1.0.0"


@pytest.mark.parametrize(
    ("algorithms", "hyperparameters", "expected"),
    [
        (SVD, SMALL, "1.0.1"),  # new data
        (SVD, LARGE, "1.1.0"),  # other hyperparameters
        (BAYES, SMALL, "2.0.0"),  # another algorithm
    ],
)
def test_what_changed_decides_which_part_grows(
    algorithms: dict[str, str], hyperparameters: dict[str, Any], expected: str
) -> None:
    known = [_version("1.0.0", SVD, SMALL)]
    assert next_semantic_version(known, algorithms=algorithms, hyperparameters=hyperparameters) == expected


def test_an_experiment_in_between_does_not_renumber_the_recipe() -> None:
    known = [_version("1.0.0", SVD, SMALL), _version("1.1.0", SVD, LARGE), _version("1.0.1", SVD, SMALL)]
    assert next_semantic_version(known, algorithms=SVD, hyperparameters=SMALL) == "1.0.2"


def test_an_algorithm_that_comes_back_keeps_its_major_number() -> None:
    known = [_version("1.0.0", SVD, SMALL), _version("2.0.0", BAYES, SMALL)]
    assert next_semantic_version(known, algorithms=SVD, hyperparameters=LARGE) == "1.1.0"


def test_numbers_are_compared_as_numbers() -> None:
    known = [_version(f"1.0.{patch}", SVD, SMALL) for patch in (9, 10)]
    assert next_semantic_version(known, algorithms=SVD, hyperparameters=SMALL) == "1.0.11"
