"""Whether a screen is sound: by axe-core's rules, and no wider than its window."""

from typing import Any

from playwright.sync_api import Page, expect

from e2e.screens import PATIENCE_MS


def violations(page: Page, axe: str) -> list[str]:
    """What axe finds on the screen as it is, one line a rule and place.

    Args:
        axe: its source.
    """
    expect(page.get_by_role("heading", level=1)).to_be_attached(timeout=PATIENCE_MS)
    page.wait_for_load_state("networkidle")
    page.evaluate(f"{axe}; undefined")
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(results => results.violations)")
    return [
        f"{page.url} {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def assert_sound(page: Page, axe: str) -> None:
    found = violations(page, axe)
    assert not found, "\n".join(found)
    assert (wider := sideways(page)) == 0, f"{page.url} is {wider} pixels wider than its window"


def assert_sound_everywhere(page: Page, axe: str) -> None:
    """The screen that is open, in both themes, on a phone and a desktop; nothing is fetched anew."""
    before = page.viewport_size
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert_sound(page, axe)
    page.emulate_media()
    if before is not None:
        page.set_viewport_size(before)
