"""A real browser on a running Marquee.

Every page watches its console: an error there fails the test, as does an exception that nobody caught.
A test that means to be refused says so with `console.expect(...)`. What was on the screen when a test
failed is kept as a picture in `outputs/e2e/`.
"""

import os
import re
import shutil
from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from e2e.browsing import CHECKOUT, Console, Platform
from tests.running import RunningStack

AXE = CHECKOUT / "front-end" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = CHECKOUT / "outputs" / "e2e"
CHROMIUMS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
FAILED = pytest.StashKey[bool]()
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _chromium() -> str:
    named = os.environ.get("MARQUEE_TEST_CHROMIUM")
    for path in (named,) if named else CHROMIUMS:
        if shutil.which(path):
            return path
    pytest.fail("No Chromium to test with: `apt-get install chromium`, or name one in MARQUEE_TEST_CHROMIUM.")


@pytest.fixture(scope="module")  # Playwright's event loop must not outlive its tests: others have their own
def browser() -> Iterator[Browser]:
    """One browser a file; each test has its own context, hence its own cookies."""
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(FLAGS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def platform(stack: RunningStack) -> Platform:
    """The running stack, which must have a built front-end to show."""
    if not (CHECKOUT / "front-end" / "dist" / "index.html").is_file():
        pytest.fail("The front-end is not built: `npm ci && npm run build` in front-end/.")
    return Platform(stack.url, stack.operator_password)


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, to be run in a page."""
    if not AXE.is_file():
        pytest.fail("axe-core is not installed: `npm ci` in front-end/.")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture
def context(browser: Browser, platform: Platform) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=platform.url, viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, console: Console, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page at desktop size. At the end it must have been quiet."""
    page = context.new_page()
    console.watch(page)
    yield page
    if request.node.stash.get(FAILED, False):
        PICTURES.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]+", "-", request.node.name)
        page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
    assert console.unexpected() == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell the page's fixture whether its test failed."""
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report
