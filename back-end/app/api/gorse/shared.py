"""What all of Gorse's calls have in common: who asks, pages, and numbers of entries."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AfterValidator, BeforeValidator, TypeAdapter

from app.api.cursors import decode_cursor, encode_cursor
from app.api.routing import ApiRoute, problems
from app.api.schemas.fields import LONGEST_CURSOR, Text, checked_text, decoded_id
from app.dependencies import WorkerDep
from app.security.callers import Caller, Level
from app.security.gate import header

PREFIX = "/gorse/api"
MOST_ON_A_PAGE = 1_000
LARGEST_N = 1_000_000  # that may be asked for; how many there are in an answer is another matter

READING = problems(400, 401, 403, 422, 429, 503)
WRITING = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)

_POSITION: TypeAdapter[str] = TypeAdapter(Text)


def router() -> APIRouter:
    return APIRouter(prefix=PREFIX, tags=["gorse"], route_class=ApiRoute)


async def caller_of(request: Request, worker: WorkerDep) -> Caller:
    """Whose key it is: in `X-API-Key`, as Gorse's clients send it, or in `Authorization`."""
    key = header(request.scope, b"x-api-key")
    if key is None:
        return worker.gate.caller(request.scope)
    return worker.gate.keyring.caller(key.strip())


GorseCaller = Annotated[Caller, Depends(caller_of)]


def _requires(level: Level) -> Any:
    async def check(caller: GorseCaller) -> Caller:
        caller.require(level)
        return caller

    return Depends(check)


READERS, WRITERS = _requires(Level.READ), _requires(Level.WRITE)

N = Annotated[int | None, Query(ge=0, le=LARGEST_N, description="entries, at most", examples=[10])]
Offset = Annotated[int, Query(ge=0, le=LARGEST_N, description="entries left out before")]
Cursor = Annotated[str, Query(max_length=LONGEST_CURSOR, description="of the page before; empty: the first")]
Category = Annotated[
    str, BeforeValidator(decoded_id), Path(description="Only items of this category.", examples=["Comedy"])
]
Kind = Annotated[
    str, BeforeValidator(decoded_id), Path(description="The type of the feedback.", examples=["like"])
]
UserId = Annotated[
    str | None,
    Query(alias="user-id", max_length=255, description="leave out what this user has seen"),
    AfterValidator(lambda value: value if value is None else checked_text(value)),
]


def page_size(n: int | None, default: int) -> int:
    """How many entries a page is to have."""
    return min(default if n is None else n, MOST_ON_A_PAGE)


def position(cursor: str) -> str | None:
    """Where a page begins; raises InvalidInput when the cursor is none of ours."""
    return decode_cursor(cursor, _POSITION) if cursor else None


def cursor_of(ids: list[str], limit: int) -> str:
    """The cursor of the page behind these ids, of which there is one more than the page has."""
    return encode_cursor(ids[limit - 1]) if len(ids) > limit > 0 else ""
