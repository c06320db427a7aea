"""Lists for people: for somebody with an id (the hot route), for a visitor."""

from functools import lru_cache

from starlette.requests import Request

from app.api.asking import asked_of, asked_of_batch
from app.api.routing import (
    CHANGING,
    JsonBytes,
    fault,
    parsed_query,
    path_parameter,
    problems,
    query_parameters,
    router,
)
from app.api.schemas.fields import decoded_id
from app.api.schemas.lists import (
    BatchRecommendations,
    BatchRequest,
    RecommendationQuery,
    Recommendations,
    SessionRequest,
)
from app.api.variants import PARAMETER as VARIANT_PARAMETER
from app.api.variants import RequestedVariant, requested_variant
from app.connections import QUEUED
from app.dependencies import BROWSERS, READERS, RequestId, WorkerDep, worker_of
from app.security.callers import Level
from app.serving.asked import Asked
from app.serving.audience import Visitor, VisitorEvent
from app.serving.lists import ListMaker
from app.serving.worker import Worker
from app.threads import in_thread
from marquee.domain.clock import system_clock
from marquee.domain.errors import InvalidInput

hot = router("recommendations", lean=True)
routes = router("recommendations")

_SHORT = 100  # bytes of a query that are worth keeping


@hot.get(
    "/users/{user_id}/recommendations",
    response_model=Recommendations,
    responses=problems(400, 401, 403, 409, 422, 503),
    operation_id="recommend",
    openapi_extra={
        "parameters": [
            path_parameter("user_id", "The person's id, percent-encoded; a slash within it is `%2F`.", "42"),
            *query_parameters(RecommendationQuery),
            VARIANT_PARAMETER,
        ]
    },
)
async def recommend(request: Request) -> JsonBytes:
    """The items that a person would like best, of those they have not rated.

    Somebody unknown gets popular items, and `notice` says so. A rating counts as soon as it was answered.
    While a rollout shows a challenger to a share of the people, `variant` says whose list it is.
    """
    worker, scope = worker_of(request), request.scope
    await worker.caught_up()
    caller = worker.gate.caller(scope)
    user_id = _user_id(scope["path_params"]["user_id"])
    caller.require_person(user_id, Level.READ)
    asked = _asked(scope["query_string"], worker.lists)
    person = worker.person(user_id)
    if person is None:
        person = await in_thread(worker.look_up, user_id)
    request_id, requested = scope["state"]["request_id"], requested_variant(scope, caller)
    under_way = scope["state"].get(QUEUED, 0)

    def make() -> bytes:
        lineup, catalogue = worker.lineup, worker.catalogue
        return worker.trials.for_person(request_id, person, asked, lineup, catalogue, requested, under_way)

    return JsonBytes(await worker.singles.run(make) if asked.explain else make())  # reasons may take long


@routes.post(
    "/sessions/recommendations",
    response_model=Recommendations,
    responses=CHANGING,
    operation_id="recommend_to_visitor",
    dependencies=[BROWSERS],
)
async def recommend_to_visitor(body: SessionRequest, worker: WorkerDep, request_id: RequestId) -> JsonBytes:
    """A list for a visitor, from ratings and events sent along and not kept.

    Of two ratings for one item the later counts; an event about an item that is rated does not.
    """
    asked = asked_of(body, worker.lists)
    visitor = _visitor(body, worker, system_clock().timestamp())

    def make() -> bytes:
        return worker.lists.for_visitor(request_id, visitor, asked, worker.shelf, worker.catalogue)

    return JsonBytes(await worker.singles.run(make))


@routes.post(
    "/recommendations/batch",
    response_model=BatchRecommendations,
    responses={**CHANGING, **problems(409)},
    operation_id="recommend_to_many",
    dependencies=[READERS],
    openapi_extra={"parameters": [VARIANT_PARAMETER]},
)
async def recommend_to_many(
    body: BatchRequest, worker: WorkerDep, requested: RequestedVariant, request_id: RequestId
) -> JsonBytes:
    """Lists for many people at once, each as if it were asked for alone, in a fraction of the time.

    Somebody unknown gets popular items, and `notice` says so. All lists have one request id; together with
    the user's it names each. Unless `log` says that they are shown now, they are not taken for impressions.
    """
    asked = asked_of_batch(body, worker.lists)

    def make() -> bytes:
        people = worker.look_up_many(body.user_ids)
        lineup, catalogue = worker.lineup, worker.catalogue
        return worker.trials.for_many(request_id, people, asked, lineup, catalogue, requested)

    return JsonBytes(await worker.batches.run(make))


def _visitor(body: SessionRequest, worker: Worker, now: float) -> Visitor:
    """What a visitor sends along; what is about hidden items is left out, for reasons would name them.

    Raises:
        InvalidInput: stars off the scale, an item that there is not, an unknown kind of event.
    """
    catalogue, feedback = worker.catalogue, worker.serving.feedback
    named = [rating.item_id for rating in body.ratings] + [event.item_id for event in body.events]
    for item_id in named:
        if catalogue.known_item(item_id) is None:
            raise InvalidInput(f"There is no item {item_id!r}.", hint="Leave out what is about it.")
    for event in body.events:
        if event.kind not in feedback.kinds and feedback.unknown_kinds == "refuse":
            known = ", ".join(sorted(feedback.kinds)) or "none"
            raise InvalidInput(
                f"There is no kind of event {event.kind!r}.", hint=f"configs/serving.yaml has: {known}."
            )
    stars = {rating.item_id: worker.serving.rating_scale.check(rating.rating) for rating in body.ratings}
    return Visitor(
        {item_id: given for item_id, given in stars.items() if catalogue.item(item_id) is not None},
        [
            VisitorEvent(event.item_id, event.kind, now if event.at is None else event.at.timestamp())
            for event in body.events
            if catalogue.item(event.item_id) is not None
        ],
    )


def _user_id(encoded: str) -> str:
    try:
        return decoded_id(encoded)
    except ValueError as error:
        raise fault(("path", "user_id"), str(error)) from error


def _asked(query_string: bytes, lists: ListMaker) -> Asked:
    if len(query_string) <= _SHORT:
        return _asked_often(query_string, lists)
    return asked_of(parsed_query(query_string, RecommendationQuery), lists)


@lru_cache(maxsize=256)
def _asked_often(query_string: bytes, lists: ListMaker) -> Asked:
    """Many ask the same of their lists, and to read it takes longer than to make one."""
    return asked_of(parsed_query(query_string, RecommendationQuery), lists)
