"""Sending rows to a service and having them back."""

import json
from collections.abc import Iterable
from typing import Any

import httpx
from sqlalchemy import Engine, text

from tests.support.service import Service

CSV, JSONL = "text/csv", "application/x-ndjson"
RATINGS = "user_id,item_id,rating,timestamp\n"


def send(
    service: Service,
    kind: str,
    body: bytes | str | Iterable[bytes],
    *,
    media_type: str = CSV,
    scope: str = "write",
    query: str = "",
    **headers: str,
) -> httpx.Response:
    """Import rows; the answer as it is."""
    content = body.encode() if isinstance(body, str) else body
    told = {"Content-Type": media_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    with service.client(scope) as client:
        return client.post(f"/api/v1/imports/{kind}{query}", content=content, headers=told, timeout=120)


def report(
    service: Service, kind: str, body: bytes | str | Iterable[bytes], **options: str
) -> dict[str, Any]:
    """Import rows, all told; the report."""
    answer = send(service, kind, body, **options)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def counts(content: dict[str, Any]) -> tuple[int, int, int, int]:
    """(inserted, updated, unchanged, rejected) of a report, which together are all rows."""
    parts = tuple(content[name] for name in ("inserted", "updated", "unchanged", "rejected"))
    assert sum(parts) == content["rows"]
    return parts


def faults(content: dict[str, Any]) -> list[tuple[int, str, str]]:
    """(line, field, reason) of the rows that were rejected."""
    return [(bad["line"], bad["field"], bad["reason"]) for bad in content["rejects"]]


def export(service: Service, kind: str, form: str = "csv") -> bytes:
    """A whole table."""
    with service.client("operate") as client:
        answer = client.get(f"/api/v1/exports/{kind}?format={form}", timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.content


def as_lines(answer: httpx.Response) -> list[dict[str, Any]]:
    """The objects of an answer of JSON lines."""
    return [json.loads(line) for line in answer.text.splitlines()]


def stored_ratings(engine: Engine, user_id: str) -> list[tuple[str, float, str]]:
    """(item, stars, moment) of a person's ratings, by item."""
    query = text("SELECT item_id, rating, rated_at::text FROM ratings WHERE user_id = :user ORDER BY item_id")
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query, {"user": user_id})]
