"""Every screen, in both themes, on a phone and a desktop, against axe-core's rules; none scrolls sideways."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.browsing import Console, Platform
from e2e.screens import PATIENCE_MS, pick_profile, sign_in_as_operator
from e2e.soundness import assert_sound, sideways, violations

WIDTHS = {"phone": 390, "desktop": 1440}
Theme = Literal["light", "dark"]


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> Theme:
    chosen: Theme = request.param
    return chosen


@pytest.fixture(params=list(WIDTHS))
def still_page(
    browser: Browser, platform: Platform, console: Console, theme: Theme, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page in one theme and width where nothing moves, so that colours are measured at rest."""
    context = browser.new_context(
        base_url=platform.url,
        viewport={"width": WIDTHS[request.param], "height": 900},
        color_scheme=theme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    console.watch(page)
    yield page
    context.close()
    assert console.unexpected() == []


def test_screens_without_a_profile(still_page: Page, axe: str) -> None:
    page = still_page
    for address in ("/", "/search?q=star", "/search?q=zzzzqqqq", "/items/50", "/operator", "/nowhere"):
        page.goto(address)
        assert_sound(page, axe)
    page.goto("/visit")
    page.get_by_role("slider").first.press("4")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your first picks")).to_be_visible()
    assert_sound(page, axe)


def test_a_viewers_screens(still_page: Page, axe: str) -> None:
    page = still_page
    pick_profile(page, "42")
    assert_sound(page, axe)
    page.locator("summary", has_text="Why this?").first.click()
    assert_sound(page, axe)
    for address in ("/?category=Horror", "/search?q=love", "/items/100", "/ratings"):
        page.goto(address)
        assert_sound(page, axe)


def test_the_message_after_a_rating(still_page: Page, axe: str) -> None:
    page = still_page
    pick_profile(page, "500")
    slider = page.get_by_role("slider").first
    slider.press("3")
    slider.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_visible(timeout=PATIENCE_MS)
    assert violations(page, axe) == []


def test_an_operators_screens(still_page: Page, axe: str, platform: Platform) -> None:
    page = still_page
    sign_in_as_operator(page, platform.operator_password)
    expect(page.get_by_role("table")).to_be_visible()
    assert_sound(page, axe)
    page.get_by_role("rowheader").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Made of")).to_be_visible()
    assert_sound(page, axe)
    page.go_back()
    page.get_by_role("link", name="All runs").click()
    expect(page.get_by_role("table")).to_be_visible()
    assert_sound(page, axe)
    page.get_by_role("rowheader").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Log")).to_be_visible()
    assert_sound(page, axe)
    page.get_by_role("link", name="Audit trail").click()
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.get_by_role("region", name="State of the audit trail")).to_contain_text("intact")
    assert_sound(page, axe)


def test_problems(still_page: Page, axe: str, console: Console) -> None:
    page = still_page
    console.expect("404|500")
    page.goto("/items/none")
    expect(page.get_by_role("heading", name="No such title")).to_be_visible()
    assert_sound(page, axe)
    page.route("**/api/v1/items/50", lambda route: route.fulfill(status=500))
    page.goto("/items/50")
    expect(page.get_by_role("alert")).to_be_visible()
    assert_sound(page, axe)


def test_a_new_theme_comes_at_once_where_nothing_may_move(page: Page) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    pick_profile(page, "42")
    themes: tuple[Theme, ...] = ("dark", "light")
    for theme in themes:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        moving = page.evaluate("document.getAnimations().map(({transitionProperty: it}) => it)")
        assert (theme, moving) == (theme, [])


def test_nothing_is_cut_off_on_the_narrowest_phone(page: Page, platform: Platform) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    pick_profile(page, "42")
    for address in ("/", "/search?q=star", "/items/50", "/ratings", "/visit", "/profiles"):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_attached()
        page.wait_for_load_state("networkidle")
        assert (address, sideways(page)) == (address, 0)
    sign_in_as_operator(page, platform.operator_password)
    for address in ("/operator", "/operator/versions/1", "/operator/runs", "/operator/audit"):
        page.goto(address)
        expect(page.get_by_role("table").first).to_be_visible()
        assert (address, sideways(page)) == (address, 0)


def test_the_keyboard_reaches_the_content_at_once(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    skip.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Find a profile")).to_be_focused()


def test_motion_stops_where_it_is_not_wanted(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto("/")
    expect(page.get_by_role("button", name=re.compile("^Profile ")).first).to_be_visible()
    running = page.evaluate("document.getAnimations().filter(a => a.playState === 'running').length")
    assert running == 0
