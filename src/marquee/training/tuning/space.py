"""What a study may try: values by paths of `params.yaml`, from the ranges of `tuning.yaml`."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from marquee.domain.errors import ConfigurationError, InvalidInput, NotFound
from marquee.settings import Params, Tuning
from marquee.settings.documents import keys_of
from marquee.settings.tuning import Choices, Dimension, Range, Role, Value

if TYPE_CHECKING:  # half a second: only who tunes pays for it
    from optuna.trial import Trial

LARGEST_GRID = 10_000


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """The dimensions of one algorithm, and the parameters that they vary.

    Attributes:
        role: what is tuned.
        algorithm: of that role.
        base: `params.yaml` with that algorithm chosen; what is not varied stays like this.
        dimensions: by path, such as `rating.n_factors`.
    """

    role: Role
    algorithm: str
    base: Params
    dimensions: Mapping[str, Dimension]

    def params(self, values: Mapping[str, Value]) -> Params:
        """The base with some values by their paths.

        Raises:
            InvalidInput: a path that is no parameter, or a value that it cannot have.
        """
        content = self.base.model_dump()
        for path, value in values.items():
            _put(content, path, value)
        try:
            return Params.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(keys_of(first["loc"], content))
            raise InvalidInput(f"{place}: {first['msg']} (it is {first.get('input')!r}).") from error

    def suggest(self, trial: "Trial") -> dict[str, Value]:
        """One value a dimension, chosen by the trial's sampler."""
        return {path: _suggest(trial, path, dimension) for path, dimension in self.dimensions.items()}

    def grid(self, seed: int) -> list[dict[str, Value]]:
        """Every combination, shuffled: a grid that is ended early has looked everywhere a little.

        Raises:
            InvalidInput: there are more than `LARGEST_GRID`.
        """
        values = [dimension.grid() for dimension in self.dimensions.values()]
        size = int(np.prod([len(column) for column in values], dtype=np.float64))
        if size > LARGEST_GRID:
            raise InvalidInput(
                f"The grid of {self.algorithm} has {size:,} points; at most {LARGEST_GRID:,} are possible.",
                hint="Lower `points` in configs/tuning.yaml, or sample with --sampler random.",
            )
        combinations = [dict(zip(self.dimensions, row, strict=True)) for row in itertools.product(*values)]
        order = np.random.default_rng(seed).permutation(len(combinations))
        return [combinations[place] for place in order.tolist()]


def search_space(tuning: Tuning, params: Params, role: Role, algorithm: str | None = None) -> SearchSpace:
    """The space of an algorithm, by default the one that `params.yaml` chooses for the role.

    Raises:
        NotFound: `tuning.yaml` has no space for it.
        ConfigurationError: a path of it is no parameter of the algorithm, or an end of a range not allowed.
    """
    chosen = algorithm or getattr(params, role).algorithm
    if chosen not in tuning.algorithms(role):
        known = ", ".join(tuning.algorithms(role)) or "none"
        raise NotFound(
            f"configs/tuning.yaml has no space for the {role} algorithm {chosen!r}.", hint=f"It has: {known}."
        )
    space = SearchSpace(role, chosen, _choosing(params, role, chosen), tuning.spaces[chosen])
    for path, value in _ends(space.dimensions):
        try:
            space.params({path: value})
        except InvalidInput as error:
            raise ConfigurationError(f"configs/tuning.yaml: spaces.{chosen}: {error.message}") from error
    return space


def _choosing(params: Params, role: Role, algorithm: str) -> Params:
    """`params` with another algorithm at its defaults, or as they are if it is the same one."""
    if getattr(params, role).algorithm == algorithm:
        return params
    try:
        return Params.model_validate({**params.model_dump(), role: {"algorithm": algorithm}})
    except ValidationError as error:
        raise ConfigurationError(
            f"configs/tuning.yaml: spaces.{algorithm}: there is no such {role} algorithm."
        ) from error


def _ends(dimensions: Mapping[str, Dimension]) -> Iterator[tuple[str, Value]]:
    for path, dimension in dimensions.items():
        for value in dimension.ends:
            yield path, value


def _suggest(trial: "Trial", path: str, dimension: Dimension) -> Value:
    if isinstance(dimension, Choices):
        chosen: Value = trial.suggest_categorical(path, dimension.choices)
        return chosen
    return _suggest_number(trial, path, dimension)


def _suggest_number(trial: "Trial", path: str, wanted: Range) -> int | float:
    if wanted.whole:
        step = 1 if wanted.step is None else int(wanted.step)
        return trial.suggest_int(path, int(wanted.low), int(wanted.high), step=step, log=wanted.log)
    step_size = None if wanted.step is None else float(wanted.step)
    return trial.suggest_float(path, float(wanted.low), float(wanted.high), step=step_size, log=wanted.log)


def _put(content: dict[str, Any], path: str, value: Value) -> None:
    """Set a value in nested dictionaries; a part of the path that is not there is made, and refused later."""
    *parents, name = path.split(".")
    for parent in parents:
        child = content.setdefault(parent, {})
        if not isinstance(child, dict):
            raise InvalidInput(f"{path}: {parent} has no parts.")
        content = child
    content[name] = value
