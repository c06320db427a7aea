"""What the service tells of its work: figures that add up across workers, traces, logs; nobody's data."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.collector import Collector, collecting
from tests.support.service import OPERATOR_PASSWORD, Service, eventually, path_of

NewService = Callable[..., Service]
PERSON, ITEM = "anne.example@mail.example", "i001"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _figures(client: httpx.Client) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Samples by name, as a Prometheus server reads them."""
    samples: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    return samples


def _sum(samples: list[tuple[dict[str, str], float]], **labels: str) -> float:
    return sum(value for found, value in samples if labels.items() <= found.items())


def test_the_figures_of_two_workers_are_sums_of_what_each_has_done(new_service: NewService) -> None:
    service = new_service()
    service.deploy(1)
    eventually(lambda: service.serves(1))
    by_worker: Counter[str] = Counter()
    for number in range(60):  # a new connection each, so that both workers get some
        with service.client("read") as client:
            by_worker[
                client.get(path_of(f"u{number % 40:03d}", "recommendations")).headers["x-marquee-worker"]
            ] += 1
            assert client.get("/api/v1/items/nothing").status_code == 404
        with service.client("write") as client:
            client.put(path_of("u000", "ratings", "i001"), json={"rating": 5}).raise_for_status()
    assert len(by_worker) == 2

    with service.client() as client:
        figures = _figures(client)
    lists, item = "/api/v1/users/{user_id}/recommendations", "/api/v1/items/{item_id}"
    requests = figures["marquee_http_requests_total"]
    assert _sum(requests, route=lists, status="200") == 60
    assert _sum(requests, route=item, status="404") == 60
    assert _sum(requests, method="PUT") == 60
    assert _sum(figures["marquee_http_request_seconds_count"], route=lists) == 60
    assert _sum(figures["marquee_http_request_seconds_bucket"], route=lists, le="+Inf") == 60
    by_source = figures["marquee_list_seconds_count"]
    assert _sum(by_source, route=lists, variant="champion") == _sum(by_source) == 60
    assert _sum(by_source, source="personal") == 60
    assert _sum(figures["marquee_lists_total"], variant="champion", source="personal") == 60


def _journey(service: Service) -> list[str]:
    """Somebody rates, looks, is refused and signs in; returns the ids of the requests."""
    ids = []
    with service.client("write") as client:
        for answer in (
            client.put(
                path_of(PERSON, "ratings", ITEM), json={"rating": 4.5}, headers={"traceparent": PARENT}
            ),
            client.get(path_of(PERSON, "recommendations"), params={"n": 3, "exclude": PERSON}),
            client.get(path_of(PERSON, "ratings")),
            client.put(path_of(PERSON, "ratings", PERSON), json={"rating": 4.5}),
            client.put(path_of(PERSON, "ratings", ITEM), json={"rating": 44, "note": PERSON}),
            client.post("/api/v1/session", json={"user_id": PERSON}, headers={"authorization": ""}),
            client.post("/api/v1/session", json={"name": "operator", "password": OPERATOR_PASSWORD}),
            client.post("/api/v1/session", json={"name": "operator", "password": OPERATOR_PASSWORD + "!"}),
            client.get(f"/api/v1/nothing/{PERSON}"),
        ):
            assert answer.status_code < 500, answer.text
            ids.append(answer.headers["x-request-id"])
    return ids


def _secrets(service: Service) -> list[str]:
    files = (service.home / "secrets").iterdir()
    return [*service.keys.values(), OPERATOR_PASSWORD, *(file.read_text().strip() for file in files)]


def test_a_trace_has_a_span_a_request_and_nobodys_data(new_service: NewService) -> None:
    with collecting() as collector:
        traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        service = new_service(MARQUEE_WORKERS="1", **traced)
        service.deploy(1)
        with service.client() as client:
            eventually(lambda: client.get("/api/v1/health/ready").json()["status"] == "ready")
        ids = _journey(service)
        eventually(
            lambda: set(ids) <= {span.attributes.get("marquee.request_id") for span in collector.spans}
        )
        _check_spans(collector, ids)
        for secret in (PERSON, PERSON.replace("@", "%40"), *_secrets(service)):
            assert secret not in collector.content


def _check_spans(collector: Collector, ids: list[str]) -> None:
    spans = {span.request_id: span for span in collector.spans}
    put, recommend = spans[ids[0]], spans[ids[1]]
    assert put.name == "PUT /api/v1/users/{user_id}/ratings/{item_id}"
    assert put.service == "marquee-back-end"
    assert (put.trace_id, put.parent_id) == (PARENT.split("-")[1], PARENT.split("-")[2])
    assert put.attributes["http.response.status_code"] == 201
    inner = [span for span in collector.spans if span.parent_id == put.span_id]
    assert [span.name for span in inner] == ["postgres write"]
    assert recommend.name == "GET /api/v1/users/{user_id}/recommendations"
    assert recommend.trace_id != put.trace_id
    facts = {name: recommend.attributes[f"marquee.{name}"] for name in ("version", "variant", "source")}
    assert facts == {"version": 1, "variant": "champion", "source": "personal"}


def test_a_collector_that_is_away_hurts_nobody(new_service: NewService) -> None:
    service = new_service(MARQUEE_WORKERS="1", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    service.deploy(1)
    with service.client() as client:
        eventually(lambda: client.get("/api/v1/health/ready").json()["status"] == "ready")
    _journey(service)
    service.child.stop()
    assert service.child.exit_status() == 0


def test_without_an_endpoint_nothing_of_opentelemetrys_is_loaded() -> None:
    code = (
        "import sys; from app.main import create_app; from app import tracing; create_app();"
        "tracing.start({});"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_logs_are_json_with_the_requests_id_and_nobodys_data(new_service: NewService) -> None:
    """At the level that says most."""
    service = new_service(MARQUEE_LOG_FORMAT="json", MARQUEE_LOG_LEVEL="debug")
    service.deploy(1)
    eventually(lambda: service.serves(1))
    ids, log = _journey(service), service.home / "service.log"
    # A request is logged once it has been answered, which may be a moment after the client has the answer.
    eventually(lambda: all(each in log.read_text(encoding="utf-8") for each in ids))
    text = log.read_text(encoding="utf-8")
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert all({"time", "level", "logger", "process", "message"} <= line.keys() for line in lines)
    by_id = {line["request_id"]: line["message"] for line in lines if "request_id" in line}
    assert set(ids) <= by_id.keys()
    assert re.fullmatch(r"PUT /api/v1/users/\{user_id\}/ratings/\{item_id\} 201 [\d.]+ ms", by_id[ids[0]])
    for secret in (PERSON, PERSON.replace("@", "%40"), *_secrets(service)):
        assert secret not in text
