"""The platform in containers, as a person meets it: through nginx, on a real engine."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.compose.stack import SERVICES, ComposeStack, eventually

pytestmark = pytest.mark.timeout(1500)  # the first test waits for the images and the first model

VIEWER = "42"
SECRETS = ("postgres_password", "mlflow_password", "mlflow_secret_key", "session_key", "operator_password")


def test_every_service_is_healthy_and_holds_no_more_rights_than_it_needs(stack: ComposeStack) -> None:
    secrets = [stack.secret(name) for name in SECRETS]
    assert len(set(secrets)) == len(SECRETS)
    for service in SERVICES:
        (container,) = stack.containers(service)
        host = container["HostConfig"]
        assert container["State"]["Health"]["Status"] == "healthy", service
        assert container["Config"]["User"] not in ("", "root", "0", "0:0"), service
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"] > 0, service
        assert host["RestartPolicy"]["Name"] == "unless-stopped", service
        assert not any(secret in json.dumps(container) for secret in secrets), (
            f"a secret is in {service}'s settings"
        )


def test_only_the_pages_and_mlflow_are_published_and_on_this_machine_alone(stack: ComposeStack) -> None:
    published = {
        (service, binding["HostIp"])
        for service in SERVICES
        for container in stack.containers(service)
        for bindings in container["HostConfig"]["PortBindings"].values()
        for binding in bindings
    }
    assert published == {("front-end", "127.0.0.1"), ("mlflow", "127.0.0.1")}


def test_secret_files_are_closed_to_others(stack: ComposeStack) -> None:
    listing = stack.compose(
        "exec", "--no-TTY", "back-end", "stat", "--format=%a", "/run/secrets", *_secret_paths()
    )
    assert listing.split() == ["750", *["440"] * len(SECRETS)]


def test_pages_come_with_their_headers(browser: httpx.Client) -> None:
    for address in ("/", "/items/50"):  # the second one is a place within the single page
        page = browser.get(address)
        assert page.status_code == 200
        assert page.headers["Content-Type"].startswith("text/html")
        assert page.headers["Cache-Control"] == "no-cache"
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_assets_are_kept_by_browsers_and_sent_compressed(browser: httpx.Client) -> None:
    page = browser.get("/").text
    script = page.partition('src="/assets/')[2].partition('"')[0]
    asset = browser.get(f"/assets/{script}", headers={"Accept-Encoding": "gzip"})
    assert asset.status_code == 200
    assert asset.headers["Content-Encoding"] == "gzip"
    assert "immutable" in asset.headers["Cache-Control"]


def test_what_nginx_refuses_is_a_problem_document(browser: httpx.Client) -> None:
    answers = {
        404: browser.get("/metrics"),
        413: browser.post("/api/v1/predictions", content=b"x" * 2_000_000),
        400: browser.get("/api/v1/items/%00"),
        405: browser.post("/"),
        414: browser.get("/api/v1/items/" + "a" * 20_000),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert problem["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize("path", ["a%2Fb", "a%20%22b%22", "%F0%9F%8E%AC", "..%2F..%2Fx", "a//b", "50%25"])
def test_ids_reach_the_back_end_as_they_were_sent(browser: httpx.Client, path: str) -> None:
    answer = browser.get(f"/api/v1/items/{path}")
    assert answer.status_code == 404
    assert answer.json()["type"].startswith("urn:marquee:problem:")
    assert answer.json()["instance"] == f"/api/v1/items/{path}"


def test_the_api_document_and_its_pages_are_served(browser: httpx.Client) -> None:
    assert "/api/v1/users/{user_id}/recommendations" in browser.get("/openapi.json").json()["paths"]
    assert browser.get("/docs").status_code == 200


def test_mlflow_asks_who_one_is(stack: ComposeStack) -> None:
    search = f"{stack.mlflow}/api/2.0/mlflow/registered-models/get?name=marquee-recommender"
    assert httpx.get(search, trust_env=False).status_code == 401
    answer = httpx.get(search, auth=("marquee", stack.secret("mlflow_password")), trust_env=False)
    assert {alias["alias"] for alias in answer.json()["registered_model"]["aliases"]} >= {"champion"}


def test_viewer_rates_and_operator_retrains(stack: ComposeStack, browser: httpx.Client) -> None:
    sign_in(browser, {"user_id": VIEWER})
    before = top_picks(browser)
    assert len(before["items"]) == 10
    rated = before["items"][0]["item_id"]
    answer = browser.put(f"/api/v1/users/{VIEWER}/ratings/{rated}", json={"rating": 4.5})
    assert answer.status_code in (200, 201)
    after = top_picks(browser)
    assert rated not in [item["item_id"] for item in after["items"]]
    assert after["items"] != before["items"][1:]

    with stack.client() as desk:
        sign_in(desk, operator(stack))
        asked = desk.post("/api/v1/jobs/retraining/runs", json={"reason": "Compose test"})
        assert asked.status_code == 202
        run = finished_run(desk, asked.json()["run_id"])
        assert run["state"] == "succeeded", run["error"]
        champion = desk.get("/api/v1/deployment").json()["champion"]["version"]
    assert champion != before["model_version"]
    eventually(lambda: top_picks(browser)["model_version"] == champion, within=10, what=f"{champion} serves")


def test_two_replicas_answer_and_agree(stack: ComposeStack, browser: httpx.Client) -> None:
    stack.up("--no-recreate", "--scale", "back-end=2")
    sign_in(browser, {"user_id": VIEWER})
    item = top_picks(browser)["items"][0]["item_id"]
    assert browser.put(f"/api/v1/users/{VIEWER}/ratings/{item}", json={"rating": 5}).status_code in (200, 201)
    for _ in range(40):
        assert item not in [pick["item_id"] for pick in top_picks(browser)["items"]]
    assert min(asked_of(stack, 1), asked_of(stack, 2)) > 10
    stack.up("--no-recreate", "--scale", "back-end=1")
    for _ in range(20):
        top_picks(browser)


def test_the_state_outlives_the_containers(stack: ComposeStack) -> None:
    before = kept(stack)
    stack.compose("down")
    stack.up()
    assert kept(stack) == before


def sign_in(client: httpx.Client, credentials: dict[str, str]) -> None:
    answered(client.post("/api/v1/session", json=credentials))


def top_picks(client: httpx.Client) -> dict[str, Any]:
    return answered(client.get(f"/api/v1/users/{VIEWER}/recommendations?n=10"))


def kept(stack: ComposeStack) -> tuple[Any, Any, Any]:
    """What a restart must not change: the deployed model, the versions, a person's ratings."""
    with stack.client() as desk:
        sign_in(desk, operator(stack))
        return (
            answered(desk.get("/api/v1/deployment"))["champion"],
            answered(desk.get("/api/v1/models"))["versions"],
            answered(desk.get(f"/api/v1/users/{VIEWER}/ratings"))["ratings"],
        )


def operator(stack: ComposeStack) -> dict[str, str]:
    return {"name": "operator", "password": stack.secret("operator_password")}


def answered(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def finished_run(client: httpx.Client, run_id: str) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        run = client.get(f"/api/v1/jobs/runs/{run_id}").json()
        return run if run["state"] not in ("queued", "running") else None

    return eventually(ended, within=240, what=f"run {run_id} ends")


def asked_of(stack: ComposeStack, replica: int) -> int:
    """How many lists a replica has answered with, from its own metrics, which nginx does not show."""
    read = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/metrics').read().decode())"
    figures = stack.compose(
        "exec", "--no-TTY", "--index", str(replica), "back-end", "python", "-S", "-c", read
    )
    return sum(
        int(float(line.rpartition(" ")[2]))
        for line in figures.splitlines()
        if line.startswith("marquee_http_requests_total{") and "recommendations" in line and '"200"' in line
    )


def _secret_paths() -> list[str]:
    return [str(Path("/run/secrets") / name) for name in SECRETS]
