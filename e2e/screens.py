"""What people do on the screens, in the words of roles and names."""

import re

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 20_000


def pick_profile(page: Page, user_id: str) -> None:
    """From the entrance to that person's picks."""
    page.goto("/profiles")
    page.get_by_label("Find a profile").fill(user_id)
    page.get_by_role("button", name=re.compile(rf"^Profile {user_id}\b")).click()
    expect(page).to_have_title("Top picks for you · Marquee")
    expect(picks(page).first).to_be_visible(timeout=PATIENCE_MS)


def sign_in_as_operator(page: Page, password: str) -> None:
    """From the operator's door to the desk."""
    page.goto("/operator")
    page.get_by_label("Name").fill("operator")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Now serving")).to_be_visible()


def picks(page: Page) -> Locator:
    """The cards under 'Top picks'."""
    return page.get_by_role("region", name=re.compile("^Top picks")).get_by_role("article")


def titles(cards: Locator) -> list[str]:
    return cards.get_by_role("heading", level=3).all_inner_texts()


def stars_of(cards: Locator, title: str) -> Locator:
    """The rating control of a title's card."""
    return cards.get_by_role("slider", name=f"Your rating for {title}", exact=True)


def message(page: Page, text: str | re.Pattern[str]) -> Locator:
    """What was announced, on the screen and to screen readers alike."""
    return page.get_by_role("status").filter(has_text=text)


def served_version(page: Page) -> int:
    """The version that the footer says made the lists."""
    footer = page.get_by_role("contentinfo")
    expect(footer).to_contain_text("Picked by model version")
    found = re.search(r"model version (\d+)", footer.inner_text())
    assert found is not None
    return int(found[1])
