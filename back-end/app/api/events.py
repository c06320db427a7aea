"""Events: send, list, delete."""

from collections import Counter
from datetime import datetime

from pydantic import TypeAdapter

from app.api.cursors import decode_cursor, encode_cursor
from app.api.routing import CHANGING, problems, router
from app.api.schemas.events import (
    EventBatch,
    EventBody,
    EventOutcome,
    EventPage,
    EventReceipt,
    StoredEvent,
)
from app.api.schemas.fields import Cursor, EventIdInPath, PageLimit, Text, UserIdInPath
from app.dependencies import CallerDep, WorkerDep
from app.security.callers import Level
from app.serving.feedback import Reported, take
from marquee.domain.clock import system_clock
from marquee.domain.errors import NotFound
from marquee.domain.records import Event
from marquee.store import events

routes = router("events")

_POSITION = TypeAdapter(tuple[datetime, Text])


@routes.post(
    "/events", responses=problems(400, 401, 403, 409, 413, 415, 422, 503), operation_id="send_events"
)
def send_events(body: EventBatch, worker: WorkerDep, caller: CallerDep) -> EventReceipt:
    """Say what people did. When this has answered, their lists take account of what was accepted.

    Each event has an outcome of its own: `accepted`; `duplicate`, its id having been taken before; or
    `refused`, with the reason, such as an item that there is not. What is refused keeps nothing else out.
    A body of another shape is refused as a whole, and then nothing of it is kept. A user id that is new
    becomes a person. Viewers may send events of their own.
    """
    for user_id in {event.user_id for event in body.events}:
        caller.require_person(user_id, Level.WRITE)
    now = system_clock()
    reported = [Reported(_event(event, now), event.token) for event in body.events]
    before = worker.before_events([one.event for one in reported])
    outcomes = take(reported, worker.database, worker.tokens, worker.serving.feedback, now)
    accepted = [
        one.event for one, outcome in zip(reported, outcomes, strict=True) if outcome.status == "accepted"
    ]
    worker.note_events(before, accepted, now)
    counts = Counter(outcome.status for outcome in outcomes)
    return EventReceipt(
        accepted=counts["accepted"],
        duplicate=counts["duplicate"],
        refused=counts["refused"],
        outcomes=[EventOutcome(event_id=o.event_id, status=o.status, reason=o.reason) for o in outcomes],
    )


@routes.get(
    "/users/{user_id}/events", responses=problems(400, 401, 403, 422, 503), operation_id="list_events"
)
def list_events(
    user_id: UserIdInPath, worker: WorkerDep, caller: CallerDep, limit: PageLimit = 50, cursor: Cursor = None
) -> EventPage:
    """A person's events, newest first; none for somebody unknown."""
    caller.require_person(user_id, Level.READ)
    after = None if cursor is None else decode_cursor(cursor, _POSITION)
    with worker.database.reading() as connection:
        found = events.of_user(connection, user_id, limit=limit + 1, after=after)
    page = found[:limit]
    more = len(found) > limit
    return EventPage(
        events=[_stored(event) for event in page],
        next_cursor=encode_cursor((page[-1].at, page[-1].event_id)) if more else None,
    )


@routes.delete(
    "/users/{user_id}/events/{event_id}", status_code=204, responses=CHANGING, operation_id="delete_event"
)
def delete_event(
    user_id: UserIdInPath, event_id: EventIdInPath, worker: WorkerDep, caller: CallerDep
) -> None:
    """Take an event back. When this has answered, no list takes account of it any more."""
    caller.require_person(user_id, Level.WRITE)
    with worker.database.writing() as connection:
        removed = events.remove(connection, user_id, event_id)
    if not removed:
        raise NotFound(f"User {user_id!r} has no event {event_id!r}.")


def _event(body: EventBody, now: datetime) -> Event:
    return Event(body.event_id, body.kind, body.user_id, body.item_id, body.at or now, body.value)


def _stored(event: Event) -> StoredEvent:
    return StoredEvent(
        event_id=event.event_id,
        kind=event.kind,
        user_id=event.user_id,
        item_id=event.item_id,
        value=event.value,
        at=event.at,
        request_id=event.request_id,
        model_version=event.model_version,
        variant=event.variant,
    )
