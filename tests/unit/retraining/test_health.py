import asyncio

import httpx
import pytest
from retraining.health import HealthServer, create_app
from retraining.status import STALE_SECONDS, Metrics, Status

from marquee.domain.errors import PortInUse


def _get(path: str, status: Status, metrics: Metrics | None = None) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(status, metrics or Metrics(status)))

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.get(path)

    return asyncio.run(get())


def test_a_follower_with_postgres_is_ready() -> None:
    answer = _get("/health/ready", Status(postgres=None))
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert answer.json()["role"] == "follower"


def test_without_postgres_it_is_not_ready_and_says_why() -> None:
    answer = _get("/health/ready", Status(postgres="connection refused"))
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["checks"]["postgres"] == "connection refused"


def test_without_mlflow_it_goes_on_degraded() -> None:
    answer = _get("/health/ready", Status(postgres=None, mlflow="no answer"))
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"


def test_a_loop_that_stands_still_is_not_alive() -> None:
    status = Status()
    assert _get("/health/live", status).status_code == 200
    status.beat -= STALE_SECONDS + 1
    assert _get("/health/live", status).status_code == 503


def test_the_figures_say_who_leads_and_what_ended() -> None:
    status = Status(postgres=None)
    status.leading.set()
    metrics = Metrics(status)
    metrics.runs.labels("failed").inc()
    figures = _get("/metrics", status, metrics).text.splitlines()
    assert "marquee_retraining_leader 1.0" in figures
    assert 'marquee_retraining_runs_total{state="failed"} 1.0' in figures
    assert 'marquee_retraining_runs_total{state="succeeded"} 0.0' in figures


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 404), ("POST", "/metrics", 405)])
def test_what_is_not_there_is_told_as_a_problem_and_by_no_servers_name(
    method: str, path: str, status: int
) -> None:
    state = Status(postgres=None)
    with HealthServer(create_app(state, Metrics(state)), "127.0.0.1", 0) as server:
        answer = httpx.request(method, f"http://127.0.0.1:{server.port}{path}")
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "server" not in answer.headers
    assert status == 404 or set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_a_port_in_use_is_said_with_its_setting() -> None:
    status = Status()
    app = create_app(status, Metrics(status))
    with HealthServer(app, "127.0.0.1", None) as first, pytest.raises(PortInUse, match="RETRAINING_PORT"):
        HealthServer(app, "127.0.0.1", first.port)
