"""Who is compared: from the words of a command line to recipes, and from recipes to contenders."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from sqlalchemy import Engine

from marquee.domain.errors import InvalidInput, NotFound
from marquee.evaluation.contest import Contender
from marquee.models.train import train_baselines, train_interval, train_models, train_rating
from marquee.settings import Params, load_params
from marquee.settings.params import RANKING, RATING, IntervalParams
from marquee.store import deployment, versions
from marquee.training.recipe import Recipe

CHAMPION, BASELINES = "champion", "baselines"
_EXPECTED = (
    "It is champion, baselines, a version's number, a params.yaml, or RATING+RANKING such as svd+ease."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody to be compared; `recipe` is None for the baselines."""

    name: str
    recipe: Recipe | None

    @property
    def described(self) -> str:
        """Algorithms and hyperparameters, in one line."""
        if self.recipe is None:
            return "biases for the stars, popularity for the order"
        return "; ".join(
            f"{role} {name} {json.dumps(self.recipe.hyperparameters[role])}"
            for role, name in self.recipe.algorithms.items()
        )

    def contender(self, threads: int) -> Contender:
        """How it is trained."""
        if self.recipe is None:
            return Contender(self.name, train_baselines, lambda past: train_baselines(past).rating)
        rating, ranking, intervals = self.recipe.rating, self.recipe.ranking, self.recipe.intervals
        return Contender(
            self.name,
            lambda past: train_models(past, rating, ranking, intervals=intervals, threads=threads).models,
            lambda past: train_rating(past, rating, threads=threads)[0],
            None
            if intervals is None
            else lambda past: train_interval(past, rating, intervals, threads=threads),
        )

    def to_json(self) -> str:
        """For a process of its own; `from_json` reads it."""
        recipe = None
        if self.recipe is not None:
            parts = (self.recipe.rating, self.recipe.ranking, self.recipe.intervals)
            recipe = [None if part is None else part.model_dump(mode="json") for part in parts]
        return json.dumps({"name": self.name, "recipe": recipe})

    @classmethod
    def from_json(cls, text: str) -> "Entry":
        content = json.loads(text)
        recipe = content["recipe"]
        return cls(content["name"], None if recipe is None else _recipe(*recipe))


def entries(words: Sequence[str], params: Params, engine: Callable[[], Engine]) -> list[Entry]:
    """What the words of `--compare` name, in their order.

    Args:
        params: hyperparameters for `RATING+RANKING`, where params.yaml has that algorithm; else the defaults.
        engine: the platform's database, for versions; asked for only when one is named.

    Raises:
        InvalidInput: a word names nothing, or two name the same.
        NotFound: there is no such version, or no champion.
    """
    found = [_entry(word, params, engine) for word in words]
    names = [entry.name for entry in found]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"{name} would be compared with itself.", hint="Name each contender once.")
    return found


def _entry(word: str, params: Params, engine: Callable[[], Engine]) -> Entry:
    if word == BASELINES:
        return Entry(word, None)
    if word == CHAMPION or word.isdecimal():
        return _registered(word, engine())
    path = Path(word)
    if path.is_file():
        return Entry(path.stem, Recipe.of(load_params(path)))
    if path.suffix in (".yaml", ".yml"):
        raise NotFound(f"There is no file {word}.", hint=_EXPECTED)
    rating, plus, ranking = word.partition("+")
    if not plus:
        raise InvalidInput(f"{word!r} names nothing that can be compared.", hint=_EXPECTED)
    return Entry(word, _of_algorithms(word, rating, ranking, params))


def _registered(word: str, engine: Engine) -> Entry:
    with engine.connect() as connection:
        number = deployment.get(connection).champion if word == CHAMPION else int(word)
        if number is None:
            raise NotFound(
                "No model is deployed, so there is no champion.", hint="`marquee train` makes one."
            )
        version = versions.get(connection, number)
    name = f"champion (version {number})" if word == CHAMPION else f"version {number}"
    return Entry(name, Recipe.of_version(version))


def _of_algorithms(word: str, rating: str, ranking: str, params: Params) -> Recipe:
    parts = [
        configured.model_dump() if configured.algorithm == name else {"algorithm": name}
        for configured, name in ((params.rating, rating), (params.ranking, ranking))
    ]
    try:
        return _recipe(parts[0], parts[1], params.intervals)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(f"{word!r}: {first['msg']} (it is {first['input']!r}).", hint=_EXPECTED) from error


def _recipe(
    rating: dict[str, Any], ranking: dict[str, Any], intervals: IntervalParams | dict[str, Any] | None
) -> Recipe:
    measured = None if intervals is None else IntervalParams.model_validate(intervals)
    return Recipe(RATING.validate_python(rating), RANKING.validate_python(ranking), measured)


def grid(entry: Entry, changes: Iterable[str]) -> list[Entry]:
    """The entry with each of some hyperparameters changed, one at a time: `ranking.regularization=100,300`.

    Raises:
        InvalidInput: a change is not of that form, or the recipe does not allow it.
    """
    return [changed for change in changes for changed in _changed(entry, change)]


def _changed(entry: Entry, change: str) -> list[Entry]:
    path, equals, values = change.partition("=")
    role, dot, name = path.partition(".")
    if entry.recipe is None or not (equals and dot) or role not in ("rating", "ranking"):
        raise InvalidInput(
            f"{change!r} changes no hyperparameter of {entry.name}.",
            hint="Write ROLE.NAME=VALUE,VALUE such as ranking.regularization=100,300,1000.",
        )
    parts = {"rating": entry.recipe.rating.model_dump(), "ranking": entry.recipe.ranking.model_dump()}
    found = []
    for value in values.split(","):
        changed = {**parts, role: {**parts[role], name: yaml.safe_load(value)}}
        try:
            recipe = _recipe(changed["rating"], changed["ranking"], entry.recipe.intervals)
        except ValidationError as error:
            raise InvalidInput(f"{path}={value}: {error.errors()[0]['msg']}.") from error
        found.append(replace(entry, name=f"{path} = {value}", recipe=recipe))
    return found
