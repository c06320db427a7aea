"""What surrounds every request: its id, its path as sent, its limits, its time, the headers of the answer."""

import asyncio
import logging
import os
import re
import time

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from app import tracing
from app.connections import QUEUED
from app.limits import LASTING, ORDINARY, Allowance, Limits, Traffic
from app.metrics import ListFacts, list_of_request, observe_list, observe_request, shed
from app.problems import of_error, problem
from app.security.hosts import Hosts
from app.threads import Overloaded
from marquee.domain.errors import Unavailable
from marquee.settings.logs import request_id_of_context

MOST_REQUESTS = 256  # of a worker at once; those that wait for their client's body do not count

logger = logging.getLogger("marquee.app")

_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NO_ROUTE = "(none)"
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_NOT_KEPT = (b"cache-control", b"no-store")  # answers are about people, and of this moment
ALWAYS_ANSWERED = frozenset({"/api/v1/health/live", "/api/v1/health/ready", "/metrics"})
_THOSE_THAT_LAST = ("/api/v1/imports/", "/api/v1/exports/")
_LINGER_SECONDS = 5.0
_TOO_LARGE = 413


class Frame:
    """The outermost middleware: plain ASGI, one for all, because each layer costs every request.

    The path that routes see stays percent-encoded, as the client sent it: servers decode `%2F` before they
    route, and an id with a slash would become two segments.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Hosts,
        ordinary: Allowance = ORDINARY,
        lasting: Allowance = LASTING,
        most_requests: int = MOST_REQUESTS,
    ) -> None:
        self.app = app
        self._hosts = hosts
        self._ordinary, self._lasting, self._most_requests = ordinary, lasting, most_requests
        self._traffic = Traffic()
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
        if path.startswith(("/api/", "/gorse/")):
            headers.append(_NOT_KEPT)
        limits = Limits(self._lasting if path.startswith(_THOSE_THAT_LAST) else self._ordinary, self._traffic)
        status = 0

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].extend(headers)
                limits.answering()
            elif status == _TOO_LARGE and not limits.body_is_there:
                await send({**message, "more_body": True})
                await _discard(receive)
                message = {**message, "body": b""}
            await send(message)

        listed: ListFacts = {}
        list_of_request.set(listed)
        try:
            with tracing.of_request(scope) as span:
                try:
                    await self._answer(scope, receive, framed, limits)
                finally:
                    tracing.answered(span, scope, status or 500, listed)
        finally:
            _observe(scope, status or 500, time.perf_counter() - started, listed)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, limits: Limits) -> None:
        try:
            async with limits:
                refusal = self._refusal(scope)
                if refusal is None:
                    await self.app(scope, limits.receiving(receive), send)
                else:
                    await refusal(scope, receive, send)
        except TimeoutError:
            if not limits.expired or limits.answered:
                raise
            await of_error(scope, _too_slow())(scope, receive, send)
        except asyncio.CancelledError:  # the worker ends, and has waited for this request as long as it may
            if limits.answered:
                raise
            await of_error(scope, _stopping())(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that no route is to see; None for all others."""
        queued = scope["state"].get(QUEUED, 0) - self._traffic.waiting
        if queued > self._most_requests and scope["path"] not in ALWAYS_ANSWERED:
            shed.labels("requests").inc()
            return of_error(scope, Overloaded())
        if _BROKEN_PERCENT.search(scope["path"]):
            detail = "The path holds a % that two hexadecimal digits do not follow; write it as %25."
            return problem(scope, 400, "malformed-path", "Malformed path", detail)
        if not self._hosts.allow(scope):
            detail = (
                "This service does not answer to the name in the header Host. "
                "Names beyond localhost are allowed with MARQUEE_ALLOWED_HOSTS."
            )
            return problem(scope, 421, "misdirected-request", "Misdirected request", detail)
        most = None if scope["path"].startswith(_THOSE_THAT_LAST) else self._ordinary.body_bytes
        if most is not None and _is_larger(scope, most):
            detail = f"The body may have {most:,} bytes at most."
            return problem(
                scope, _TOO_LARGE, "too-large", "Too large", detail, headers={"Connection": "close"}
            )
        return None


def _observe(scope: Scope, status: int, seconds: float, listed: ListFacts) -> None:
    route = getattr(scope.get("route"), "path", _NO_ROUTE)
    observe_request(scope["method"], route, status, seconds)
    if listed:
        observe_list(route, listed["variant"], listed["source"], seconds)
    logger.debug("%s %s %d %.1f ms", scope["method"], route, status, seconds * 1000)


def _is_larger(scope: Scope, most: int) -> bool:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return not value.isdigit() or int(value) > most
    return False


async def _discard(receive: Receive) -> None:
    """Read on for a while what a client sends in vain: were it cut off, it would never see the answer."""
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while (await receive()).get("more_body", False):
                pass
    except TimeoutError:
        logger.debug("A body that is too large goes on; the connection is cut.")


def _too_slow() -> Unavailable:
    return Unavailable("The answer took too long.", hint="Try again in a moment.")


def _stopping() -> Unavailable:
    return Unavailable("This worker is about to stop.", hint="Try again: another one takes over.")
