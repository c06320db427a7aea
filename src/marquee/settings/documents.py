"""Reading a YAML file into a frozen, checked document."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from marquee.domain.errors import ConfigurationError

NOT_A_NUMBER = PydanticCustomError("not_a_number", "a number is needed, not yes or no")


class Document(BaseModel):
    """Base of everything read from `configs/`: unknown keys are refused, values do not change.

    YAML's `yes` and `no` are no numbers, though Python's `True` and `False` would pass for 1 and 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_number_is_a_boolean(cls, content: object) -> object:
        # Of the whole, since a field that tells alternatives apart may have no such validator of its own.
        fields = content.items() if isinstance(content, dict) else ()
        wrong = [(name, value) for name, value in fields if _has_boolean(value) and cls._takes_numbers(name)]
        if wrong:
            faults: list[InitErrorDetails] = [
                {"type": NOT_A_NUMBER, "loc": (name,), "input": value} for name, value in wrong
            ]
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return content

    @classmethod
    def _takes_numbers(cls, name: object) -> bool:
        """Whether a field takes numbers, and no booleans."""
        field = cls.model_fields.get(str(name))
        kinds = set() if field is None else set(_kinds(field.annotation))
        return bool not in kinds and not kinds.isdisjoint((int, float))


def _has_boolean(value: object) -> bool:
    values = value if isinstance(value, list | tuple) else (value,)
    return any(isinstance(each, bool) for each in values)


def _kinds(annotation: object) -> Iterable[object]:
    """A type and all that it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from _kinds(part)


D = TypeVar("D", bound=Document)


def load_document(path: Path, kind: type[D]) -> D:
    """Read one YAML file.

    Raises:
        ConfigurationError: missing, empty, not YAML, unknown keys, wrong values; names the file and each key.
    """
    content = _parse(path, _read(path))
    if content is None:
        raise ConfigurationError(
            f"{path} is empty.",
            hint="Bring back the file that came with Marquee; `{}` stands for all defaults.",
        )
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(_fault(each, content, kind) for each in error.errors())
        raise ConfigurationError(f"{path}: {faults}.") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 (byte {error.start + 1}).") from error


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping, as YAML says; with PyYAML's own the last one wins."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if (key.tag, key.value) in seen:
                raise yaml.composer.ComposerError(
                    problem=f"the key {key.value} stands twice", problem_mark=key.start_mark
                )
            seen.add((key.tag, key.value))
        return node


def _parse(path: Path, text: str) -> object:
    try:
        return yaml.load(text, _Loader)  # noqa: S506, it is a safe one
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}," if mark else ""
        what = ", ".join(part for part in (error.problem, error.context) if part)
        raise ConfigurationError(f"{path}{where} is not YAML: {what}.") from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        character = f"the character {text[error.position]!r} may not stand there"
        raise ConfigurationError(
            f"{path}, line {line}, column {column}, is not YAML: {character}."
        ) from error


def _fault(error: ErrorDetails, content: object, kind: type[Document]) -> str:
    """Where, what is wrong, and what stands there."""
    place, value = list(keys_of(error["loc"], content)), error.get("input")
    said = error["msg"].removeprefix("Value error, ")  # pydantic's words for what our own validators say
    if error["type"] == "union_tag_invalid":
        place.append("algorithm")
        said, value = f"Input should be one of {error['ctx']['expected_tags']}", error["ctx"]["tag"]
    if error["type"] == "extra_forbidden":
        others = ", ".join(_keys_beside(error["loc"], kind))
        return f"{'.'.join(place)}: there is no such key; there are {others}"
    if not place:
        return f"the document: {said}"  # which need not be repeated
    return f"{'.'.join(place)}: {said} (it is {value!r})"


def _keys_beside(place: tuple[int | str, ...], kind: type[Document]) -> list[str]:
    """The keys that a document may have at an error's place."""
    kinds, is_key = [kind], False
    for part in place[:-1]:
        fields = [each.model_fields[part] for each in kinds if part in each.model_fields]
        if fields and not is_key:
            inner = [each for field in fields for each in _kinds(field.annotation)]
            kinds = [each for each in inner if isinstance(each, type) and issubclass(each, Document)]
            is_key = any(get_origin(each) in (dict, Mapping) for each in inner)  # what follows names no field
        else:  # a number or key within a field, or the name of an alternative
            kinds = [each for each in kinds if part in _alternatives(each)] or kinds
            is_key = False
    return sorted({name for each in kinds for name in each.model_fields})


def _alternatives(kind: type[Document]) -> tuple[object, ...]:
    algorithm = kind.model_fields.get("algorithm")
    return () if algorithm is None else get_args(algorithm.annotation)


def keys_of(place: tuple[int | str, ...], content: object) -> Iterator[str]:
    """An error's place as the document has it: without the names of alternatives that pydantic puts in."""
    for position, part in enumerate(place):
        if isinstance(content, dict) and part not in content and position < len(place) - 1:
            continue
        yield str(part)
        content = _inside(content, part)


def _inside(content: object, part: int | str) -> object:
    if isinstance(content, dict):
        return content.get(part)
    if isinstance(content, list) and isinstance(part, int) and part < len(content):
        return content[part]
    return None
