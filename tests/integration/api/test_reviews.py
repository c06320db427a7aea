"""Cards, reviews, checklists, rollouts, alerts and the policy, over HTTP."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from shutil import copytree
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from marquee.settings import load_policy
from marquee.stack.postgres import Server
from marquee.store import alerts, audit, deployment, versions, workers
from marquee.store.workers import ServingWorker
from tests.support.service import Service, eventually, running_service
from tests.support.versions import FAILED, PASSED, plant_ended_rollout, plant_version
from tests.support.world import NOW

CONFIGS = Path(__file__).parents[3] / "configs"
CHAMPION, WAITING, REJECTED, APPROVED = 1, 2, 3, 4
REVIEW = {"part": "technical", "decision": "approve", "comment": "Every gate has its figures."}
WHY = {"reason": "a test"}


@pytest.fixture(scope="module")
def platform(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Version 1 serves; 2 waits for a review; 3 is rejected; 4 is approved, and was rolled back once."""
    home = tmp_path_factory.mktemp("reviews")
    configs = home / "configs"
    copytree(CONFIGS, configs)
    with running_service(home, api_server, "reviews", MARQUEE_CONFIGS_DIR=str(configs)) as service:
        service.deploy(CHAMPION)
        with service.engine.begin() as connection:
            plant_version(connection, WAITING)
            plant_version(connection, REJECTED, "rejected", gates=[dict(FAILED), dict(PASSED)])
            plant_version(connection, APPROVED, "approved")
            plant_ended_rollout(connection, APPROVED, CHAMPION)
        eventually(lambda: service.serves(CHAMPION))
        yield service


@pytest.fixture
def reader(platform: Service) -> Iterator[httpx.Client]:
    with platform.client("read") as client:
        yield client


@pytest.fixture
def operator(platform: Service) -> Iterator[httpx.Client]:
    with platform.client("operate") as client:
        yield client


@pytest.fixture
def waiting(platform: Service) -> int:
    """A version of the test's own that waits for a review."""
    with platform.engine.begin() as connection:
        number = connection.scalar(text("SELECT max(version) + 1 FROM model_versions"))
        assert isinstance(number, int)
        plant_version(connection, number)
    return number


def _canary() -> dict[str, Any]:
    """That preset, as the policy that comes with the platform has it."""
    policy = load_policy(CONFIGS / "policy.yaml")
    return policy.rollouts.presets["canary"].model_dump(mode="json")


def _policy(platform: Service, review: str) -> None:
    """Let policy.yaml say this of reviews."""
    path = platform.home / "configs" / "policy.yaml"
    before, _, after = (CONFIGS / "policy.yaml").read_text().partition("review:\n")
    path.write_text(f"{before}review: {review}\n{after[after.index('judge:') :]}")


@pytest.fixture(autouse=True)
def policy_as_it_came(platform: Service) -> Iterator[None]:
    yield
    (platform.home / "configs" / "policy.yaml").write_text((CONFIGS / "policy.yaml").read_text())


# ---- who may do what ----

READING = [f"models/{WAITING}/card", f"models/{WAITING}/reviews", "rollouts", "rollouts/1", "policy"]
OPERATING = [f"models/{WAITING}/checklist", "alerts", "audit/verify"]
CHANGING: list[tuple[str, dict[str, Any]]] = [
    (f"models/{WAITING}/review", REVIEW),
    (f"models/{REJECTED}/archive", WHY),
    ("rollouts", {"version": APPROVED, **WHY}),
    ("rollouts/1/advance", {**WHY, "expected_revision": 0}),
    ("rollouts/1/abort", WHY),
    ("alerts/1/resolve", {}),
    ("deployment/rollback", WHY),
]


@pytest.mark.parametrize("path", [*READING, *OPERATING])
def test_what_is_read_is_for_those_with_the_scope(platform: Service, path: str) -> None:
    with platform.client() as anybody, platform.client("read") as reader, platform.client("operate") as boss:
        assert anybody.get(f"/api/v1/{path}").status_code == 401
        assert reader.get(f"/api/v1/{path}").status_code == (200 if path in READING else 403)
        assert boss.get(f"/api/v1/{path}").status_code == 200


@pytest.mark.parametrize(("path", "body"), CHANGING, ids=[path for path, _ in CHANGING])
def test_only_operators_change_anything(platform: Service, path: str, body: dict[str, Any]) -> None:
    before = _audit_head(platform)
    for scope, status in ((None, 401), ("read", 403), ("write", 403)):
        with platform.client(scope) as client:
            assert client.post(f"/api/v1/{path}", json=body).status_code == status
    assert _audit_head(platform) == before


def _audit_head(platform: Service) -> str:
    with platform.engine.connect() as connection:
        return audit.head(connection)


# ---- reviews ----


def test_a_review_approves_and_is_told_with_what_it_rests_on(
    operator: httpx.Client, reader: httpx.Client, waiting: int
) -> None:
    before = reader.get(f"/api/v1/models/{waiting}/reviews").json()
    assert (before["state"], before["missing"], before["reviews"]) == ("validated", ["technical"], [])
    done = operator.post(f"/api/v1/models/{waiting}/review", json=REVIEW)
    assert done.status_code == 201, done.text
    assert (done.json()["state"], done.json()["missing"]) == ("approved", [])
    after = reader.get(f"/api/v1/models/{waiting}/reviews").json()
    assert after["reviews"] == [done.json()["review"]]
    assert after["reviews"][0]["reviewer"] == "key:operate"
    assert reader.get(f"/api/v1/models/{waiting}").json()["state"] == "approved"
    entry = operator.get("/api/v1/audit", params={"limit": 1}).json()["entries"][0]
    assert (entry["action"], entry["actor"], entry["reason"]) == (
        "approve",
        "key:operate",
        REVIEW["comment"],
    )
    again = operator.post(f"/api/v1/models/{waiting}/review", json=REVIEW)
    assert again.status_code == 409
    assert "approved already" in again.json()["detail"]


def test_two_people_sign_two_parts(platform: Service, waiting: int) -> None:
    _policy(platform, "{sign_offs: [technical, business]}")
    path = f"/api/v1/models/{waiting}/review"
    with platform.client("operate") as one, platform.client("admin") as other:
        assert one.post(path, json=REVIEW).json()["missing"] == ["business"]
        both = one.post(path, json={**REVIEW, "part": "business"})
        assert (both.status_code, both.json()["type"]) == (403, "urn:marquee:problem:forbidden")
        assert other.post(path, json={**REVIEW, "part": "business"}).json()["state"] == "approved"


def test_nobody_approves_what_they_asked_for_where_the_policy_refuses(platform: Service) -> None:
    _policy(platform, "{own: refuse}")
    with platform.engine.begin() as connection:
        plant_version(connection, 50, requested_by="key:operate")
    with platform.client("operate") as maker, platform.client("admin") as other:
        refused = maker.post("/api/v1/models/50/review", json=REVIEW)
        assert refused.status_code == 403
        assert "somebody else must" in refused.json()["detail"]
        assert other.post("/api/v1/models/50/review", json=REVIEW).json()["state"] == "approved"


def test_a_policy_that_cannot_be_read_approves_nothing(
    platform: Service, operator: httpx.Client, waiting: int
) -> None:
    (platform.home / "configs" / "policy.yaml").write_text("gates: 7\n")
    refused = operator.post(f"/api/v1/models/{waiting}/review", json=REVIEW)
    assert refused.status_code == 503
    assert "policy.yaml" in refused.json()["detail"]
    items = _checklist(operator, waiting)
    assert items["Policy"]["state"] == "failed"
    assert items["Reviews"]["state"] == "not yet"


@pytest.mark.parametrize(
    "wrong",
    [{"comment": "  "}, {"comment": ""}, {"part": "legal"}, {"part": "business"}, {"decision": "maybe"}],
    ids=["blank", "empty", "no such part", "a part that is not asked for", "no such decision"],
)
def test_a_review_that_says_nothing_is_refused(
    operator: httpx.Client, waiting: int, wrong: dict[str, str]
) -> None:
    path = f"/api/v1/models/{waiting}/review"
    assert operator.post(path, json={**REVIEW, **wrong}).status_code == 422
    assert operator.get(f"/api/v1/models/{waiting}").json()["state"] == "validated"


def test_versions_that_are_not_there_are_not_found(operator: httpx.Client) -> None:
    for path in ("card", "reviews", "checklist"):
        assert operator.get(f"/api/v1/models/999/{path}").status_code == 404
    assert operator.post("/api/v1/models/999/review", json=REVIEW).status_code == 404
    assert operator.post("/api/v1/models/999/archive", json=WHY).status_code == 404


def test_archiving_is_for_what_will_not_serve(operator: httpx.Client) -> None:
    done = operator.post(f"/api/v1/models/{REJECTED}/archive", json=WHY)
    assert (done.status_code, done.json()) == (200, {"version": REJECTED, "state": "archived"})
    for version in (CHAMPION, WAITING, REJECTED):
        assert operator.post(f"/api/v1/models/{version}/archive", json=WHY).status_code == 409


# ---- the card ----


class Page(HTMLParser):
    """What a page holds: its tags with their attributes, and its text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] != "style":
            self.words.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def _card(client: httpx.Client, version: int, **more: Any) -> httpx.Response:
    answer = client.get(f"/api/v1/models/{version}/card", **more)
    assert answer.status_code == 200, answer.text
    return answer


def test_the_card_is_one_page_that_anybody_can_read_and_that_needs_nothing_else(
    reader: httpx.Client,
) -> None:
    answer = _card(reader, APPROVED)
    page = Page(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.tags[0] == ("html", {"lang": "en"})
    assert page.count("h1") == page.count("main") == 1
    assert page.count("table") == page.count("caption") >= 8
    assert page.count("script") == page.count("link") == page.count("img") == 0
    targets = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert {str(target).removeprefix("#") for target in targets} <= set(ids)
    headings = [int(tag[1]) for tag, _ in page.tags if tag in ("h1", "h2", "h3", "h4")]
    assert all(after <= before + 1 for before, after in pairwise(headings))


SAID = [
    *(
        "Model card: version 4 (1.0.4)",
        "Ordering the items of one catalogue",
        "Not for: Decisions about people",
    ),
    *("0.4321", "0.4011 to 0.4622", "0.9123", "nDCG@10", "known.ndcg", "not judged", "gender.ndcg"),
    *("Rollout 1", "the new recipe", "worse in positive", "−0.0340 to", "4,321"),  # noqa: RUF001
    *("3.11.9", "shell:ann", "regularization: 10.0", "5" * 64, "run-4", "feedback loop", "past data"),
]


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_both_forms_of_the_card_say_everything_and_name_no_person(reader: httpx.Client, form: str) -> None:
    content = _card(reader, APPROVED, params={"format": form}).text
    said = " ".join(Page(content).words) if form == "html" else content
    for words in SAID:
        assert words in said
    assert not [user for user in (f"u{number:03d}" for number in range(40)) if user in said]


def test_both_forms_of_the_card_have_the_same_figures(reader: httpx.Client) -> None:
    page, markdown = (_card(reader, APPROVED, params={"format": form}).text for form in ("html", "markdown"))
    cells = [row.split("|") for row in markdown.splitlines() if row.startswith("| ") and " --- " not in row]
    assert len(cells) == Page(page).count("tr")
    assert sum(len(row) - 2 for row in cells) == Page(page).count("td") + Page(page).count("th")


def test_a_client_asks_for_markdown_by_accept_or_by_the_query(reader: httpx.Client) -> None:
    kinds = [
        _card(reader, WAITING, **asked).headers["content-type"].partition(";")[0]
        for asked in (
            {},
            {"headers": {"Accept": "text/markdown"}},
            {"params": {"format": "markdown"}},
            {"params": {"format": "html"}, "headers": {"Accept": "text/markdown"}},
            {"headers": {"Accept": "*/*"}},
        )
    ]
    assert kinds == ["text/html", "text/markdown", "text/markdown", "text/html", "text/html"]
    assert reader.get(f"/api/v1/models/{WAITING}/card", params={"format": "pdf"}).status_code == 422


def test_the_card_has_the_owners_words_as_text_and_the_reviews(
    platform: Service, operator: httpx.Client, waiting: int
) -> None:
    words = platform.home / "configs" / "card.yaml"
    words.write_text('owner: "<b>Ann & co</b>"\nlimits: ["Only for films."]\n')
    try:
        comment = "<script>alert(1)</script>"
        operator.post(f"/api/v1/models/{waiting}/review", json={**REVIEW, "comment": comment})
        content = _card(operator, waiting).text
        assert "&lt;b&gt;Ann &amp; co&lt;/b&gt;" in content
        assert "<script>" not in content
        assert "Only for films." in content
        assert "past data" not in content
        assert comment in _card(operator, waiting, params={"format": "markdown"}).text
        words.write_text("limit: [a typing mistake]\n")
        refused = operator.get(f"/api/v1/models/{waiting}/card")
        assert refused.status_code == 503
        assert "card.yaml" in refused.json()["detail"]
    finally:
        words.unlink()


# ---- the checklist ----


def _checklist(client: httpx.Client, version: int) -> dict[str, dict[str, str]]:
    answer = client.get(f"/api/v1/models/{version}/checklist")
    assert answer.status_code == 200, answer.text
    return {item["name"]: item for item in answer.json()["items"]}


def test_the_checklist_is_what_is_found(platform: Service, operator: httpx.Client, waiting: int) -> None:
    eventually(lambda: _checklist(operator, waiting)["Workers"]["state"] == "ok")
    items = _checklist(operator, waiting)
    assert {name: item["state"] for name, item in items.items()} == {
        "Workers": "ok",
        "Gates: quality": "ok",
        "Gates: slices": "ok",
        "Reviews": "not yet",
        "Not sent back": "ok",
        "Model card": "ok",
        "Way back": "ok",
        "Policy": "ok",
        "Audit": "ok",
        "Alerts": "ok",
        "Monitoring": "ok",
        "Bundle in the registry": "not yet",  # nobody is at the registry's address
        "Data snapshot": "not yet",
    }
    assert "to be signed: technical" in items["Reviews"]["evidence"]
    assert f"version {CHAMPION}" in items["Way back"]["evidence"]
    assert "cannot be reached" in items["Bundle in the registry"]["evidence"]
    assert _audit_head(platform) in items["Audit"]["evidence"]


def test_what_is_wrong_fails_its_item(platform: Service, operator: httpx.Client) -> None:
    with platform.engine.begin() as connection:
        plant_version(connection, 60, gates=[dict(FAILED), dict(PASSED)], facts={})
        alerts.raise_alert(connection, kind="alias moved", subject="version 60", message="It was moved.")
    (platform.home / "bundles" / "60").mkdir()
    items = _checklist(operator, 60)
    assert items["Gates: quality"] == {
        "name": "Gates: quality",
        "state": "failed",
        "evidence": "1 of 2 passed. 0.12 worse.",
    }
    assert items["Alerts"]["evidence"] == "It was moved."
    assert "how it was made" in items["Model card"]["evidence"]
    states = {name: items[name]["state"] for name in ("Alerts", "Model card", "Bundle in the registry")}
    assert states == {"Alerts": "failed", "Model card": "not yet", "Bundle in the registry": "failed"}


def test_workers_are_warm_when_each_has_what_it_is_to_serve(
    platform: Service, operator: httpx.Client
) -> None:
    with platform.engine.begin() as connection:
        now = deployment.get(connection)
        for name, revision in (("a", now.revision), ("b", now.revision - 1)):
            worker = ServingWorker(name, "here", 1, NOW, revision, CHAMPION, None, None)
            workers.report(connection, worker)
    behind = _checklist(operator, CHAMPION)["Workers"]
    assert behind["state"] == "not yet"
    with platform.engine.begin() as connection:
        workers.report(
            connection, ServingWorker("b", "here", 1, NOW, now.revision, None, None, "It is damaged.")
        )
    damaged = _checklist(operator, CHAMPION)["Workers"]
    assert damaged["state"] == "failed"
    assert "It is damaged." in damaged["evidence"]
    with platform.engine.begin() as connection:
        for name in ("a", "b"):
            workers.leave(connection, name)
    eventually(lambda: _checklist(operator, CHAMPION)["Workers"]["state"] == "ok")


# ---- rollouts, the way back ----


def test_a_rollout_is_started_looked_at_and_aborted(
    platform: Service, operator: httpx.Client, reader: httpx.Client
) -> None:
    started = operator.post("/api/v1/rollouts", json={"version": APPROVED, "preset": "canary", **WHY})
    assert started.status_code == 201, started.text
    rollout = started.json()
    path = f"/api/v1/rollouts/{rollout['rollout_id']}"
    assert (rollout["state"], rollout["challenger"], rollout["champion"]) == ("planned", APPROVED, CHAMPION)
    assert rollout["plan"]["preset"]["steps"] == _canary()["steps"]
    assert (rollout["steps"], rollout["verdict"], rollout["shadow"]) == ([], None, {})
    another = operator.post("/api/v1/rollouts", json={"version": APPROVED, **WHY})
    assert another.status_code == 409

    stale = operator.post(f"{path}/abort", json={**WHY, "expected_revision": rollout["revision"] + 1})
    assert stale.status_code == 409
    assert operator.post(f"{path}/advance", json=WHY).status_code == 422  # of which revision?
    seen = {**WHY, "expected_revision": rollout["revision"]}
    assert operator.post(f"{path}/advance", json=seen).status_code == 409  # no worker has it yet
    ended = operator.post(f"{path}/abort", json={**WHY, "expected_revision": rollout["revision"]})
    assert (ended.status_code, ended.json()["state"]) == (200, "aborted")
    assert operator.post(f"{path}/abort", json=WHY).status_code == 409
    assert reader.get(path).json() == ended.json()


def test_a_rollout_has_its_steps_its_verdict_and_what_the_shadow_showed(
    platform: Service, reader: httpx.Client
) -> None:
    with platform.engine.begin() as connection:
        for worker, compared in (("a", 3), ("b", 4)):
            figures = {"compared": compared, "overlap": 1.5, "seconds": {"0.001": compared, "inf": 1}}
            connection.execute(
                text(
                    "INSERT INTO shadow_tallies (rollout_id, worker, figures) VALUES (1, :worker, :figures)"
                ),
                {"worker": worker, "figures": json.dumps(figures)},
            )
    found = reader.get("/api/v1/rollouts/1").json()
    assert (found["state"], found["outcome"]) == ("rolled_back", "worse in positive")
    assert [(step["step"], step["share"]) for step in found["steps"]] == [(1, 0.05)]
    assert found["verdict"]["findings"][0]["metric"] == "positive"
    sums = {"compared": 7.0, "overlap": 3.0, "seconds.0.001": 7.0, "seconds.inf": 2.0}
    assert found["shadow"] == sums


def test_rollouts_come_page_by_page_newest_first(operator: httpx.Client, reader: httpx.Client) -> None:
    started = operator.post("/api/v1/rollouts", json={"version": APPROVED, **WHY}).json()
    operator.post(f"/api/v1/rollouts/{started['rollout_id']}/abort", json=WHY).raise_for_status()
    seen: list[int] = []
    cursor = None
    while True:
        query = {"limit": "1"} if cursor is None else {"limit": "1", "cursor": cursor}
        page = reader.get("/api/v1/rollouts", params=query).json()
        seen += [rollout["rollout_id"] for rollout in page["rollouts"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 1
    assert len(seen) >= 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": 999, **WHY}, 404),
        ({"version": CHAMPION, **WHY}, 409),
        ({"version": WAITING, **WHY}, 409),
        ({"version": APPROVED, "preset": "none such", **WHY}, 422),
        ({"version": APPROVED}, 422),
        ({"version": APPROVED, "reason": ""}, 422),
        ({"version": APPROVED, "reason": " \u200b\u202e"}, 422),
        ({"version": True, **WHY}, 422),
        ({"version": APPROVED, "preset": "", **WHY}, 422),
    ],
)
def test_a_rollout_that_may_not_be_is_refused(
    operator: httpx.Client, body: dict[str, Any], status: int
) -> None:
    assert operator.post("/api/v1/rollouts", json=body).status_code == status


def test_rollouts_that_are_not_there_are_not_found(operator: httpx.Client) -> None:
    assert operator.get("/api/v1/rollouts/999").status_code == 404
    for action in ("advance", "abort"):
        body = {**WHY, "expected_revision": 0}
        assert operator.post(f"/api/v1/rollouts/999/{action}", json=body).status_code == 404


def test_a_rollback_may_name_where_to_among_those_that_have_served(
    platform: Service, operator: httpx.Client, reader: httpx.Client
) -> None:
    def champion() -> int:
        return int(reader.get("/api/v1/deployment").json()["champion"]["version"])

    for version, status in ((WAITING, 409), (999, 404), (CHAMPION, 409), (APPROVED, 409)):
        refused = operator.post("/api/v1/deployment/rollback", json={"to": version, **WHY})
        assert refused.status_code == status, refused.text
    assert "has never served" in refused.text
    with platform.engine.begin() as connection:
        versions.note_served(connection, APPROVED)
    assert operator.post("/api/v1/deployment/rollback", json={"to": APPROVED, **WHY}).status_code == 200
    assert champion() == APPROVED
    assert operator.post("/api/v1/deployment/rollback", json={"to": CHAMPION, **WHY}).status_code == 200
    assert champion() == CHAMPION
    again = operator.post("/api/v1/deployment/rollback", json=WHY)
    assert (again.status_code, champion()) == (409, CHAMPION), "the version just left is no way back"


# ---- policy, alerts, audit ----


def test_the_policy_in_force_is_what_the_file_says_now(platform: Service, reader: httpx.Client) -> None:
    policy = reader.get("/api/v1/policy").json()
    presets = {preset["name"]: preset for preset in policy["presets"]}
    assert policy["default_preset"] in presets
    assert presets["canary"] == {"name": "canary", **_canary()}
    assert presets["blue-green"]["steps"] == []
    assert policy["review"]["sign_offs"] == ["technical"]
    _policy(platform, "{sign_offs: [business, technical], own: refuse}")
    assert reader.get("/api/v1/policy").json()["review"] == {
        "sign_offs": ["business", "technical"],
        "own": "refuse",
        "automatic": "patch",
        "overrule": "refuse",
    }


def test_an_alert_is_open_until_somebody_resolves_it(platform: Service, operator: httpx.Client) -> None:
    offer = {"action": "rollout", "version": APPROVED}
    with platform.engine.begin() as connection:
        alerts.raise_alert(connection, kind="a", subject="version 4", message="Look.", offer=offer)
        alerts.raise_alert(connection, kind="b", subject="version 4", message="Look too.")
    newest, older = operator.get("/api/v1/alerts", params={"open": "true", "limit": 2}).json()["alerts"]
    assert (newest["message"], older["offer"]) == ("Look too.", offer)
    resolved = operator.post(f"/api/v1/alerts/{older['alert_id']}/resolve").json()
    assert resolved["resolved_by"] == "key:operate"
    with platform.client("admin") as other:
        again = other.post(f"/api/v1/alerts/{older['alert_id']}/resolve").json()
    assert again == resolved
    first = operator.get("/api/v1/alerts", params={"limit": 1}).json()
    second = operator.get("/api/v1/alerts", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [first["alerts"][0], second["alerts"][0]] == [newest, resolved]
    assert older["alert_id"] not in [
        alert["alert_id"] for alert in operator.get("/api/v1/alerts?open=true").json()["alerts"]
    ]
    assert operator.post("/api/v1/alerts/999/resolve").status_code == 404


def test_the_audit_is_intact_until_a_row_is_changed(platform: Service, operator: httpx.Client) -> None:
    intact = operator.get("/api/v1/audit/verify").json()
    assert intact == {
        "intact": True,
        "rows": intact["rows"],
        "head": _audit_head(platform),
        "first_broken": None,
        "faults": [],
    }
    old = operator.get("/api/v1/audit", params={"limit": 2}).json()["entries"][1]["hash"]
    assert operator.get("/api/v1/audit/verify", params={"head": old}).json() == intact
    cut = operator.get("/api/v1/audit/verify", params={"head": "f" * 64}).json()
    assert (cut["intact"], cut["first_broken"]) == (False, None)
    assert "cut off" in cut["faults"][0]
    assert operator.get("/api/v1/audit/verify", params={"head": "f"}).status_code == 422
    assert intact["rows"] > 1
    with platform.engine.begin() as connection:
        reason = connection.scalar(text("SELECT reason FROM audit_log WHERE id = 2"))
        connection.execute(text("UPDATE audit_log SET reason = 'nothing' WHERE id = 2"))
    try:
        broken = operator.get("/api/v1/audit/verify").json()
        assert (broken["intact"], broken["first_broken"]) == (False, 2)
        assert _checklist(operator, CHAMPION)["Audit"]["state"] == "failed"
    finally:
        with platform.engine.begin() as connection:
            connection.execute(text("UPDATE audit_log SET reason = :reason WHERE id = 2"), {"reason": reason})
