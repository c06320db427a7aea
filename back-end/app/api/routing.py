"""Kinds of routes: the ordinary one, and a lean one for what is asked for most."""

import inspect
from collections.abc import Callable, Coroutine, Set
from typing import Any, TypeVar, get_origin
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response

from app.api.schemas.problems import Problem
from app.threads import require_room

PREFIX = "/api/v1"
_MOST_PARAMETERS = 1_200

M = TypeVar("M", bound=BaseModel)


class StrictRequest(Request):
    """A request whose JSON is read by the letter: no NaN, no lone surrogates, no endless nesting."""

    async def json(self) -> Any:
        return orjson.loads(await self.body())


class ApiRoute(APIRoute):
    """FastAPI's route, reading JSON strictly, refusing parameters that it does not know, and bounded.

    Endpoints that are no coroutines run on threads; when too many wait for one, the answer is 429.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        parameters = _query_parameters(self.dependant)
        known = parameters.keys()
        repeatable = {name for name, kind in parameters.items() if _is_several(kind)}
        needs_thread = not inspect.iscoroutinefunction(self.endpoint)

        async def strictly(request: Request) -> Response:
            if needs_thread:
                require_room()
            if request.scope["query_string"]:
                read_query(request.scope["query_string"], known, repeatable)
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


class LeanRoute(APIRoute):
    """A route whose endpoint takes the bare request and returns the answer's bytes.

    FastAPI's dependencies cost several times what the hot routes do themselves. Such a route says in
    `openapi_extra` what it takes, from the same pydantic model that checks it (`query_parameters`).
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **facts: Any) -> None:
        super().__init__(path, endpoint, **facts)
        self.app = request_response(endpoint)


def read_query(
    query_string: bytes, known: Set[str], repeatable: Set[str] = frozenset()
) -> dict[str, list[str]]:
    """The values of each parameter of a query.

    Args:
        known: the parameters that there are.
        repeatable: those of them that may be given more than once.

    Raises:
        RequestValidationError: another parameter, one given twice, or text that is not percent-encoded UTF-8.
    """
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError as error:
        raise fault(("query",), "it is not percent-encoded UTF-8, or too long") from error
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    for name, given in values.items():
        if name not in known:
            raise fault(("query", name), f"There is no such parameter here; {_listed(known)}")
        if len(given) > 1 and name not in repeatable:
            raise fault(("query", name), "It may be given once")
    return values


def parsed_query(query_string: bytes, model: type[M]) -> M:
    """A query as the model has it; a field that is a tuple may be given more than once.

    Raises:
        RequestValidationError: as `read_query`, or a value is wrong.
    """
    fields = model.model_fields
    repeatable = {name for name, field in fields.items() if _is_several(field.annotation)}
    given = read_query(query_string, fields.keys(), repeatable)
    values = {name: texts if name in repeatable else texts[0] for name, texts in given.items()}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError(
            [{**fault, "loc": ("query", *fault["loc"])} for fault in error.errors(include_url=False)]
        ) from error


def _query_parameters(dependant: Dependant) -> dict[str, Any]:
    """The type of each parameter of a query, by its name; a model of a query is as many as it has fields."""
    parameters: dict[str, Any] = {}
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            parameters.update((name, part.annotation) for name, part in kind.model_fields.items())
        else:
            parameters[field.alias] = kind
    for needed in dependant.dependencies:
        parameters.update(_query_parameters(needed))
    return parameters


def _is_several(annotation: object) -> bool:
    return get_origin(annotation) in (tuple, list)


def fault(location: tuple[str, ...], message: str) -> RequestValidationError:
    """What pydantic would raise of a value that it had checked itself."""
    return RequestValidationError([{"type": "value_error", "loc": location, "msg": message, "input": None}])


def _listed(known: Set[str]) -> str:
    return f"there is {', '.join(sorted(known))}" if known else "there is none at all"


def router(tag: str, *, lean: bool = False) -> APIRouter:
    """A router for one family of resources."""
    return APIRouter(prefix=PREFIX, tags=[tag], route_class=LeanRoute if lean else ApiRoute)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documents the problems that a route may answer with."""
    return {status: {"model": Problem, "description": _MEANINGS[status]} for status in sorted(statuses)}


_MEANINGS = {
    400: "The path or the JSON is malformed",
    401: "Nobody is signed in, or the key is not known",
    403: "The caller may not",
    404: "There is no such thing",
    408: "The body did not arrive in time",
    409: "The state does not allow it (any more)",
    413: "The body is too large",
    414: "The address is longer than 65,535 bytes",
    415: "The body is not JSON",
    422: "A value is wrong",
    421: "The header Host names another site",
    429: "Too much is asked at once, or was tried too often; Retry-After says when to try again",
    503: "A part that is needed is away; Retry-After says when to try again",
}

BROWSING = problems(400, 401, 422, 503)
CHANGING = problems(400, 401, 403, 404, 413, 415, 422, 503)


def query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """OpenAPI's parameters of a query that `model` checks."""
    schema = model.model_json_schema()
    parameters = []
    for name, field in schema["properties"].items():
        shown = {key: value for key, value in field.items() if key not in ("title", "description", "default")}
        parameter = {"name": name, "in": "query", "required": False, "schema": shown}
        parameters.append({**parameter, "description": field.get("description", "")})
    return parameters


def path_parameter(name: str, description: str, example: str) -> dict[str, Any]:
    """OpenAPI's parameter of an id in a path."""
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": schema,
        "description": description,
        "example": example,
    }


class JsonBytes(Response):
    """JSON that is bytes already."""

    media_type = "application/json"
