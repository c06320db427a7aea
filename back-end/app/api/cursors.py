"""Cursors: where the next page begins, as a text that clients hand back unread."""

import base64
import binascii
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from marquee.domain.errors import InvalidInput

T = TypeVar("T")


def encode_cursor(position: Any) -> str:
    """A position (what JSON can say, and named tuples) as URL-safe text."""
    return base64.urlsafe_b64encode(orjson.dumps(position, default=tuple)).rstrip(b"=").decode()


def decode_cursor(cursor: str, shape: TypeAdapter[T]) -> T:
    """The position that a cursor stands for; raises InvalidInput when it is not one of ours."""
    try:
        position = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        return shape.validate_json(position)
    except (binascii.Error, ValidationError, ValueError) as error:
        raise InvalidInput(
            "The cursor is not one that this list gave.", hint="Leave it out to begin at the first page."
        ) from error
