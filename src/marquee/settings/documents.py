"""Reading a YAML file into a frozen, checked document."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from marquee.domain.errors import ConfigurationError


class Document(BaseModel):
    """Base of everything read from `configs/`: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


D = TypeVar("D", bound=Document)


def load_document(path: Path, kind: type[D]) -> D:
    """Read one YAML file.

    Raises:
        ConfigurationError: missing, not YAML, an unknown key or a wrong value; names the file and the key.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}).") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    try:
        return kind.model_validate(content if content is not None else {})
    except ValidationError as error:
        raise ConfigurationError(f"{path}: {_explained(error, content)}") from error


def _explained(error: ValidationError, content: object) -> str:
    """The first thing that is wrong: where, what, and what stands there."""
    first = error.errors()[0]
    place, value = list(_keys(first["loc"], content)), first.get("input")
    message = first["msg"]
    if first["type"] == "union_tag_invalid":
        place.append("algorithm")
        message, value = f"Input should be one of {first['ctx']['expected_tags']}", first["ctx"]["tag"]
    elif first["type"] == "union_tag_not_found":
        place.append("algorithm")
        message = "Field required"
    return f"{'.'.join(place) or 'the document'}: {message} (it is {value!r})."


def _keys(place: tuple[int | str, ...], content: object) -> Iterator[str]:
    """A place as it stands in the document: without the names of alternatives, which pydantic puts in."""
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
