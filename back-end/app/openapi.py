"""The OpenAPI document: `python -m app.openapi` prints it. The front-end's types are generated from it."""

import json
import sys
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.routing import problems
from app.frame import ALWAYS_ANSWERED
from app.problems import MEDIA_TYPE

_LIST_SIZE = "n"
_KEYS: list[dict[str, list[str]]] = [{"key": []}, {"session": []}, {}]
_GORSES_KEYS: list[dict[str, list[str]]] = [{"gorse_key": []}, {"key": []}]
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_DESCRIPTION = """Everything is under `/api/v1`; ids are strings, percent-encoded in paths. Errors are problem
documents (RFC 9457). Programs send `Authorization: Bearer KEY`; browsers have a session cookie.

Scopes: `read` < `write` < `operate` < `admin`, each holding those before it."""


def document(app: FastAPI, largest_list: int) -> dict[str, Any]:
    """The application's document; made once.

    Args:
        largest_list: how long a list may be, as configs/serving.yaml says.
    """
    if app.openapi_schema is None:
        content = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=_DESCRIPTION,
            routes=app.routes,
            separate_input_output_schemas=False,
        )
        for path, operations in content["paths"].items():
            for operation in operations.values():
                _add_the_frames(path, operation)
                _complete(operation, _GORSES_KEYS if path.startswith("/gorse/") else _KEYS)
                for parameter in operation.get("parameters", []):
                    if parameter["name"] == _LIST_SIZE and "maximum" not in str(parameter["schema"]):
                        _limit(parameter["schema"], largest_list)
        for schema in content["components"]["schemas"].values():
            if _LIST_SIZE in schema.get("properties", {}):
                _limit(schema["properties"][_LIST_SIZE], largest_list)
        content["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "an API key"},
            "gorse_key": {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Key",
                "description": "an API key, as Gorse's clients send it",
            },
            "session": {"type": "apiKey", "in": "cookie", "name": "marquee_session"},
        }
        app.openapi_schema = content
    return app.openapi_schema


def _add_the_frames(path: str, operation: dict[str, Any]) -> None:
    """What may be answered before a route sees the request, or in its place when it takes too long."""
    statuses = {400, 414, 421} if path in ALWAYS_ANSWERED else {400, 414, 421, 429, 503}
    if "requestBody" in operation:
        statuses |= {408, 413}
    for status, facts in problems(*statuses).items():
        content = {"application/json": {"schema": _PROBLEM}}
        operation["responses"].setdefault(
            str(status), {"description": facts["description"], "content": content}
        )


def _complete(operation: dict[str, Any], keys: list[dict[str, list[str]]]) -> None:
    """Problems have their own media type; routes that ask who calls take one of `keys`."""
    for response in operation["responses"].values():
        content = response.get("content", {})
        if content.get("application/json", {}).get("schema") == _PROBLEM:
            response["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}
    if "401" in operation["responses"]:
        operation["security"] = keys


def _limit(schema: dict[str, Any], largest: int) -> None:
    """State the largest number, also where null is another choice."""
    for choice in schema.get("anyOf", [schema]):
        if choice.get("type") == "integer":
            choice["maximum"] = largest


def main() -> int:
    """Print the document, the same every time: with the defaults, whatever configs/serving.yaml says."""
    from app.main import create_app
    from marquee.settings import Serving, load_settings

    content = document(create_app(load_settings({})), Serving().lists.largest_size)
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
