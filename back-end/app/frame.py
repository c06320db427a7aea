"""What surrounds every request: its id, its path as sent, its time and size, the headers of the answer."""

import logging
import os
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from app.metrics import observe_request
from app.problems import problem
from marquee.settings.logs import request_id_of_context

LARGEST_BODY = 1_000_000  # bytes

logger = logging.getLogger("marquee.app")

_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NO_ROUTE = "(none)"
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_NOT_KEPT = (b"cache-control", b"no-store")  # answers are about people, and of this moment


class Frame:
    """The outermost middleware: plain ASGI, one for all, because each layer costs every request.

    The path that routes see stays percent-encoded, as the client sent it: servers decode `%2F` before they
    route, and an id with a slash would become two segments.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
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
            refusal = _BROKEN_PERCENT.search(path) is not None or _is_too_large(scope)
            await (_refuse if refusal else self.app)(scope, receive, framed)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            observe_request(scope["method"], route, status, seconds)
            logger.debug("%s %s %d %.1f ms", scope["method"], route, status, seconds * 1000)


def _is_too_large(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return not value.isdigit() or int(value) > LARGEST_BODY
    return False


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if _BROKEN_PERCENT.search(scope["path"]):
        detail = "The path holds a % that two hexadecimal digits do not follow; write it as %25."
        response = problem(scope, 400, "malformed-path", "Malformed path", detail)
    else:
        detail = f"The body may have {LARGEST_BODY:,} bytes at most."
        response = problem(scope, 413, "too-large", "Too large", detail, headers={"Connection": "close"})
    await response(scope, receive, send)
