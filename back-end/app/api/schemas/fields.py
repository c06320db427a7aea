"""Kinds of values that many messages share."""

from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, Strict

from marquee.domain.ids import LONGEST_ID, fault_of
from marquee.domain.limits import LONGEST_WORD, fault_of_attributes
from marquee.domain.words import CONTROLS, shows_something

LONGEST_CURSOR = 1024


def checked_id(value: str) -> str:
    """An id that may be looked up; what may name something new is the store's to say."""
    fault = fault_of(value)
    if fault is not None:
        raise ValueError(f"the {fault}")
    return value


def decoded_id(value: str) -> str:
    """An id from a path that is still percent-encoded, so that `%2F` is part of the id."""
    try:
        return checked_id(unquote_to_bytes(value).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError("an id must be percent-encoded UTF-8") from error


def checked_text(value: str) -> str:
    """Text as Postgres can keep it."""
    if "\0" in value:
        raise ValueError("must not hold a NUL character")
    return value


def checked_line(value: str) -> str:
    """Text that shows something, on one line."""
    if not value.strip():
        raise ValueError("must not be blank")
    if CONTROLS.search(value):
        raise ValueError("must not hold control characters or line breaks")
    return value


def checked_words(value: str) -> str:
    """Text that a reader can see."""
    if not shows_something(value):
        raise ValueError("must show something")
    return value


def checked_attributes(attributes: dict[str, JsonValue]) -> dict[str, JsonValue]:
    fault = fault_of_attributes(attributes)
    if fault is not None:
        raise ValueError(fault)
    return attributes


Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID), AfterValidator(checked_id)]
CHECKED_TEXT = AfterValidator(checked_text)  # behind a `Field`: it would count items, not characters
CHECKED_WORDS = AfterValidator(checked_words)
Text = Annotated[str, CHECKED_TEXT]
Reason = Annotated[str, Field(min_length=1, max_length=1000), CHECKED_TEXT, CHECKED_WORDS]
ReasonIfAny = Annotated[
    str, Field(max_length=1000), CHECKED_TEXT, AfterValidator(lambda value: value and checked_words(value))
]

_PATH_ID = "Any characters, percent-encoded; a slash within an id is `%2F`."
ItemIdInPath = Annotated[
    str, BeforeValidator(decoded_id), Path(description=f"The item's id. {_PATH_ID}", examples=["50"])
]
UserIdInPath = Annotated[
    str, BeforeValidator(decoded_id), Path(description=f"The person's id. {_PATH_ID}", examples=["42"])
]
EventIdInPath = Annotated[
    str, BeforeValidator(decoded_id), Path(description=f"The event's id. {_PATH_ID}", examples=["c1f3-0001"])
]

Word = Annotated[str, Field(min_length=1, max_length=LONGEST_WORD), AfterValidator(checked_line)]
Attributes = Annotated[
    dict[str, JsonValue],
    Field(
        description="whatever else is known; texts and numbers, also in lists, help to recommend it",
        examples=[{"director": "Carol Reed"}],
    ),
    AfterValidator(checked_attributes),
]

Stars = Annotated[float, Strict(), Field(allow_inf_nan=False, description="stars", examples=[4.5])]
PageLimit = Annotated[int, Query(ge=1, le=200, description="entries on a page, at most")]
Cursor = Annotated[
    str | None,
    Query(max_length=LONGEST_CURSOR, description="`next_cursor` of the page before; the first page has none"),
]
NextCursor = Annotated[
    str | None, Field(description="give it as `cursor` to have the next page; null on the last page")
]
SearchText = Annotated[
    str,
    Query(max_length=200, description="text to look for, whatever its case and accents"),
    AfterValidator(checked_text),
]
# The largest is a setting: `ListMaker.size` checks it, and the OpenAPI document states it.
ListSize = Annotated[
    int, Field(ge=1, description="entries; default and largest: configs/serving.yaml", examples=[10])
]


class Message(BaseModel):
    """Base of what a client sends: a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Answer(BaseModel):
    """Base of what a client gets; every field is always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
