"""Exports: whole tables, streamed out in the form in which they may be imported."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import Path, Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.routing import problems, router
from app.dependencies import CallerDep, WorkerDep
from app.security.callers import Level
from app.serving.pipes import PIECE, PipedChild
from marquee.domain.errors import Unavailable
from marquee.store.exports import Format, Kind

routes = router("imports and exports")

_MEDIA_TYPES: dict[Format, str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_SEND_SECONDS = 60.0  # in which a client must take a piece: Postgres keeps old rows until the export ends
_MODULE = "marquee.data.exports"

KindInPath = Annotated[Kind, Path(description="which table", examples=["ratings"])]
FormatQuery = Annotated[Format, Query(alias="format", description="CSV with a header, or JSON lines")]

_TEXT: dict[str, Any] = {"schema": {"type": "string"}}


@routes.get(
    "/exports/{kind}",
    responses={
        **problems(400, 401, 403, 422, 429, 503),
        200: {
            "description": "The rows, by their keys",
            "content": {
                "text/csv": {**_TEXT, "example": "user_id,item_id,rating,timestamp\n42,50,4.5,881250949\n"},
                "application/x-ndjson": {
                    **_TEXT,
                    "example": '{"user_id":"42","item_id":"50","rating":4.5,"timestamp":881250949}\n',
                },
            },
        },
    },
    response_class=Response,
    operation_id="export_rows",
)
async def export_rows(
    kind: KindInPath, worker: WorkerDep, caller: CallerDep, form: FormatQuery = "csv"
) -> Response:
    """All ratings, items, users or events, as of one moment, in the form that imports take.

    Imported into an empty platform (items and users first), they are exported byte for byte the same. Times
    are unix seconds. Items need the scope `read`; what is about people needs `operate`.
    """
    caller.require(Level.READ if kind == "items" else Level.OPERATE)
    worker.require_database()
    async with AsyncExitStack() as stack:
        stack.enter_context(worker.export_places.one())
        child = await stack.enter_async_context(PipedChild(_MODULE, [kind, form]))
        first = await child.output.read(PIECE)
        if not first and await child.exit_code() != 0:
            raise await _failure(child)
        return Exported(child, first, stack.pop_all(), _MEDIA_TYPES[form], f"{kind}.{form}")


class Exported(Response):
    """What a child process writes; cut off, not ended, when that fails midway."""

    def __init__(
        self, child: PipedChild, first: bytes, stack: AsyncExitStack, media_type: str, name: str
    ) -> None:
        super().__init__(
            media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )
        del self.headers["content-length"]
        self._child, self._first, self._stack = child, first, stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 ASGI
        async with self._stack:
            gone = asyncio.create_task(_hung_up(receive))
            self._stack.callback(gone.cancel)
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for piece in self._pieces():
                if gone.done():  # what is sent to nobody is thrown away without a word
                    return
                async with asyncio.timeout(_SEND_SECONDS):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield self._first
        while piece := await self._child.output.read(PIECE):
            yield piece
        if await self._child.exit_code() != 0:
            raise await _failure(self._child)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _failure(child: PipedChild) -> Exception:
    if await child.exit_code() == Unavailable.exit_code:
        return Unavailable("The database cannot be reached.", hint="Try again in a moment.")
    return RuntimeError("An export ended early; the log says why.")
