"""The Compose stack under test: built and started on the Docker engine, one for the session."""

from collections.abc import Generator, Iterator

import httpx
import pytest

from tests.compose.stack import ComposeStack


@pytest.fixture(scope="session")
def stack() -> Iterator[ComposeStack]:
    """The stack, healthy. Without an engine the tests fail: whoever runs them wants them run."""
    stack = ComposeStack()
    try:
        try:
            stack.up("--build")
        except AssertionError as error:
            error.add_note(stack.logs())
            raise
        yield stack
    finally:
        stack.remove()


@pytest.fixture
def browser(stack: ComposeStack) -> Iterator[httpx.Client]:
    """A visitor's browser, nobody signed in."""
    with stack.client() as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test's report ends with what the containers said."""
    report = yield
    stack = item.funcargs.get("stack")
    if report.failed and report.when == "call" and isinstance(stack, ComposeStack):
        report.sections.append(("containers", stack.logs()))
    return report
