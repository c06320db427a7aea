"""Every operation that the OpenAPI document has, with generated requests: valid ones and broken ones.

No answer is a 5xx, and each is as documented: status, media type, headers, schema. The requests are the same
each time; MARQUEE_TEST_FUZZ=500 tries 500 other ones an operation, without a time limit.
"""

import os
import random
import re
import time
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import pytest
import requests
import schemathesis
from app.main import create_app
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from marquee.settings import load_settings
from marquee.stack.postgres import Server
from marquee.store import alerts
from tests.support.service import Service, eventually, running_service
from tests.support.versions import plant_ended_rollout, plant_version
from tests.support.world import write_world_bundle

PUBLIC = {"get_live", "get_ready", "sign_in"}  # they look at no key
EXAMPLES = int(os.environ.get("MARQUEE_TEST_FUZZ", "0"))
SECONDS = 75.0  # for all operations together

DOCUMENT = create_app(load_settings({})).openapi()
OPERATIONS = [
    (path, method, operation["operationId"])
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
_SECONDS_EACH = SECONDS / (2 * len(OPERATIONS))

# By the parameter's name: what there is in the world, so that requests get past "there is no such thing".
KNOWN: dict[str, list[Any]] = {
    "user_id": [f"u{number:03d}" for number in range(40)],
    "item_id": [f"i{number:03d}" for number in range(20)],
    "version": [1, 2, 3, 4],
    "rollout_id": [1, 2],
    "alert_id": [1],
    "name": ["read", "write"],
}

OF_THE_REGISTRY = {"recommend_by_version"}  # it is away here: a version that is not on disk cannot be had


@pytest.fixture(scope="module")
def platform(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One to be broken: version 2 serves, 1 served before, 3 waits for a review, 4 was rolled back once."""
    home = tmp_path_factory.mktemp("fuzz")
    with running_service(home, api_server, "fuzz") as service:
        write_world_bundle(home / "bundles" / "2")
        for version in (1, 2):
            service.deploy(version) if version == 1 else service.promote(version, is_new=True)
        with service.engine.begin() as connection:
            plant_version(connection, 3)
            plant_version(connection, 4, "approved")
            plant_ended_rollout(connection, challenger=4, champion=2)
            alerts.raise_alert(connection, kind="alias moved", subject="version 4", message="Look.")
        eventually(lambda: service.serves(2))
        yield service


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Keeps connections, and no cookies: they would sign the next request in."""
    with requests.Session() as session:
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield session


@pytest.fixture(scope="module")
def schema(platform: Service) -> Any:
    generation = GenerationConfig(with_security_parameters=False)
    config = SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(generation=generation)))
    document = requests.get(f"{platform.url}/openapi.json", timeout=10).json()
    _write_other_media_types(document)
    return schemathesis.openapi.from_dict(document, config=config)


def _write_other_media_types(document: dict[str, Any]) -> None:
    """What is neither JSON nor a form goes over the wire as the text that was generated."""
    types = {
        media_type
        for operations in document["paths"].values()
        for operation in operations.values()
        for media_type in operation.get("requestBody", {}).get("content", {})
        if media_type != "application/json" and not media_type.endswith("+json")
    }
    for media_type in types - {"application/x-www-form-urlencoded", "multipart/form-data"}:

        @schemathesis.serializer(media_type)
        def as_text(_: Any, value: Any) -> bytes:
            return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def test_the_service_has_the_operations_that_are_tried(platform: Service) -> None:
    served = requests.get(f"{platform.url}/openapi.json", timeout=10).json()
    assert served["paths"].keys() == DOCUMENT["paths"].keys()
    assert len(OPERATIONS) >= 30


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method", "name"), OPERATIONS, ids=[name for *_, name in OPERATIONS])
def test_an_operation_answers_as_documented(
    platform: Service,
    schema: Any,
    session: requests.Session,
    path: str,
    method: str,
    name: str,
    mode: GenerationMode,
) -> None:
    ends = time.monotonic() + _SECONDS_EACH
    asked = 0

    @settings(
        max_examples=EXAMPLES or 25,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method].as_strategy(generation_mode=mode), seed=st.integers(0, 2**16))
    def ask(case: schemathesis.Case, seed: int) -> None:
        nonlocal asked
        if asked and not EXAMPLES and time.monotonic() > ends:
            return
        asked += 1
        _put_known(case, random.Random(seed))  # noqa: S311  not for secrets
        headers = {"Authorization": f"Bearer {platform.keys['admin']}"}
        answer = case.call(platform.url, session=session, headers=headers, timeout=30)
        away = name in OF_THE_REGISTRY and answer.status_code == 503
        assert away or answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text}"
        case.validate_response(answer, checks=CHECKS)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # it takes nothing that could be wrong
        assert not asked
    else:
        assert asked


CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def _put_known(case: schemathesis.Case, chance: random.Random) -> None:
    """Let about half of the ids in the path be known ones."""
    for parameter in case.path_parameters or {}:
        if parameter in KNOWN and chance.random() < 0.5:
            case.path_parameters[parameter] = chance.choice(KNOWN[parameter])


@pytest.mark.parametrize(("path", "method", "name"), OPERATIONS, ids=[name for *_, name in OPERATIONS])
def test_an_operation_answers_a_stranger_as_documented(
    platform: Service, schema: Any, session: requests.Session, path: str, method: str, name: str
) -> None:
    """With a key that nobody has."""
    names = re.findall(r"{(\w+)}", path)
    case = schema[path][method].Case(path_parameters={name: KNOWN.get(name, [1])[0] for name in names})
    answer = case.call(
        platform.url, session=session, headers={"Authorization": "Bearer nonsense"}, timeout=30
    )
    assert answer.status_code == 401 or name in PUBLIC
    case.validate_response(answer, checks=CHECKS)
