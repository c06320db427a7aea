"""An operator takes versions to the people and back: reviews, rollouts, alerts, the audit."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.browsing import CHECKOUT, Platform
from e2e.screens import message, sign_in_as_operator
from e2e.soundness import assert_sound_everywhere
from marquee.settings import load_settings
from marquee.store import alerts
from marquee.store.engine import connect
from tests.running import RunningStack

TRAINING_SECONDS = 280.0
MOVING_MS = 30_000  # in which workers load a version, and the conductor looks


@pytest.fixture(scope="module")
def operator(stack: RunningStack) -> Iterator[httpx.Client]:
    """The API, for whoever may operate."""
    with httpx.Client(base_url=f"{stack.url}/api/v1", headers={"Origin": stack.url}) as client:
        account = {"name": "operator", "password": stack.operator_password}
        client.post("/session", json=account).raise_for_status()
        yield client


@pytest.fixture(scope="module")
def validated(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> int:
    """A version of a recipe that is new here: the gates let it pass, and it waits for a review."""
    params = tmp_path_factory.mktemp("recipe") / "params.yaml"
    usual = (CHECKOUT / "configs" / "params.yaml").read_text(encoding="utf-8")
    params.write_text(usual.replace("regularization: 300", "regularization: 310"), encoding="utf-8")
    assert params.read_text(encoding="utf-8") != usual
    return trained(stack, params)


@pytest.fixture(scope="module")
def approved(operator: httpx.Client, validated: int) -> int:
    """The same, approved, whether or not a test did it."""
    if state_of(operator, validated) == "validated":
        review = {"part": "technical", "decision": "approve", "comment": "for the tests"}
        operator.post(f"/models/{validated}/review", json=review).raise_for_status()
    return validated


def trained(stack: RunningStack, params: Path) -> int:
    command = [sys.executable, "-P", "-m", "marquee", "train", "--params", str(params), "--json"]
    done = subprocess.run(
        command, env=stack.env, capture_output=True, text=True, timeout=TRAINING_SECONDS, check=True
    )
    return int(json.loads(done.stdout)["version"])


def champion(operator: httpx.Client) -> int:
    return int(operator.get("/deployment").json()["champion"]["version"])


def state_of(operator: httpx.Client, version: int) -> str:
    return str(operator.get(f"/models/{version}").json()["state"])


def first_share(operator: httpx.Client) -> str:
    """Of the people, as the policy's canary begins, in the words of the screens."""
    presets = operator.get("/policy").json()["presets"]
    (canary,) = [preset for preset in presets if preset["name"] == "canary"]
    return f"{100 * canary['steps'][0]['share']:g} %"


def standing(page: Page) -> Locator:
    """What says where a rollout is, or a version."""
    return page.get_by_role("main").get_by_role("status").first


def start(page: Page, version: int, preset: str, reason: str) -> None:
    """From a version's page to that of its rollout."""
    page.goto(f"/operator/versions/{version}")
    page.get_by_role("button", name="Start a rollout").click()
    dialog = page.get_by_role("dialog", name=f"Roll out version {version}?")
    dialog.get_by_role("radio", name=re.compile(f"^{preset}")).check()
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name="Start the rollout").click()
    expect(page).to_have_title(re.compile(r"^Rollout \d+ · Marquee$"))


def answer(page: Page, button: str, dialog: str, reason: str) -> None:
    """Press a button, and give the reason that is asked for."""
    page.get_by_role("button", name=button).click()
    asked = page.get_by_role("dialog", name=dialog)
    asked.get_by_label("Reason").fill(reason)
    asked.get_by_role("button", name=re.compile("^(Roll back|Abort|Advance|Archive|Make)")).click()


@pytest.fixture
def desk(page: Page, platform: Platform) -> Page:
    sign_in_as_operator(page, platform.operator_password)
    return page


def test_a_validated_version_is_reviewed_and_rolled_out_to_everybody_and_back(
    desk: Page, operator: httpx.Client, validated: int, axe: str
) -> None:
    before = champion(operator)
    desk.goto(f"/operator/versions/{validated}")
    expect(standing(desk)).to_contain_text("It waits for a technical review.")
    expect(desk.get_by_role("region", name="Gates").get_by_role("img").first).to_be_visible()
    checklist = desk.get_by_role("region", name="Checklist", exact=True).get_by_role("row")
    expect(checklist.filter(has_text="Reviews")).to_contain_text("not yet")
    assert_sound_everywhere(desk, axe)

    # Nothing is said: nothing is done, and what is missing is told.
    desk.get_by_role("button", name=f"Approve version {validated}").click()
    expect(desk.get_by_role("alert").filter(has_text="The comment is missing.")).to_be_visible()
    expect(desk.get_by_label("Comment")).to_be_focused()
    expect(standing(desk)).to_contain_text("It waits for a technical review.")
    desk.get_by_label("Comment").fill("nobody loses more than the margin")
    desk.get_by_role("button", name=f"Approve version {validated}").click()
    expect(message(desk, f"Version {validated} is approved.")).to_be_visible()
    expect(desk.get_by_role("region", name="Reviews, oldest first")).to_contain_text("nobody loses more than")
    expect(checklist.filter(has_text="Reviews")).to_contain_text("ok")

    start(desk, validated, "blue-green", "approved today")
    expect(standing(desk)).to_contain_text("Promoted", timeout=MOVING_MS)
    stages = desk.get_by_role("list", name="Stages").get_by_role("listitem")
    expect(stages).to_contain_text([re.compile("^Warming up.*took"), re.compile("^Champion.*reached")])
    assert champion(operator) == validated
    assert_sound_everywhere(desk, axe)

    desk.get_by_role("link", name="Overview").click()
    expect(desk.get_by_role("region", name="Now serving")).to_contain_text(
        f"{validated}, version", timeout=MOVING_MS
    )
    desk.get_by_role("button", name="Roll back…").click()
    dialog = desk.get_by_role("dialog", name=re.compile(r"^Roll back to version \d+\?$"))
    dialog.get_by_label("Return to").select_option(str(before))
    expect(desk.get_by_role("dialog", name=f"Roll back to version {before}?")).to_be_visible()
    dialog.get_by_label("Reason").fill("it was only tried")
    dialog.get_by_role("button", name="Roll back").click()
    expect(message(desk, f"Rolled back: version {before} serves instead of {validated}.")).to_be_visible()
    assert champion(operator) == before


def test_a_canary_is_watched_advanced_and_aborted(
    desk: Page, operator: httpx.Client, approved: int, axe: str
) -> None:
    served, version, share = champion(operator), approved, first_share(operator)
    assert served != version
    start(desk, version, "canary", "to see how it does")
    expect(standing(desk)).to_contain_text("In the shadow", timeout=MOVING_MS)
    expect(
        desk.get_by_text(re.compile(r"nobody sees its lists\. That lasts for .* so far\."))
    ).to_be_visible()
    current = desk.get_by_role("list", name="Stages").locator("[aria-current=step]")
    expect(current).to_contain_text("Shadow")
    expect(desk.get_by_role("region", name="Workers", exact=True).get_by_role("row").nth(1)).to_contain_text(
        "in memory"
    )
    assert_sound_everywhere(desk, axe)

    answer(desk, f"Advance to {share}", f"Advance to {share}?", "the shadow has shown enough")
    expect(message(desk, f"The rollout goes on with {share}.")).to_be_visible()
    expect(current).to_contain_text(share)
    findings = desk.get_by_role("region", name="What the judge found, metric by metric")
    expect(findings).to_contain_text("Lists that failed", timeout=MOVING_MS)
    expect(findings).to_contain_text("inconclusive")
    assert_sound_everywhere(desk, axe)

    desk.get_by_role("link", name="Overview").click()
    challenger = desk.get_by_role("region", name="Challenger")
    expect(challenger).to_contain_text(f"Challenger {version}: {share}")
    expect(challenger.get_by_role("img")).to_have_accessible_name(
        f"{share} of the people see version {version}, all others version {served}"
    )
    assert_sound_everywhere(desk, axe)
    challenger.get_by_role("link", name="Watch rollout").click()

    answer(desk, "Abort the rollout", re.compile(r"^Abort rollout \d+\?$"), "seen enough of it")
    expect(standing(desk)).to_contain_text("Aborted")
    expect(standing(desk)).to_contain_text("seen enough of it")
    expect(desk.get_by_role("button", name="Abort the rollout")).to_have_count(0)
    expect(desk.get_by_role("list", name="Stages")).to_contain_text("ended after")
    assert champion(operator) == served
    assert_sound_everywhere(desk, axe)
    desk.get_by_role("link", name="All rollouts").click()
    expect(desk.get_by_role("row").nth(1)).to_contain_text("seen enough of it")
    assert_sound_everywhere(desk, axe)

    desk.get_by_role("link", name="Audit trail").click()
    expect(desk.get_by_role("region", name="State of the audit trail")).to_contain_text("intact")
    expect(desk.get_by_role("row").filter(has_text="seen enough of it")).to_contain_text("end rollout")


def test_an_alert_is_shown_with_its_offer_until_it_is_resolved(
    desk: Page, stack: RunningStack, operator: httpx.Client, approved: int, axe: str
) -> None:
    engine = connect(load_settings(stack.env).database(), application_name="tests")
    with engine.begin() as connection:
        alerts.raise_alert(
            connection,
            kind="alias moved",
            subject="alias champion",
            message=f"Somebody pointed the alias champion at version {approved}; it was put back.",
            offer={"action": "rollout", "version": approved},
        )
    engine.dispose()
    desk.reload()
    alert = desk.get_by_role("region", name="Alerts").get_by_role("listitem").filter(has_text="alias moved")
    expect(alert).to_contain_text("it was put back")
    expect(alert.get_by_role("link", name=f"Look at version {approved}")).to_be_visible()
    assert_sound_everywhere(desk, axe)
    alert.get_by_role("button", name="Start a rollout").click()
    dialog = desk.get_by_role("dialog", name=f"Roll out version {approved}?")
    assert_sound_everywhere(desk, axe)
    dialog.get_by_role("button", name="Cancel").click()
    alert.get_by_role("button", name=re.compile("^Resolve")).click()
    expect(message(desk, "The alert is resolved.")).to_be_visible()
    expect(alert).to_have_count(0)
    assert operator.get("/alerts", params={"open": True}).json()["alerts"] == []


def test_a_version_that_is_declined_can_be_put_away(
    desk: Page, stack: RunningStack, operator: httpx.Client, tmp_path: Path
) -> None:
    params = tmp_path / "params.yaml"
    usual = (CHECKOUT / "configs" / "params.yaml").read_text(encoding="utf-8")
    params.write_text(usual.replace("regularization: 300", "regularization: 290"), encoding="utf-8")
    version = trained(stack, params)
    desk.goto(f"/operator/versions/{version}")
    desk.get_by_label("Comment").fill("we want no more of it")
    desk.get_by_role("button", name="Decline").click()
    expect(message(desk, f"Version {version} is declined.")).to_be_visible()
    expect(desk.get_by_role("button", name="Start a rollout")).to_have_count(0)
    answer(desk, "Archive", f"Archive version {version}?", "out of the way")
    expect(message(desk, f"Version {version} is archived.")).to_be_visible()
    expect(standing(desk)).to_contain_text("It is put away.")
    assert state_of(operator, version) == "archived"
