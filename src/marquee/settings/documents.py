"""Reading a YAML file into a frozen, checked document."""

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
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ConfigurationError(
            f"{path}: {place}: {first['msg']} (it is {first.get('input')!r})."
        ) from error
