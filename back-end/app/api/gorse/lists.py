"""Gorse's calls for lists. The path without a category may end with a slash, as pygorse writes it."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Header, Query
from pydantic import AfterValidator

from app.api.gorse.feedback import put_events
from app.api.gorse.shared import (
    READERS,
    READING,
    WRITING,
    Category,
    GorseCaller,
    N,
    Offset,
    UserId,
    router,
)
from app.api.schemas import gorse as schemas
from app.api.schemas.fields import ItemIdInPath, UserIdInPath, checked_text
from app.dependencies import RequestId, WorkerDep
from app.security.callers import Level
from app.serving import gorse
from app.serving.audience import VisitorEvent
from app.serving.gorse import Part, Scored
from app.serving.worker import Worker
from marquee.data.gorse import event_id, moment
from marquee.domain.clock import system_clock
from marquee.domain.records import Event

routes = router()

Categories = Annotated[
    list[Annotated[str, AfterValidator(checked_text)]],
    Query(alias="category", max_length=50, description="only items of all of these"),
]
WriteBack = Annotated[
    str,
    Query(
        alias="write-back-type",
        max_length=100,
        description="keep feedback of this type for each item of the answer; needs the scope write",
    ),
    AfterValidator(checked_text),
]
Delay = Annotated[
    str,
    Query(
        alias="write-back-delay",
        max_length=50,
        description="taken and not used: feedback counts at once",
    ),
]
Version = Annotated[str | None, Header(alias="X-API-Version", description="2: with scores")]
Ids = list[str] | list[schemas.Score]


@routes.get("/recommend/{user_id}", responses=WRITING, operation_id="gorse_recommend", dependencies=[READERS])
def recommend(
    user_id: UserIdInPath,
    worker: WorkerDep,
    caller: GorseCaller,
    request_id: RequestId,
    n: N = None,
    offset: Offset = 0,
    category: Categories = [],  # noqa: B006  FastAPI makes a new one for each request
    write_back_type: WriteBack = "",
    write_back_delay: Delay = "",  # noqa: ARG001
    version: Version = None,
) -> Ids:
    """What a user is recommended: ids, or with `X-API-Version: 2` ids and scores."""
    part = _part(worker, n, offset, category)
    if write_back_type:
        caller.require(Level.WRITE)
    found = gorse.recommended(worker, request_id, user_id, part)
    if write_back_type:
        _write_back(worker, write_back_type, user_id, found)
    return _scores(found) if version == "2" else [one.item_id for one in found]


@routes.get(
    "/recommend/{user_id}/{category}",
    responses=WRITING,
    operation_id="gorse_recommend_in_category",
    dependencies=[READERS],
)
def recommend_in_category(
    user_id: UserIdInPath,
    category: Category,
    worker: WorkerDep,
    caller: GorseCaller,
    request_id: RequestId,
    n: N = None,
    offset: Offset = 0,
    write_back_type: WriteBack = "",
    write_back_delay: Delay = "",
    version: Version = None,
) -> Ids:
    """What a user is recommended of a category."""
    return recommend(
        user_id,
        worker,
        caller,
        request_id,
        n,
        offset,
        [category],
        write_back_type,
        write_back_delay,
        version,
    )


@routes.post(
    "/session/recommend", responses=WRITING, operation_id="gorse_session_recommend", dependencies=[READERS]
)
def session_recommend(
    body: schemas.Session, worker: WorkerDep, request_id: RequestId, n: N = None, offset: Offset = 0
) -> list[schemas.Score]:
    """What goes with what somebody did just now, which is not kept."""
    part = _part(worker, n, offset)
    return _scores(gorse.for_session(worker, request_id, _events(body), part))


@routes.post(
    "/session/recommend/{category}",
    responses=WRITING,
    operation_id="gorse_session_recommend_in_category",
    dependencies=[READERS],
)
def session_recommend_in_category(
    body: schemas.Session,
    category: Category,
    worker: WorkerDep,
    request_id: RequestId,
    n: N = None,
    offset: Offset = 0,
) -> list[schemas.Score]:
    """As without a category, but only items of it."""
    part = _part(worker, n, offset, [category])
    return _scores(gorse.for_session(worker, request_id, _events(body), part))


@routes.get("/popular", responses=READING, operation_id="gorse_get_popular", dependencies=[READERS])
def get_popular(
    worker: WorkerDep, n: N = None, offset: Offset = 0, user_id: UserId = None
) -> list[schemas.Score]:
    """What most people like."""
    return _unseen(gorse.popular, worker, _part(worker, n, offset), user_id)


@routes.get(
    "/popular/{category}",
    responses=READING,
    operation_id="gorse_get_popular_in_category",
    dependencies=[READERS],
)
def get_popular_in_category(
    category: Category, worker: WorkerDep, n: N = None, offset: Offset = 0, user_id: UserId = None
) -> list[schemas.Score]:
    """What most people like of a category."""
    return _unseen(gorse.popular, worker, _part(worker, n, offset, [category]), user_id)


@routes.get("/latest", responses=READING, operation_id="gorse_get_latest", dependencies=[READERS])
def get_latest(
    worker: WorkerDep, n: N = None, offset: Offset = 0, user_id: UserId = None
) -> list[schemas.Score]:
    """What came last; the score is the time, in seconds since 1970."""
    return _unseen(gorse.latest, worker, _part(worker, n, offset), user_id)


@routes.get(
    "/latest/{category}",
    responses=READING,
    operation_id="gorse_get_latest_in_category",
    dependencies=[READERS],
)
def get_latest_in_category(
    category: Category, worker: WorkerDep, n: N = None, offset: Offset = 0, user_id: UserId = None
) -> list[schemas.Score]:
    """What came last of a category."""
    return _unseen(gorse.latest, worker, _part(worker, n, offset, [category]), user_id)


@routes.get(
    "/item/{item_id}/neighbors",
    responses=READING,
    operation_id="gorse_get_item_neighbors",
    dependencies=[READERS],
)
def get_item_neighbors(
    item_id: ItemIdInPath, worker: WorkerDep, n: N = None, offset: Offset = 0
) -> list[schemas.Score]:
    """What goes with an item; nothing for one that there is not."""
    return _scores(gorse.similar(worker, item_id, _part(worker, n, offset)))


@routes.get(
    "/item/{item_id}/neighbors/{category}",
    responses=READING,
    operation_id="gorse_get_item_neighbors_in_category",
    dependencies=[READERS],
)
def get_item_neighbors_in_category(
    item_id: ItemIdInPath, category: Category, worker: WorkerDep, n: N = None, offset: Offset = 0
) -> list[schemas.Score]:
    """What goes with an item, of a category."""
    return _scores(gorse.similar(worker, item_id, _part(worker, n, offset, [category])))


# With a slash at the end: the same, said once in the document.
for _path, _endpoint, _method in (
    ("/recommend/{user_id}/", recommend, "GET"),
    ("/session/recommend/", session_recommend, "POST"),
    ("/popular/", get_popular, "GET"),
    ("/latest/", get_latest, "GET"),
    ("/item/{item_id}/neighbors/", get_item_neighbors, "GET"),
):
    routes.add_api_route(_path, _endpoint, methods=[_method], include_in_schema=False, dependencies=[READERS])


def _part(worker: Worker, n: int | None, offset: int, categories: Sequence[str] = ()) -> Part:
    return Part(
        worker.lists.sizes.default_size if n is None else n,
        offset,
        tuple(category for category in categories if category),
    )


def _unseen(
    make: Callable[[Worker, Part, Sequence[str]], list[Scored]],
    worker: Worker,
    part: Part,
    user_id: str | None,
) -> list[schemas.Score]:
    """A list without what a user has seen."""
    return _scores(make(worker, part, gorse.seen_by(worker, user_id) if user_id else ()))


def _events(body: schemas.Session) -> list[VisitorEvent]:
    now = system_clock()
    events = []
    for one in body:
        at = None if one.Timestamp is None else moment(one.Timestamp)
        events.append(VisitorEvent(one.ItemId, one.FeedbackType, (at or now).timestamp()))
    return events


def _write_back(worker: Worker, kind: str, user_id: str, found: Sequence[Scored]) -> None:
    now = system_clock()
    shown = [Event(event_id(kind, user_id, one.item_id), kind, user_id, one.item_id, now) for one in found]
    put_events(worker, shown, overwrite=False)


def _scores(found: Sequence[Scored]) -> list[schemas.Score]:
    return [schemas.Score(Id=one.item_id, Score=one.score) for one in found]
