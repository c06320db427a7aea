"""The Compose stack under test: built and started on the Docker engine, one for the session."""

import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.compose.stack import ComposeStack


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[ComposeStack]:
    """The stack, healthy. Without an engine the tests fail: whoever runs them wants them run."""
    stack = ComposeStack()
    began = time.monotonic()
    try:
        stack.up("--build")
        sys.stderr.write(f"\nCompose stack healthy after {time.monotonic() - began:.0f} s\n")
        yield stack
    except BaseException:
        stack.show_logs()
        raise
    else:
        if request.session.testsfailed:
            stack.show_logs()
    finally:
        stack.remove()


@pytest.fixture
def browser(stack: ComposeStack) -> Iterator[httpx.Client]:
    """A visitor's browser, nobody signed in."""
    with stack.client() as client:
        yield client
