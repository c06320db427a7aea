"""Who may do what: keys and their scopes, viewers, operators, anybody; whose pages may ask for changes."""

import re
from collections.abc import Iterator

import httpx
import pytest

from marquee.stack.postgres import Server
from tests.support.service import OPERATOR_PASSWORD, Service, path_of, running_service

NOBODY, READ, WRITE, OPERATE, ADMIN = range(5)
SCOPES = (None, "read", "write", "operate", "admin")

# Of an item that there is not: it is refused, and changes nothing.
_NO_EVENT = {"event_id": "1", "kind": "click", "user_id": "u030", "item_id": "no such item"}

GORSES_LISTS = [
    *("/items", "/item/i001", "/item/i001/feedback", "/item/i001/feedback/like"),
    *("/item/i001/neighbors", "/item/i001/neighbors/Comedy"),
    *("/users", "/user/u030", "/user/u030/feedback", "/user/u030/feedback/like"),
    *("/feedback", "/feedback/like", "/feedback/u030/i001", "/feedback/like/u030/i001"),
    *("/recommend/u030", "/recommend/u030/Comedy"),
    *("/popular", "/popular/Comedy", "/latest", "/latest/Comedy"),
]
GORSES_CHANGES: list[tuple[str, str, object]] = [
    *(("POST", path, {}) for path in ("/item", "/user")),
    *(("POST", path, []) for path in ("/items", "/users", "/feedback")),
    ("PUT", "/feedback", []),
    *(("PATCH", path, {}) for path in ("/item/no-such-item", "/user/no-such-user")),
    *(("DELETE", path, None) for path in ("/item/no-such-item", "/user/no-such-user")),
    *((method, "/item/no-such-item/category/Comedy", None) for method in ("PUT", "DELETE")),
    ("DELETE", "/feedback/no-such-user/no-such-item", None),
    ("DELETE", "/feedback/like/no-such-user/no-such-item", None),
]

# method, path, body, and the lowest scope that may; anybody may where it is NOBODY
ROUTES = [
    ("GET", "/api/v1/health/live", None, NOBODY),
    ("GET", "/api/v1/health/ready", None, NOBODY),
    ("GET", "/metrics", None, NOBODY),
    ("GET", "/openapi.json", None, NOBODY),
    ("GET", "/docs", None, NOBODY),
    ("GET", "/api/v1/session", None, NOBODY),
    ("DELETE", "/api/v1/session", None, NOBODY),
    ("GET", "/api/v1/items", None, NOBODY),
    ("GET", "/api/v1/items/i001", None, NOBODY),
    ("GET", "/api/v1/items/i001/similar", None, NOBODY),
    ("GET", "/api/v1/categories", None, NOBODY),
    *(
        ("GET", f"/api/v1/leaderboards/{board}", None, NOBODY)
        for board in ("popular", "trending", "top-rated", "latest")
    ),
    ("GET", "/api/v1/users", None, NOBODY),
    ("POST", "/api/v1/sessions/recommendations", {"ratings": []}, NOBODY),
    ("GET", path_of("u030"), None, READ),
    ("GET", path_of("u030", "ratings"), None, READ),
    ("GET", path_of("u030", "events"), None, READ),
    ("GET", path_of("u030", "recommendations"), None, READ),
    ("GET", path_of("u030", "similar"), None, READ),
    ("POST", "/api/v1/recommendations/batch", {"user_ids": ["u030"]}, READ),
    ("GET", "/api/v1/models/1/users/u030/recommendations", None, READ),
    ("GET", "/api/v1/exports/items", None, READ),
    ("POST", "/api/v1/predictions", {"pairs": [{"user_id": "u030", "item_id": "i001"}]}, READ),
    ("GET", "/api/v1/deployment", None, READ),
    ("GET", "/api/v1/models", None, READ),
    ("GET", "/api/v1/models/1", None, READ),
    ("GET", "/api/v1/models/compare?a=1&b=1", None, READ),
    ("GET", f"/api/v1/snapshots/{'5' * 64}", None, READ),
    *(("GET", f"/api/v1/models/1/{part}", None, READ) for part in ("card", "reviews")),
    *(("GET", f"/api/v1/{path}", None, READ) for path in ("rollouts", "rollouts/999", "policy")),
    ("PUT", path_of("u030", "ratings", "i001"), {"rating": 3}, WRITE),
    ("DELETE", path_of("u030", "ratings", "i001"), None, WRITE),
    ("GET", path_of("u030", "data"), None, READ),
    ("PUT", "/api/v1/items/no-such-item", {}, WRITE),
    ("PATCH", "/api/v1/items/no-such-item", {}, WRITE),
    ("DELETE", "/api/v1/items/no-such-item", None, WRITE),
    ("PUT", "/api/v1/users/no-such-user", {"age": -1}, WRITE),
    ("PATCH", "/api/v1/users/no-such-user", {}, WRITE),
    ("DELETE", "/api/v1/users/no-such-user", None, WRITE),
    ("POST", "/api/v1/events", {"events": [_NO_EVENT]}, WRITE),
    ("DELETE", path_of("u030", "events", "no-such-event"), None, WRITE),
    ("POST", "/api/v1/imports/ratings", None, WRITE),
    ("GET", "/api/v1/exports/ratings", None, OPERATE),
    ("GET", "/api/v1/jobs", None, OPERATE),
    ("GET", "/api/v1/audit", None, OPERATE),
    ("GET", "/api/v1/audit/verify", None, OPERATE),
    ("GET", "/api/v1/alerts", None, OPERATE),
    ("POST", "/api/v1/alerts/998/resolve", None, OPERATE),
    ("GET", "/api/v1/models/1/checklist", None, OPERATE),
    ("POST", "/api/v1/models/1/review", {}, OPERATE),
    ("POST", "/api/v1/models/1/archive", {}, OPERATE),
    ("POST", "/api/v1/rollouts", {}, OPERATE),
    *(("POST", f"/api/v1/rollouts/999/{act}", {}, OPERATE) for act in ("advance", "abort")),
    ("POST", "/api/v1/jobs/retraining/runs", {"reason": "a test"}, OPERATE),
    ("GET", "/api/v1/jobs/runs/no-such-run", None, OPERATE),
    ("GET", "/api/v1/jobs/runs/no-such-run/log", None, OPERATE),
    ("POST", "/api/v1/deployment/rollback", {"reason": "a test"}, OPERATE),
    ("GET", "/api/v1/keys", None, ADMIN),
    ("POST", "/api/v1/keys", {"name": "admin", "scopes": ["read"]}, ADMIN),
    ("DELETE", "/api/v1/keys/no-such-key", None, ADMIN),
    *(("GET", f"/gorse/api{path}", None, READ) for path in GORSES_LISTS),
    *((method, f"/gorse/api{path}", body, WRITE) for method, path, body in GORSES_CHANGES),
    ("POST", "/gorse/api/session/recommend", [], READ),
    ("POST", "/gorse/api/session/recommend/Comedy", [], READ),
]


@pytest.mark.parametrize(("method", "path", "body", "lowest"), ROUTES)
def test_a_route_lets_in_its_scope_and_those_above_it(
    service: Service, method: str, path: str, body: object, lowest: int
) -> None:
    for level, scope in enumerate(SCOPES):
        with service.client(scope) as client:
            status = client.request(method, path, json=body).status_code
        expected = {401} if level == NOBODY else {403}
        assert (status in expected) == (level < lowest), (scope, status)
        assert status < 500


def test_every_operation_of_the_document_is_in_the_table(anybody: httpx.Client) -> None:
    def shape(path: str) -> tuple[str, ...]:
        names = {
            "u030": "{user_id}",
            "i001": "{item_id}",
            "1": "{version}",
            "999": "{rollout_id}",
            "998": "{alert_id}",
            "no-such-run": "{run_id}",
            "no-such-event": "{event_id}",
            "no-such-user": "{user_id}",
            "no-such-item": "{item_id}",
            "like": "{kind}",
            "Comedy": "{category}",
            "5" * 64: "{snapshot_hash}",
        }
        path = re.sub("(?<=/(?:im|ex)ports/)[a-z]+", "{kind}", path.replace("no-such-key", "{name}"))
        return tuple(names.get(part, part) for part in path.partition("?")[0].split("/"))

    documented = {
        (method.upper(), tuple(path.split("/")))
        for path, operations in anybody.get("/openapi.json").json()["paths"].items()
        for method in operations
    }
    tested = {(method, shape(path)) for method, path, _, _ in ROUTES}
    assert documented - tested == {("POST", ("", "api", "v1", "session"))}


@pytest.mark.parametrize(
    "authorization", ["Bearer nonsense", "Bearer", "Basic YTpi", "Bearer mq_", "Bearer ÿ"]
)
def test_a_wrong_key_is_refused_even_where_anybody_may_come_in(service: Service, authorization: str) -> None:
    with service.client() as client:
        answer = client.get("/api/v1/items", headers={"Authorization": authorization.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_opens_at_once_and_when_revoked_opens_nothing_on_any_worker(service: Service) -> None:
    with service.client("admin") as admin:
        made = admin.post("/api/v1/keys", json={"name": "short-lived", "scopes": ["read"]})
        assert made.status_code == 201
        key = made.json()["key"]
        assert admin.post("/api/v1/keys", json={"name": "short-lived", "scopes": ["read"]}).status_code == 409
        listed = admin.get("/api/v1/keys")
        assert key not in listed.text
        assert made.json()["prefix"] == key[:8]

        def with_key(client: httpx.Client) -> httpx.Response:
            return client.get(path_of("u001"), headers={"Authorization": f"Bearer {key}"})

        assert {answer.status_code for answer in service.on_every_worker(with_key).values()} == {200}
        assert admin.delete("/api/v1/keys/short-lived").status_code == 204
        assert {answer.status_code for answer in service.on_every_worker(with_key).values()} == {401}
        noted = admin.get("/api/v1/audit", params={"limit": 2}).json()["entries"]
    assert [(one["actor"], one["action"], one["subject"]) for one in noted] == [
        ("key:admin", "revoke key", "key short-lived"),
        ("key:admin", "create key", "key short-lived"),
    ]


def test_a_key_has_a_plain_name_and_each_scope_once(service: Service) -> None:
    with service.client("admin") as admin:
        assert admin.post("/api/v1/keys", json={"name": "..", "scopes": ["read"]}).status_code == 422
        made = admin.post("/api/v1/keys", json={"name": "My shop 2.0", "scopes": ["write", "read", "write"]})
        assert (made.status_code, made.json()["scopes"]) == (201, ["write", "read"])
        assert admin.delete("/api/v1/keys/My%20shop%202.0").status_code == 204


@pytest.fixture
def viewer(service: Service) -> Iterator[httpx.Client]:
    """Signed in as u031, on the service's own pages."""
    with service.client() as client:
        assert client.post("/api/v1/session", json={"user_id": "u031"}).status_code == 200
        client.headers["Sec-Fetch-Site"] = "same-origin"
        yield client


@pytest.fixture
def operator(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        body = {"name": "operator", "password": OPERATOR_PASSWORD}
        assert client.post("/api/v1/session", json=body).status_code == 200
        client.headers["Origin"] = service.url
        yield client


def test_a_viewer_may_touch_their_own_data_and_nobody_elses(viewer: httpx.Client) -> None:
    assert viewer.get("/api/v1/session").json() == {
        "role": "viewer",
        "user_id": "u031",
        "name": None,
        "profile_sign_in": "open",
    }
    assert viewer.get(path_of("u031", "recommendations")).status_code == 200
    assert viewer.put(path_of("u031", "ratings", "i002"), json={"rating": 2}).status_code == 201
    assert viewer.delete(path_of("u031", "ratings", "i002")).status_code == 204
    own = {"user_id": "u031", "item_id": "i001"}
    assert viewer.post("/api/v1/predictions", json={"pairs": [own]}).status_code == 200

    others = {"user_id": "u032", "item_id": "i001"}
    assert viewer.get(path_of("u032")).status_code == 403
    assert viewer.get(path_of("u032", "ratings")).status_code == 403
    assert viewer.get(path_of("u032", "recommendations")).status_code == 403
    assert viewer.put(path_of("u032", "ratings", "i002"), json={"rating": 2}).status_code == 403
    assert viewer.delete(path_of("u032", "ratings", "i002")).status_code == 403
    assert viewer.post("/api/v1/predictions", json={"pairs": [own, others]}).status_code == 403
    assert viewer.get("/api/v1/jobs").status_code == 403


def test_an_operator_may_do_everything(operator: httpx.Client) -> None:
    session = operator.get("/api/v1/session").json()
    assert (session["role"], session["name"]) == ("operator", "operator")
    assert operator.get("/api/v1/keys").status_code == 200
    run = operator.post("/api/v1/jobs/retraining/runs", json={"reason": "new films"})
    assert run.status_code == 202
    assert run.json()["requested_by"] == "operator:operator"
    assert operator.get(f"/api/v1/jobs/runs/{run.json()['run_id']}").json()["state"] == "queued"
    assert operator.get(path_of("u032", "recommendations")).status_code == 200


def test_signing_out_ends_a_session(viewer: httpx.Client) -> None:
    assert viewer.delete("/api/v1/session").status_code == 204
    assert viewer.get("/api/v1/session").json()["role"] == "anonymous"
    assert viewer.get(path_of("u031", "recommendations")).status_code == 401


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "ITSELF"}, False),
        ({"Origin": "ITSELF"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({}, False),
    ],
)
def test_a_cookie_changes_something_only_from_our_own_pages(
    service: Service, viewer: httpx.Client, headers: dict[str, str], allowed: bool
) -> None:
    del viewer.headers["Sec-Fetch-Site"]
    sent = {name: value.replace("ITSELF", service.url) for name, value in headers.items()}
    status = viewer.put(path_of("u031", "ratings", "i004"), json={"rating": 2}, headers=sent).status_code
    assert (status in (200, 201)) == allowed
    assert allowed or status == 403
    assert viewer.get(path_of("u031", "ratings"), headers=sent).status_code == 200  # reading changes nothing


def test_another_sites_page_cannot_sign_somebody_in(service: Service) -> None:
    with service.client() as client:
        answer = client.post(
            "/api/v1/session", json={"user_id": "u031"}, headers={"Origin": "http://evil.example"}
        )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(service: Service) -> None:
    with service.client() as client:
        cookie = client.post("/api/v1/session", json={"user_id": "u031"}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie


@pytest.mark.parametrize("forged", ["one character changed", "", "."])
def test_a_forged_cookie_is_nobodys(service: Service, viewer: httpx.Client, forged: str) -> None:
    if forged == "one character changed":
        cookie = viewer.cookies["marquee_session"]
        forged = cookie[:-9] + ("y" if cookie[-9] == "x" else "x") + cookie[-8:]
    with service.client() as client:
        answer = client.get("/api/v1/session", headers={"Cookie": f"marquee_session={forged}"})
    assert answer.json()["role"] == "anonymous"


@pytest.fixture(scope="module")
def closed(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Where nobody may pick a profile; one worker, so that its throttle sees every try."""
    home = tmp_path_factory.mktemp("closed")
    variables = {"MARQUEE_PROFILE_SIGN_IN": "off", "MARQUEE_WORKERS": "1"}
    with running_service(home, api_server, "closed", **variables) as started:
        yield started


def test_where_profiles_are_off_nobody_browses_without_a_key(closed: Service) -> None:
    with closed.client() as client:
        assert client.get("/api/v1/items").status_code == 401
        assert client.get("/api/v1/users").status_code == 401
        assert client.post("/api/v1/session", json={"user_id": "u001"}).status_code == 403
        assert client.get("/api/v1/session").json()["profile_sign_in"] == "off"
    with closed.client("read") as client:
        assert client.get("/api/v1/items").status_code == 200


def test_guessing_passwords_is_slowed_down(closed: Service) -> None:
    with closed.client() as client:
        guess = {"name": "operator", "password": "guess"}
        statuses = [client.post("/api/v1/session", json=guess).status_code for _ in range(10)]
        assert statuses == [401] * 10
        right = {"name": "operator", "password": OPERATOR_PASSWORD}
        refused = client.post("/api/v1/session", json=right)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 300
