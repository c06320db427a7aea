"""JSON merge patches: what is there, changed as a request says, checked as a whole."""

from collections.abc import Mapping
from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from marquee.domain.merge_patch import merged

Body = TypeVar("Body", bound=BaseModel)


def patched(body: type[Body], document: Mapping[str, object], patch: BaseModel) -> Body:
    """The document after the patch.

    Args:
        body: what a whole document is.
        patch: only the fields that the client sent count.

    Raises:
        RequestValidationError: the document would not be whole, or not right.
    """
    whole = merged(document, patch.model_dump(exclude_unset=True))
    try:
        return body.model_validate(whole)
    except ValidationError as error:
        faults = [
            {**fault, "loc": ("body", *fault["loc"]), "msg": _message(fault, patch)}
            for fault in error.errors(include_url=False)
        ]
        raise RequestValidationError(faults, body=whole) from error


def _message(fault: ErrorDetails, patch: BaseModel) -> str:
    """What is wrong; a field that is missing because the client sent null for it was not forgotten."""
    taken_out = fault["type"] == "missing" and fault["loc"][0] in patch.model_fields_set
    return "may not be null" if taken_out else fault["msg"]
