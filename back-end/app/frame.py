"""What surrounds every request: its id, its path as sent, its time and size, the headers of the answer."""

import asyncio
import logging
import os
import re
import time

from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from app.metrics import observe_request
from app.problems import problem
from app.security.hosts import Hosts
from marquee.settings.logs import request_id_of_context

LARGEST_BODY = 1_000_000  # bytes
BODY_SECONDS = 30.0  # in which a body must have arrived

logger = logging.getLogger("marquee.app")

_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NO_ROUTE = "(none)"
_THOSE_THAT_LAST = ("/api/v1/imports/", "/api/v1/exports/")
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_NOT_KEPT = (b"cache-control", b"no-store")  # answers are about people, and of this moment


class Frame:
    """The outermost middleware: plain ASGI, one for all, because each layer costs every request.

    The path that routes see stays percent-encoded, as the client sent it: servers decode `%2F` before they
    route, and an id with a slash would become two segments.
    """

    def __init__(self, app: ASGIApp, hosts: Hosts, body_seconds: float = BODY_SECONDS) -> None:
        self.app = app
        self._hosts = hosts
        self._body_seconds = body_seconds
        self._worker = (b"x-marquee-worker", str(os.getpid()).encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = str(uuid7())
        request_id_of_context.set(request_id)
        scope.setdefault("state", {})["request_id"] = request_id
        scope["path"] = path = scope["raw_path"].decode("ascii")
        headers = [(b"x-request-id", request_id.encode()), self._worker, _NO_SNIFFING]
        if path.startswith("/api/"):
            headers.append(_NOT_KEPT)
        status = 500

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].extend(headers)
            await send(message)

        try:
            refusal = self._refusal(scope)
            if refusal is None:
                lasts = path.startswith(_THOSE_THAT_LAST)
                await self.app(scope, _in_time(receive, self._body_seconds, lasts=lasts), framed)
            else:
                await refusal(scope, receive, framed)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            observe_request(scope["method"], route, status, seconds)
            logger.debug("%s %s %d %.1f ms", scope["method"], route, status, seconds * 1000)

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that no route is to see; None for all others."""
        if _BROKEN_PERCENT.search(scope["path"]):
            detail = "The path holds a % that two hexadecimal digits do not follow; write it as %25."
            return problem(scope, 400, "malformed-path", "Malformed path", detail)
        if not self._hosts.allow(scope):
            detail = (
                "This service does not answer to the name in the header Host. "
                "Names beyond localhost are allowed with MARQUEE_ALLOWED_HOSTS."
            )
            return problem(scope, 421, "misdirected-request", "Misdirected request", detail)
        if _is_too_large(scope):
            detail = f"The body may have {LARGEST_BODY:,} bytes at most."
            return problem(scope, 413, "too-large", "Too large", detail, headers={"Connection": "close"})
        return None


class BodyLimit(RequestBodyLimitMiddleware):
    """Bodies have a largest size, except where rows are streamed."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, LARGEST_BODY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_THOSE_THAT_LAST):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _in_time(receive: Receive, seconds: float, *, lasts: bool) -> Receive:
    """`receive`, which gives up when the body is not there in time; waiting for a client to go has no end.

    Args:
        lasts: whether the time is that of each piece.
    """
    deadline: float | None = None
    complete = False

    async def receive_in_time() -> Message:
        nonlocal deadline, complete
        if complete:
            return await receive()
        if deadline is None or lasts:
            deadline = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            raise HTTPException(408, headers={"Connection": "close"}) from error
        complete = not message.get("more_body", False)
        return message

    return receive_in_time


def _is_too_large(scope: Scope) -> bool:
    if scope["path"].startswith(_THOSE_THAT_LAST):
        return False
    for name, value in scope["headers"]:
        if name == b"content-length":
            return not value.isdigit() or int(value) > LARGEST_BODY
    return False
