"""Lists by a version of the caller's choice, beside the one that serves."""

import httpx
from sqlalchemy import text

from tests.integration.api.conftest import NewService
from tests.support.service import Service, eventually, path_of
from tests.support.world import record_version, write_world_bundle

LIST = path_of("u000", "recommendations")


def _by_version(client: httpx.Client, version: int | str, **query: int | str) -> httpx.Response:
    return client.get(f"/api/v1/models/{version}/users/u000/recommendations", params=query)


def _service(new_service: NewService) -> Service:
    """Version 1 serves; 2, which has never heard of item 0, is approved; 3 was declined; 4 has no bundle."""
    service = new_service(MARQUEE_WORKERS="1")
    service.deploy(1)
    for version, without in ((2, "i000"), (3, None), (5, None), (6, None)):
        write_world_bundle(service.home / "bundles" / str(version), without=without)
    with service.engine.begin() as connection:
        for version in (2, 3, 4, 5, 6):
            record_version(connection, version)
        connection.execute(text("UPDATE model_versions SET state = 'declined' WHERE version = 3"))
    eventually(lambda: service.on_every_worker(_ready, workers=1) != {} and _serves(service, 1))
    return service


def _ready(client: httpx.Client) -> httpx.Response:
    return client.get("/api/v1/health/ready")


def _serves(service: Service, version: int) -> bool:
    with service.client("read") as client:
        return bool(_ready(client).json()["model_version"] == version)


def test_a_version_makes_lists_without_serving(new_service: NewService) -> None:
    service = _service(new_service)
    with service.client("read") as client:
        champion = client.get(LIST, params={"n": 3}).json()
        for version in (2, 5, 6, 2):  # more than are kept in memory
            body = _by_version(client, version, n=3).json()
            assert (body["model_version"], body["variant"]) == (version, "requested")
            assert len(body["items"]) == 3
        served = _by_version(client, 1, n=3).json()
        assert served["items"] == champion["items"]
        assert served["variant"] == "requested"
        assert _by_version(client, 2, n=3, explain="true").json()["items"][0]["reasons"]
        assert client.get(LIST).json()["model_version"] == 1  # nothing else changed

        rated = served["items"][0]["item_id"]
    with service.client("write") as client:
        client.put(path_of("u000", "ratings", rated), json={"rating": 5}).raise_for_status()
        assert rated not in [item["item_id"] for item in _by_version(client, 5, n=20).json()["items"]]


def test_lists_by_version_are_not_in_the_log(new_service: NewService) -> None:
    service = _service(new_service)
    with service.client("read") as client:
        asked = _by_version(client, 2).json()["request_id"]
        shown = client.get(LIST).json()["request_id"]

    def logged() -> set[str]:
        with service.engine.connect() as connection:
            return {str(row[0]) for row in connection.execute(text("SELECT request_id FROM impressions"))}

    eventually(lambda: shown in logged(), within=5)
    assert asked not in logged()


def test_who_may_ask_for_which_version(new_service: NewService) -> None:
    service = _service(new_service)
    with service.client() as anybody:
        assert _by_version(anybody, 2).status_code == 401
    with service.client("write") as client:
        assert _by_version(client, 2).status_code == 200
        assert _by_version(client, 3).status_code == 403
        assert "operate" in _by_version(client, 3).json()["detail"]
    with service.client("operate") as client:
        assert _by_version(client, 3).json()["model_version"] == 3


def test_versions_that_cannot_be_had_are_told_apart(new_service: NewService) -> None:
    service = _service(new_service)
    with service.client("operate") as client:
        assert _by_version(client, 99).status_code == 404
        missing = _by_version(client, 4)
        assert missing.status_code == 503
        assert "Version 4 cannot be loaded" in missing.json()["detail"]
        assert missing.headers["retry-after"]
        assert _by_version(client, 0).status_code == 422
        assert _by_version(client, "two").status_code == 422
        assert _by_version(client, 2, m=3).status_code == 422
