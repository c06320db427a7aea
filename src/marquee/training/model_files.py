"""One model in a folder, between two stages of the pipeline: its arrays, and the name of its algorithm."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from marquee.domain.errors import DataError
from marquee.models.arrays import save
from marquee.models.protocol import Scorer

AnyScorer = TypeVar("AnyScorer", bound=Scorer)

_ALGORITHM = "algorithm.txt"


def write_model(folder: Path, model: Scorer) -> None:
    """Write a model over the one before; the same model gives the same bytes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _ALGORITHM).write_text(f"{model.algorithm}\n", encoding="utf-8")
    for name, array in model.to_arrays().items():
        save(folder / f"{name}.npy", array)


def read_model(folder: Path, known: Mapping[str, type[AnyScorer]]) -> AnyScorer:
    """The model that `write_model` wrote.

    Args:
        known: classes by the names of their algorithms.

    Raises:
        DataError: the folder holds no model of a known algorithm.
    """
    try:
        algorithm = (folder / _ALGORITHM).read_text(encoding="utf-8").strip()
        arrays = {path.stem: np.load(path, allow_pickle=False) for path in sorted(folder.glob("*.npy"))}
        return known[algorithm].from_arrays(arrays)
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{folder} holds no model ({error}).", hint="`dvc repro` makes it.") from error
