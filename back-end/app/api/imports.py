"""Imports: rows of any number, streamed in."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

import orjson
from fastapi import Path, Query, Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.routing import problems, router
from app.api.schemas.imports import ImportReport
from app.dependencies import CallerDep, WorkerDep
from app.problems import of_error, problem
from app.security.callers import Level
from app.serving.imports import RunningImport
from app.serving.worker import Worker
from marquee.data.imports.job import NO_SPOOL, Form, ImportJob, Kind
from marquee.domain.errors import MarqueeError

routes = router("imports and exports")

STREAM = "application/x-ndjson"
_FORMS: dict[str, Form] = {
    "text/csv": "csv",
    STREAM: "jsonl",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
}
_TOLD_SECONDS = 60.0  # for the workers to have read what was imported

KindInPath = Annotated[Kind, Path(description="what the rows are", examples=["ratings"])]
CreateItems = Annotated[
    bool, Query(description="whether ratings and events may make items, titled by their id")
]

_EXAMPLES = {
    "ratings": "user_id,item_id,rating,timestamp\n42,50,4.5,881250949\n42,172,4,2026-03-01T20:15:00Z\n",
    "items": 'item_id,title,year,genres,director\n50,Star Wars,1977,Action|Sci-Fi,"Lucas, George"\n',
    "users": "user_id,age,gender,occupation\n42,30,M,administrator\n",
    "events": "event_id,kind,user_id,item_id,at,value\ne-1,play,42,50,881250949,0.8\n",
}
_LINES = {
    "ratings": '{"user_id": "42", "item_id": "50", "rating": 4.5, "timestamp": 881250949}\n',
    "items": '{"item_id": "50", "title": "Star Wars", "year": 1977, "genres": ["Action", "Sci-Fi"]}\n',
}
_PROGRESS = (
    '{"type":"reject","line":3,"field":"rating","value":"x","reason":"rating is not a number"}\n'
    '{"type":"progress","rows":32769,"line":32770,"inserted":32768,"updated":0,"unchanged":0,"rejected":1}\n'
    '{"type":"report","rows":32769,"inserted":32768,"updated":0,"unchanged":0,"rejected":1}\n'
)


def _content(examples: dict[str, str]) -> dict[str, Any]:
    named = {name: {"value": value} for name, value in examples.items()}
    return {"schema": {"type": "string"}, "examples": named}


@routes.post(
    "/imports/{kind}",
    response_model=ImportReport,
    responses={
        **problems(400, 401, 403, 408, 415, 422, 429, 503),
        200: {"content": {STREAM: _content({"progress": _PROGRESS})}},
    },
    operation_id="import_rows",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "CSV with a header, or a JSON object a line, of any size; gzip is told by itself.",
            "content": {
                "text/csv": _content(_EXAMPLES),
                **{name: _content(_LINES) for name in _FORMS if name != "text/csv"},
            },
        }
    },
)
async def import_rows(
    kind: KindInPath,
    request: Request,
    worker: WorkerDep,
    caller: CallerDep,
    create_items: CreateItems = False,
) -> Response:
    """Import ratings, items, users or events. Good rows are kept, every bad one is reported with its line.

    Rows are written in batches, each in a transaction of its own: should an import break off, whole batches
    are in. Sent again, the same rows change nothing. Of ratings for one item the later counts, items and
    users are replaced, of events with one id the first stands. Ratings and events make people who are not
    there yet.

    With `Accept: application/x-ndjson` the answer begins at once: `progress` and every `reject` as they come,
    then `report`, or `error` with a problem. Otherwise it is the report, when all is done.
    """
    caller.require(Level.WRITE)
    job = _job(kind, request.headers, create_items=create_items)
    worker.require_database()
    async with AsyncExitStack() as stack:
        importing = RunningImport(job, request.stream(), worker.import_places, worker.settings.home / "run")
        running = await stack.enter_async_context(importing)
        answer = (Streamed if _wants_stream(request.headers) else Whole)(running, worker)
        await answer.prepare()
        answer.stack = stack.pop_all()
        return answer


def _job(kind: Kind, headers: Headers, *, create_items: bool) -> ImportJob:
    """What the headers say; raises HTTPException (415)."""
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    form = _FORMS.get(media_type.strip().lower())
    if form is None:
        raise HTTPException(415, f"Rows come as {', '.join(_FORMS)}: say which with Content-Type.")
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        raise HTTPException(415, "Content-Encoding may be gzip, or none.")
    return ImportJob(
        kind,
        form,
        spool=NO_SPOOL,
        compressed=coding != "identity",
        encoding=_charset(parameters),
        create_items=create_items,
    )


def _charset(parameters: str) -> str | None:
    """The encoding that a Content-Type names."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip(' "') or None
    return None


def _wants_stream(headers: Headers) -> bool:
    return any(name in headers.get("accept", "").lower() for name in (STREAM, "application/jsonl"))


class _Answer(Response):
    """The answer to an import; it keeps the import's resources until it has been sent."""

    media_type = STREAM

    def __init__(self, running: RunningImport, worker: Worker) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._running, self._worker = running, worker
        self._messages = self._heard()
        self._sent = 0
        self.stack = AsyncExitStack()

    async def prepare(self) -> None:
        """Wait until the answer may begin; raises what refuses the import."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 ASGI
        async with self.stack:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for piece in self._pieces(scope):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _pieces(self, scope: Scope) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def _heard(self) -> AsyncIterator[dict[str, Any]]:
        """What the import says; before the last of it, every worker has read what was imported."""
        try:
            async for message in self._running.messages():
                if message["type"] == "report":
                    await self._worker.all_caught_up(_TOLD_SECONDS)
                yield message
        except BaseException:
            self._worker.bell.ring()  # for what was committed before
            raise

    def _rejects(self, end: int) -> Iterator[bytes]:
        """Bad rows that were not sent yet, in pieces of whole lines."""
        start, self._sent = self._sent, end
        return self._running.rejects(start, end)


class Streamed(_Answer):
    """Lines as there is something to say."""

    async def prepare(self) -> None:
        self._first = await anext(self._messages)

    async def _pieces(self, scope: Scope) -> AsyncIterator[bytes]:
        for line in self._lines(self._first):
            yield line
        try:
            async for message in self._messages:
                for line in self._lines(message):
                    yield line
        except MarqueeError as error:
            yield _error_line(of_error(scope, error))
        except HTTPException as error:  # the client stopped sending
            detail = "The body did not arrive in time."
            yield _error_line(problem(scope, error.status_code, "request-timeout", "Request timeout", detail))
        except ClientDisconnect:
            return  # nobody is there to be told

    def _lines(self, message: dict[str, Any]) -> Iterator[bytes]:
        """A message behind the bad rows that it counts."""
        for piece in self._rejects(message["spooled"]):
            yield _TYPED.sub(b'{"type":"reject",', piece)
        yield _line(message)


class Whole(_Answer):
    """One JSON document when all is done."""

    media_type = "application/json"

    async def prepare(self) -> None:
        async for message in self._messages:
            self._report = message

    async def _pieces(self, scope: Scope) -> AsyncIterator[bytes]:  # noqa: ARG002  the other answer needs it
        facts = {name: value for name, value in self._report.items() if name not in _NOT_TOLD}
        yield orjson.dumps(facts)[:-1] + b',"rejects":['
        separator = b""
        for piece in self._rejects(self._report["spooled"]):
            yield separator + piece[:-1].replace(b"\n", b",")
            separator = b","
        yield b"]}"


_NOT_TOLD = frozenset({"type", "spooled"})
_TYPED = re.compile(rb"^\{", re.MULTILINE)


def _line(message: dict[str, Any]) -> bytes:
    told = {name: value for name, value in message.items() if name != "spooled"}
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def _error_line(problem: Response) -> bytes:
    return b'{"type":"error","problem":%b}\n' % bytes(problem.body)
