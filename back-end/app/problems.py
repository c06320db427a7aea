"""Errors become problem documents (RFC 9457), each with the request's id."""

import http
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from marquee.domain.errors import MarqueeError, TooManyRequests, Unauthorized, Unavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
CLIENT_CLOSED_REQUEST = 499  # as nginx counts a client that hung up before it had an answer

logger = logging.getLogger("marquee.app")


def problem(
    scope: Scope,
    status: int,
    slug: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document as an answer to the request of `scope`."""
    content: dict[str, Any] = {
        "type": f"urn:marquee:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": scope["path"],
        "request_id": scope["state"]["request_id"],
    }
    if errors:
        content["errors"] = list(errors)
    return Response(orjson.dumps(content), status, headers, MEDIA_TYPE)


def of_error(scope: Scope, error: MarqueeError) -> Response:
    """The problem that a domain error is; what is our own fault is logged."""
    if error.status == http.HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s: %s", type(error).__name__, error)
    return problem(scope, error.status, error.slug, error.title, str(error), headers=_headers(error))


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""
    app.add_exception_handler(MarqueeError, _domain)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _hung_up)
    app.add_exception_handler(Exception, _unforeseen)


def _headers(error: MarqueeError) -> dict[str, str]:
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": 'Bearer realm="marquee"'}
    if isinstance(error, Unavailable | TooManyRequests):
        return {"Retry-After": str(getattr(error, "retry_after", RETRY_AFTER_SECONDS))}
    return {}


async def _domain(request: Request, error: Exception) -> Response:
    assert isinstance(error, MarqueeError)  # noqa: S101  it is registered for this class alone
    return of_error(request.scope, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    scope, faults = request.scope, error.errors()
    if faults and faults[0]["type"] == "json_invalid":
        detail = f"The body is not JSON: {faults[0]['ctx']['error']}."
        return problem(scope, 400, "malformed-json", "Malformed JSON", detail)
    if isinstance(error.body, bytes) and error.body:
        detail = "The body must be JSON, with the header Content-Type: application/json."
        return problem(scope, 415, "unsupported-media-type", "Unsupported media type", detail)
    errors = [
        {"location": _location(fault["loc"], error.body), "message": _sentence(fault["msg"])}
        for fault in faults
    ]
    detail = "; ".join(f"{fault['location']}: {fault['message']}" for fault in errors[:3])
    return problem(scope, 422, "invalid-input", "Invalid input", detail, errors=errors[:50])


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if isinstance(error.__cause__, ClientDisconnect):  # FastAPI takes it for a body that cannot be read
        return await _hung_up(request, error.__cause__)
    phrase = http.HTTPStatus(error.status_code).phrase
    slug = phrase.lower().replace(" ", "-")
    detail = _DETAILS.get(error.status_code, str(error.detail)).format(method=request.method)
    headers = dict(error.headers or {})
    if error.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return problem(request.scope, error.status_code, slug, phrase.capitalize(), detail, headers=headers)


async def _hung_up(_: Request, __: Exception) -> Response:
    """Nobody reads this answer; its status is what metrics and traces say became of the request."""
    return Response(status_code=CLIENT_CLOSED_REQUEST)


def _methods(request: Request) -> list[str]:
    """What the path takes, by all routes together: Starlette's error knows the first of them alone."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    here = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in here for method in route.methods or ()})


async def _unforeseen(request: Request, _: Exception) -> Response:
    """Starlette sends this answer past our middleware, then raises the error on: the server logs it."""
    request_id = request.scope["state"]["request_id"]
    detail = "Something went wrong on our side. The log tells more, under this request id."
    response = problem(request.scope, 500, "internal-error", "Internal error", detail)
    response.headers["X-Request-ID"] = request_id
    return response


_DETAILS = {
    404: "There is nothing here. The paths there are stand in /openapi.json.",
    405: "This path does not take {method}; the header Allow names what it takes.",
    408: "The body did not arrive in time.",
    413: "The body is larger than this service takes.",
}


def _location(parts: Sequence[Any], body: Any) -> str:
    """Where a value stands. Within the body only what the client wrote, or left out at the end, is named:
    of a choice between models, pydantic names the model as well.
    """
    named = [*parts[:1]]
    for place, part in enumerate(parts[1:], start=1):
        if parts[0] == "body":
            inside = body[part] if _holds(body, part) else None
            if inside is None and place < len(parts) - 1:
                continue
            body = inside
        named.append(part)
    return ".".join(map(str, named))


def _holds(body: Any, part: Any) -> bool:
    if isinstance(body, list):
        return isinstance(part, int) and part < len(body)
    return isinstance(body, dict) and part in body


def _sentence(message: str) -> str:
    """Pydantic's message, without the words it puts before a validator's own."""
    return message.removeprefix("Value error, ")
