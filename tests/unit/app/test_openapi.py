"""The OpenAPI document, which the front-end's types are made from."""

import json
import subprocess
import sys
from typing import Any

import pytest
from app.api.routing import query_parameters
from app.api.schemas.lists import RecommendationQuery, SessionRequest
from app.main import create_app

from marquee.settings import load_settings


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(load_settings({})).openapi()


def test_it_is_printed_the_same_every_time_and_needs_no_stack(document: dict[str, Any]) -> None:
    printed = subprocess.run(
        [sys.executable, "-P", "-m", "app.openapi"], capture_output=True, text=True, check=True, timeout=60
    )
    assert printed.stderr == ""
    assert json.loads(printed.stdout) == document


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names) >= 30
    assert all(operation["description"] for operation in operations)


def test_a_visitor_need_not_say_anything(document: dict[str, Any]) -> None:
    assert "required" not in document["components"]["schemas"]["SessionRequest"]
    asked = SessionRequest.model_validate({"n": 2})
    assert (asked.ratings, asked.events) == ([], [])


def test_the_lean_route_documents_what_it_checks() -> None:
    parameters = {parameter["name"]: parameter for parameter in query_parameters(RecommendationQuery)}
    assert set(parameters) == {
        *("n", "cursor", "diversity", "explain", "exclude"),
        *("category", "category_all", "category_none", "year_from", "year_to", "attribute"),
    }
    assert {"minimum": 1, "type": "integer"}.items() <= parameters["n"]["schema"]["anyOf"][0].items()
    assert parameters["category"]["schema"]["type"] == "array"


def test_the_longest_list_is_stated_wherever_a_size_is_asked_for(document: dict[str, Any]) -> None:
    parameters = [
        (path, parameter["schema"]["anyOf"][0]["maximum"])
        for path, operations in document["paths"].items()
        if path.startswith("/api/")
        for parameter in operations.get("get", {}).get("parameters", [])
        if parameter["name"] == "n"
    ]
    assert parameters == [
        ("/api/v1/users/{user_id}/recommendations", 100),
        ("/api/v1/items/{item_id}/similar", 100),
        ("/api/v1/leaderboards/popular", 100),
        ("/api/v1/leaderboards/trending", 100),
        ("/api/v1/leaderboards/top-rated", 100),
        ("/api/v1/leaderboards/latest", 100),
        ("/api/v1/models/{version}/users/{user_id}/recommendations", 100),
    ]
    size = document["components"]["schemas"]["SessionRequest"]["properties"]["n"]
    assert size["anyOf"][0]["maximum"] == 100
