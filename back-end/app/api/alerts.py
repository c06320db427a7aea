"""Alerts: what a person should look at, and that they have."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import Field, TypeAdapter

from app.api.cursors import decode_cursor, encode_cursor
from app.api.routing import problems, router
from app.api.schemas import alerts as schemas
from app.api.schemas.fields import Cursor, PageLimit
from app.dependencies import OPERATORS, Operator, WorkerDep
from marquee.store import alerts

routes = router("alerts")

AlertId = Annotated[int, Path(ge=1, le=2**31 - 1, examples=[4])]
_POSITION = TypeAdapter(Annotated[int, Field(ge=0, le=2**31 - 1)])


@routes.get(
    "/alerts",
    responses=problems(401, 403, 422, 503),
    operation_id="list_alerts",
    dependencies=[OPERATORS],
)
def list_alerts(
    worker: WorkerDep,
    limit: PageLimit = 50,
    cursor: Cursor = None,
    only_open: Annotated[bool, Query(alias="open", description="only those that are not resolved")] = False,
) -> schemas.AlertPage:
    """Alerts, newest first."""
    before = None if cursor is None else decode_cursor(cursor, _POSITION)
    with worker.database.reading() as connection:
        found = alerts.list_page(connection, limit=limit + 1, before=before, only_open=only_open)
    page = found[:limit]
    return schemas.AlertPage(
        alerts=[schemas.Alert.model_validate(alert, from_attributes=True) for alert in page],
        next_cursor=encode_cursor(page[-1].alert_id) if len(found) > limit else None,
    )


@routes.post(
    "/alerts/{alert_id}/resolve",
    responses=problems(400, 401, 403, 404, 422, 503),
    operation_id="resolve_alert",
)
def resolve_alert(alert_id: AlertId, worker: WorkerDep, caller: Operator) -> schemas.Alert:
    """Say that an alert was seen to; of two who say so, the first stands."""
    with worker.database.writing_quietly() as connection:
        found = alerts.resolve(connection, alert_id, caller.actor)
    return schemas.Alert.model_validate(found, from_attributes=True)
