"""Gorse's calls about feedback: events, of which there is one a type, user and item."""

from collections.abc import Sequence

from app.api.gorse.shared import (
    READERS,
    READING,
    WRITERS,
    WRITING,
    Cursor,
    Kind,
    N,
    cursor_of,
    page_size,
    position,
    router,
)
from app.api.routing import problems
from app.api.schemas import gorse as schemas
from app.api.schemas.fields import ItemIdInPath, UserIdInPath
from app.dependencies import WorkerDep
from app.serving.worker import Worker
from marquee.data.gorse import event_of, gorse_feedback
from marquee.domain.clock import system_clock
from marquee.domain.errors import InvalidInput, NotFound
from marquee.domain.records import Event
from marquee.store import gorse

routes = router()

_MOST = 10_000  # of one user or item, the newest


@routes.post("/feedback", responses=WRITING, operation_id="gorse_insert_feedback", dependencies=[WRITERS])
def insert_feedback(body: schemas.Feedbacks, worker: WorkerDep) -> schemas.Success:
    """Say what users did, all of it or nothing. Users and items that are not there yet are made.

    What is there already gets the value added. When this has answered, lists take account of it.
    """
    return _put(body, worker, overwrite=False)


@routes.put("/feedback", responses=WRITING, operation_id="gorse_overwrite_feedback", dependencies=[WRITERS])
def overwrite_feedback(body: schemas.Feedbacks, worker: WorkerDep) -> schemas.Success:
    """As POST, but over what is there already."""
    return _put(body, worker, overwrite=True)


@routes.get("/feedback", responses=READING, operation_id="gorse_get_feedback", dependencies=[READERS])
def get_feedback(worker: WorkerDep, n: N = None, cursor: Cursor = "") -> schemas.FeedbackIterator:
    """All feedback, page by page."""
    return _page(worker, n, cursor, None)


@routes.get(
    "/feedback/{kind}", responses=READING, operation_id="gorse_get_typed_feedback", dependencies=[READERS]
)
def get_typed_feedback(
    kind: Kind, worker: WorkerDep, n: N = None, cursor: Cursor = ""
) -> schemas.FeedbackIterator:
    """Feedback of one type, page by page."""
    return _page(worker, n, cursor, kind)


@routes.get(
    "/feedback/{user_id}/{item_id}",
    responses=READING,
    operation_id="gorse_get_user_item_feedback",
    dependencies=[READERS],
)
def get_user_item_feedback(
    user_id: UserIdInPath, item_id: ItemIdInPath, worker: WorkerDep
) -> list[schemas.HeldFeedback]:
    """What a user did with an item."""
    with worker.database.reading() as connection:
        return _held(gorse.feedback_of(connection, user_id=user_id, item_id=item_id, limit=_MOST))


@routes.delete(
    "/feedback/{user_id}/{item_id}",
    responses=WRITING,
    operation_id="gorse_delete_user_item_feedback",
    dependencies=[WRITERS],
)
def delete_user_item_feedback(
    user_id: UserIdInPath, item_id: ItemIdInPath, worker: WorkerDep
) -> schemas.Success:
    """Take back what a user did with an item."""
    with worker.database.writing() as connection:
        return schemas.Success(RowAffected=gorse.remove_feedback(connection, user_id, item_id))


@routes.get(
    "/feedback/{kind}/{user_id}/{item_id}",
    responses={**READING, **problems(404)},
    operation_id="gorse_get_typed_user_item_feedback",
    dependencies=[READERS],
)
def get_typed_user_item_feedback(
    kind: Kind, user_id: UserIdInPath, item_id: ItemIdInPath, worker: WorkerDep
) -> schemas.HeldFeedback:
    """What a user did with an item, of one type."""
    with worker.database.reading() as connection:
        found = gorse.feedback_of(connection, user_id=user_id, item_id=item_id, kind=kind, limit=1)
    if not found:
        raise NotFound(f"There is no {kind!r} of user {user_id!r} and item {item_id!r}.")
    return _held(found)[0]


@routes.delete(
    "/feedback/{kind}/{user_id}/{item_id}",
    responses=WRITING,
    operation_id="gorse_delete_typed_user_item_feedback",
    dependencies=[WRITERS],
)
def delete_typed_user_item_feedback(
    kind: Kind, user_id: UserIdInPath, item_id: ItemIdInPath, worker: WorkerDep
) -> schemas.Success:
    """Take back what a user did with an item, of one type."""
    with worker.database.writing() as connection:
        return schemas.Success(RowAffected=gorse.remove_feedback(connection, user_id, item_id, kind))


@routes.get(
    "/user/{user_id}/feedback",
    responses=READING,
    operation_id="gorse_get_feedback_of_user",
    dependencies=[READERS],
)
def get_feedback_of_user(user_id: UserIdInPath, worker: WorkerDep) -> list[schemas.HeldFeedback]:
    """What a user did, newest first."""
    with worker.database.reading() as connection:
        return _held(gorse.feedback_of(connection, user_id=user_id, limit=_MOST))


@routes.get(
    "/user/{user_id}/feedback/{kind}",
    responses=READING,
    operation_id="gorse_get_typed_feedback_of_user",
    dependencies=[READERS],
)
def get_typed_feedback_of_user(
    user_id: UserIdInPath, kind: Kind, worker: WorkerDep
) -> list[schemas.HeldFeedback]:
    """What a user did of one type, newest first."""
    with worker.database.reading() as connection:
        return _held(gorse.feedback_of(connection, user_id=user_id, kind=kind, limit=_MOST))


@routes.get(
    "/item/{item_id}/feedback",
    responses=READING,
    operation_id="gorse_get_feedback_of_item",
    dependencies=[READERS],
)
def get_feedback_of_item(item_id: ItemIdInPath, worker: WorkerDep) -> list[schemas.HeldFeedback]:
    """What users did with an item, newest first."""
    with worker.database.reading() as connection:
        return _held(gorse.feedback_of(connection, item_id=item_id, limit=_MOST))


@routes.get(
    "/item/{item_id}/feedback/{kind}",
    responses=READING,
    operation_id="gorse_get_typed_feedback_of_item",
    dependencies=[READERS],
)
def get_typed_feedback_of_item(
    item_id: ItemIdInPath, kind: Kind, worker: WorkerDep
) -> list[schemas.HeldFeedback]:
    """What users did with an item of one type, newest first."""
    with worker.database.reading() as connection:
        return _held(gorse.feedback_of(connection, item_id=item_id, kind=kind, limit=_MOST))


def put_events(worker: Worker, batch: Sequence[Event], *, overwrite: bool) -> None:
    """Keep events, all or none; raises InvalidInput for a kind or a time that is not taken."""
    feedback, now = worker.serving.feedback, system_clock()
    for event in batch:
        refusal = feedback.refusal(event.kind, event.at, now)
        if refusal is not None:
            raise InvalidInput(refusal, hint="See docs/from-gorse.md.")
    if batch:
        before = worker.before_events(batch)
        with worker.database.writing() as connection:
            gorse.put_feedback(connection, batch, overwrite=overwrite)
        worker.note_events(before, batch, now)


def _put(body: schemas.Feedbacks, worker: Worker, *, overwrite: bool) -> schemas.Success:
    now = system_clock()
    put_events(worker, [event_of(feedback, now) for feedback in body], overwrite=overwrite)
    return schemas.Success(RowAffected=len(body))


def _page(worker: Worker, n: int | None, cursor: str, kind: str | None) -> schemas.FeedbackIterator:
    limit, after = page_size(n, worker.lists.sizes.default_size), position(cursor)
    with worker.database.reading() as connection:
        found = gorse.feedback_page(connection, limit=limit + 1, after=after, kind=kind)
    ids = [event.event_id for event in found]
    return schemas.FeedbackIterator(Cursor=cursor_of(ids, limit), Feedback=_held(found[:limit]))


def _held(found: Sequence[Event]) -> list[schemas.HeldFeedback]:
    return [schemas.HeldFeedback.model_validate(gorse_feedback(event)) for event in found]
