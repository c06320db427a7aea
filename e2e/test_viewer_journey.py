"""A viewer's evening: pick a profile, read, search, open, rate; and an operator trains the next model."""

import re
import time

from playwright.sync_api import Page, expect

from e2e.browsing import Console, Platform
from e2e.screens import (
    PATIENCE_MS,
    message,
    pick_profile,
    picks,
    served_version,
    sign_in_as_operator,
    stars_of,
    titles,
)

TRAINING_MS = 240_000
TAKE_OVER_SECONDS = 30


def test_a_profile_is_found_and_shows_picks_with_their_facts(page: Page) -> None:
    page.goto("/")
    expect(page).to_have_title("Who is watching? · Marquee")
    expect(page.get_by_text("943 profiles")).to_be_visible()
    page.get_by_label("Find a profile").fill("42")
    page.get_by_role("button", name=re.compile(r"^Profile 42\b")).click()
    card = picks(page).first
    expect(card.get_by_role("heading", level=3)).not_to_be_empty(timeout=PATIENCE_MS)
    expect(card.get_by_text(re.compile(r"^Predicted [0-5]\.\d of 5 stars$"))).to_be_attached()
    expect(card.get_by_text(re.compile(r"\b(19|20)\d\d · \w"))).to_be_visible()
    expect(card.get_by_text("For you")).to_be_visible()
    assert len(set(titles(picks(page)))) >= 12
    assert served_version(page) >= 1


def test_a_pick_says_why_it_is_there_to_whoever_asks_by_mouse_or_keyboard(page: Page) -> None:
    """The reasons name titles that the person has rated."""
    pick_profile(page, "42")
    card = picks(page).first
    ask = card.locator("summary", has_text="Why this?")
    answer = card.get_by_text(re.compile(r"^Because of \w.*\.$"))
    expect(answer).to_be_hidden()
    ask.click()
    expect(answer).to_be_visible()
    named = re.split(", | and ", answer.inner_text().removeprefix("Because of ").split(".")[0])[0]
    ask.press("Enter")
    expect(answer).to_be_hidden()
    ask.press("Space")
    expect(answer).to_be_visible()
    page.goto("/ratings")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    rated, more = page.get_by_role("article"), page.get_by_role("button", name="Show more ratings")
    expect(rated.first).to_be_visible()
    while more.count():
        had = rated.count()
        more.click()
        expect(rated).not_to_have_count(had, timeout=PATIENCE_MS)
    expect(rated.get_by_role("heading", name=named, exact=True)).to_be_visible()


def test_shelves_show_what_trends_what_is_rated_best_and_what_is_new(page: Page) -> None:
    pick_profile(page, "42")
    for name in ("Popular", "Trending", "Top rated", "New"):
        shelf = page.get_by_role("region", name=name, exact=True)
        expect(shelf.get_by_role("article").first).to_be_visible(timeout=PATIENCE_MS)


def test_predicted_stars_say_between_what_they_likely_lie(page: Page) -> None:
    """On a card as a line, on a title's page in words too; and the prediction lies between its ends."""
    likely = re.compile(r"^likely between ([0-5]\.\d) and ([0-5]\.\d) stars$")
    pick_profile(page, "42")
    card = picks(page).first
    expect(card.get_by_role("img", name=likely)).to_be_visible(timeout=PATIENCE_MS)
    card.get_by_role("link").click()
    title = page.get_by_role("article").first
    expect(title.get_by_text(re.compile(r"^likely [0-5]\.\d to [0-5]\.\d$"))).to_be_visible()
    predicted = title.get_by_text(re.compile(r"^Predicted [0-5]\.\d of 5 stars$")).inner_text()
    ends = likely.match(title.get_by_role("img", name=likely).locator("title").text_content() or "")
    assert ends is not None
    assert 0.5 <= float(ends[1]) <= float(predicted.split()[1]) <= float(ends[2]) <= 5


def test_opening_a_pick_is_a_click_that_names_the_list_it_came_from(page: Page) -> None:
    pick_profile(page, "43")
    link = picks(page).first.get_by_role("link")
    item_id = (link.get_attribute("href") or "").rpartition("/")[2]
    with page.expect_response("**/api/v1/events") as answered:
        link.click()
    assert answered.value.json()["accepted"] == 1
    events = page.request.get("/api/v1/users/43/events").json()["events"]
    assert [(event["kind"], event["item_id"], event["variant"]) for event in events] == [
        ("click", item_id, "champion")
    ]
    assert events[0]["request_id"]


def test_a_category_narrows_the_picks(page: Page) -> None:
    pick_profile(page, "7")
    page.get_by_role("button", name="Western", exact=True).click()
    expect(page.get_by_role("heading", name="Top picks in Western")).to_be_visible()
    shown = picks(page)
    expect(shown.filter(has_text="Western").first).to_be_visible()
    expect(shown.filter(has_not_text="Western")).to_have_count(0)


def test_search_goes_by_keyboard_from_letters_to_a_title_and_what_is_like_it(page: Page) -> None:
    pick_profile(page, "42")
    page.get_by_role("searchbox", name="Search titles").press_sequentially("godfath")
    expect(page.get_by_role("heading", level=1, name="“godfath”")).to_be_visible()
    found = page.get_by_role("main").get_by_role("article")
    expect(found.filter(has_text="The Godfather").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(found.first.get_by_role("link")).to_be_focused()
    page.get_by_role("link", name="The Godfather", exact=True).press("Enter")
    expect(page.get_by_role("heading", level=1, name="The Godfather", exact=True)).to_be_visible()
    expect(page).to_have_title("The Godfather · Marquee")
    expect(page.get_by_role("link", name="Crime")).to_be_visible()
    similar = page.get_by_role("region", name="Similar titles").get_by_role("article")
    expect(similar.first).to_be_visible()
    assert "The Godfather" not in titles(similar)


def test_a_search_without_result_says_so(page: Page) -> None:
    page.goto("/search?q=zzzzqqqq")
    expect(page.get_by_text("No title matches")).to_be_visible()


def test_rating_by_keyboard_changes_the_list_and_keeps_the_keyboards_place(page: Page) -> None:
    pick_profile(page, "100")
    before = titles(picks(page))
    stars_of(picks(page), before[0]).focus()
    page.keyboard.press("4")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(message(page, f"You gave {before[0]} 4.5 stars. Your list has changed")).to_be_visible()
    after = titles(picks(page))
    assert before[0] not in after
    assert len(after) == len(before)
    expect(stars_of(picks(page), after[0])).to_be_focused()

    page.get_by_role("link", name="Your ratings").click()
    row = page.get_by_role("article").filter(has=page.get_by_role("link", name=before[0], exact=True))
    expect(stars_of(row, before[0])).to_have_attribute("aria-valuetext", "4.5 stars of 5")


def test_rating_by_mouse_is_changed_and_taken_back_on_the_ratings_page(page: Page) -> None:
    pick_profile(page, "200")
    title = titles(picks(page))[1]
    stars = stars_of(picks(page), title)
    box = stars.bounding_box()
    assert box is not None
    stars.click(position={"x": box["width"] * 0.5, "y": box["height"] / 2})
    expect(message(page, f"You gave {title} 3 stars.")).to_be_visible()
    expect(stars_of(picks(page), title)).to_have_count(0)

    page.get_by_role("link", name="Your ratings").click()
    kept = stars_of(page.get_by_role("article"), title)
    kept.press("5")
    kept.press("Enter")
    expect(message(page, f"You gave {title} 5 stars.")).to_be_visible()
    page.reload()
    expect(kept).to_have_attribute("aria-valuetext", "5 stars of 5")
    page.get_by_role("button", name=f"Remove your rating of {title}", exact=True).click()
    expect(message(page, f"You took back your rating of {title}.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Your ratings")).to_be_visible()
    expect(page.get_by_role("article").first).to_be_visible()
    expect(kept).to_have_count(0)


def test_a_visitor_without_a_profile_gets_picks_from_a_few_stars(page: Page) -> None:
    page.goto("/visit")
    offered = page.get_by_role("region", name="Have you seen these?").get_by_role("article")
    expect(offered.first).to_be_visible(timeout=PATIENCE_MS)
    stars = offered.first.get_by_role("slider")
    stars.press("5")
    stars.press("Enter")
    first = page.get_by_role("region", name="Your first picks").get_by_role("article")
    expect(first).to_have_count(12)
    assert titles(offered)[0] not in titles(first)


def test_an_item_that_does_not_exist_is_told_with_ways_on(page: Page, console: Console) -> None:
    console.expect(r"404.*items/no%20such%2Fitem")
    page.goto("/items/no%20such%2Fitem")
    expect(page.get_by_role("heading", level=1, name="No such title")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    expect(page.get_by_text("/api/")).to_have_count(0)
    page.get_by_role("link", name="Search all titles").click()
    expect(page.get_by_role("heading", level=1, name="All titles")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Go to the entrance").click()
    expect(page).to_have_title("Who is watching? · Marquee")


def test_a_server_out_of_reach_is_told_and_tried_again(page: Page, console: Console) -> None:
    console.expect("ERR_INTERNET_DISCONNECTED")
    pick_profile(page, "42")
    page.context.set_offline(True)
    page.get_by_role("button", name="Western", exact=True).click()
    picks_region = page.get_by_role("region", name="Top picks in Western")
    expect(picks_region.get_by_role("alert")).to_contain_text("cannot be reached", timeout=PATIENCE_MS)
    page.context.set_offline(False)
    picks_region.get_by_role("button", name="Try again").click()
    expect(picks(page).filter(has_text="Western").first).to_be_visible()


def test_a_rating_that_was_not_kept_is_told_and_taken_back(page: Page, console: Console) -> None:
    console.expect("ERR_INTERNET_DISCONNECTED")
    pick_profile(page, "42")
    first = titles(picks(page))[0]
    page.context.set_offline(True)
    stars = stars_of(picks(page), first)
    stars.press("4")
    stars.press("Enter")
    expect(message(page, "Your rating was not kept. Marquee cannot be reached")).to_be_visible()
    expect(stars).to_have_attribute("aria-valuetext", "Not rated")


def test_whoever_is_signed_out_elsewhere_is_asked_again_who_they_are(page: Page, console: Console) -> None:
    console.expect("401")
    pick_profile(page, "42")
    page.context.clear_cookies()
    page.get_by_role("button", name="Western", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Who is watching"))).to_be_attached()


def test_the_chosen_theme_is_remembered(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/")
    page.get_by_role("button", name="Use the dark theme").click()
    page.reload()
    expect(page.get_by_role("button", name="Use the light theme")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_a_wrong_password_opens_nothing(page: Page, console: Console) -> None:
    console.expect(r"401.*session")
    page.goto("/operator")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    expect(page.get_by_role("heading", name="Now serving")).to_have_count(0)


def test_a_long_name_is_cut_with_an_ellipsis_on_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    pick_profile(page, "42")
    who = page.get_by_role("link", name="Profile 42, switch profile")
    who.evaluate("link => { link.textContent = 'Profile of somebody with a long name' }")
    assert who.evaluate("link => getComputedStyle(link).display") == "block"  # a flex box gives no ellipsis
    assert who.evaluate("link => link.scrollWidth > link.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_retrain_now_makes_a_version_that_serves_until_a_rollback(page: Page, platform: Platform) -> None:
    pick_profile(page, "300")
    before = served_version(page)

    sign_in_as_operator(page, platform.operator_password)
    page.get_by_role("button", name="Retrain now").click()
    expect(page).to_have_title("Training run · Marquee")
    expect(page.get_by_role("log")).not_to_be_empty(timeout=TRAINING_MS)
    state = page.get_by_role("main").get_by_role("status")
    expect(state).to_contain_text("Succeeded", timeout=TRAINING_MS)
    expect(state).to_contain_text(re.compile(r"Version \d+"))
    trained = int(re.search(r"Version (\d+)", state.inner_text())[1])  # type: ignore[index]
    assert trained > before

    page.get_by_role("link", name="Overview").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile(rf"^{trained} ")))
    expect(row).to_contain_text("serving", timeout=TAKE_OVER_SECONDS * 1000)
    expect(row.get_by_role("cell").filter(has_text=re.compile(r"^0\.\d{3}$")).first).to_be_visible()

    row.get_by_role("link", name=str(trained), exact=True).click()
    expect(page).to_have_title(f"Version {trained} · Marquee")
    expect(page.get_by_role("region", name="Predicts the stars")).to_contain_text("SVD: factors of people")
    expect(page.get_by_role("region", name="Orders the lists")).to_contain_text("EASE: weights between items")
    within = page.get_by_role("row").filter(has_text="Ratings within the interval (made for 90.0 %)")
    expect(within.get_by_role("cell").first).to_have_text(re.compile(r"^[89]\d\.\d %$"))
    gates = page.get_by_role("region", name="Gates", exact=True).get_by_role("row")
    expect(gates.filter(has_text="RMSE of known users").first).to_contain_text("passed")

    pick_profile(page, "300")
    take_over = time.monotonic() + TAKE_OVER_SECONDS  # each worker fetches and checks the version by itself
    while served_version(page) != trained and time.monotonic() < take_over:
        page.reload()
    assert served_version(page) == trained

    sign_in_as_operator(page, platform.operator_password)
    page.get_by_role("button", name="Roll back…").click()
    dialog = page.get_by_role("dialog", name=f"Roll back to version {before}?")
    dialog.get_by_label("Reason").fill(f"version {trained} pleases nobody")
    dialog.get_by_role("button", name="Roll back").click()
    expect(message(page, f"Rolled back: version {before} serves instead of {trained}.")).to_be_visible()
    page.get_by_role("link", name="Audit trail").click()
    entry = page.get_by_role("row").filter(has_text=f"version {trained} pleases nobody")
    expect(entry).to_contain_text("operator")
