"""One service for the tests that leave it as they found it; a fresh one for those that break things."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from marquee.stack.postgres import Server, running
from tests.support.service import Service, eventually, running_service

NewService = Callable[..., Service]


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("api-postgres")
    with running(folder / "data", folder / "postgres.log", "secret") as server:
        yield server


@pytest.fixture(scope="session")
def service(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two workers that serve version 1."""
    home = tmp_path_factory.mktemp("service")
    with running_service(home, api_server, "api") as started:
        started.deploy(1)
        eventually(lambda: started.serves(1), what="version 1 on every worker")
        yield started


@pytest.fixture
def reader(service: Service) -> Iterator[httpx.Client]:
    with service.client("read") as client:
        yield client


@pytest.fixture
def writer(service: Service) -> Iterator[httpx.Client]:
    with service.client("write") as client:
        yield client


@pytest.fixture
def anybody(service: Service) -> Iterator[httpx.Client]:
    """Nobody signed in, no key."""
    with service.client() as client:
        yield client


_numbers = itertools.count(1)


@pytest.fixture
def new_service(api_server: Server, tmp_path: Path) -> Iterator[NewService]:
    """Makes services of the test's own."""
    with ExitStack() as stack:

        def start(**variables: str) -> Service:
            number = next(_numbers)
            home = tmp_path / f"home{number}"
            home.mkdir()
            return stack.enter_context(running_service(home, api_server, f"api_{number}", **variables))

        yield start
