"""Lists by a model version of the caller's choice."""

from typing import Annotated

from fastapi import Path, Query

from app.api.asking import asked_of_version
from app.api.routing import JsonBytes, problems, router
from app.api.schemas.fields import UserIdInPath
from app.api.schemas.lists import RecommendationQuery, Recommendations
from app.dependencies import CallerDep, RequestId, WorkerDep
from app.security.callers import Caller, Level
from app.serving.shelf import Shelf
from app.serving.variants import REQUESTED
from app.serving.worker import Worker
from marquee.store import versions

routes = router("models")

VersionInPath = Annotated[int, Path(ge=1, le=2**31 - 1, description="the registry's number", examples=[3])]
_MAY_SERVE = frozenset({"approved"})


@routes.get(
    "/models/{version}/users/{user_id}/recommendations",
    response_model=Recommendations,
    responses=problems(400, 401, 403, 404, 422, 503),
    operation_id="recommend_by_version",
)
def recommend_by_version(
    version: VersionInPath,
    user_id: UserIdInPath,
    query: Annotated[RecommendationQuery, Query()],
    worker: WorkerDep,
    caller: CallerDep,
    request_id: RequestId,
) -> JsonBytes:
    """The list that one version would make for a person, whatever serves; to compare versions by.

    Approved versions are for callers with `read`, all others for those with `operate`. A version that is not
    in memory is loaded first; while that takes long, the answer is 503. Nobody is shown such a list, so it is
    not in the log of impressions, and its variant is `requested`.
    """
    caller.require(Level.READ)
    asked = asked_of_version(query, worker.lists)
    shelf = _shelf(worker, version, caller)
    return JsonBytes(
        worker.lists.for_person(request_id, worker.look_up(user_id), asked, shelf, shelf.catalogue, REQUESTED)
    )


def _shelf(worker: Worker, version: int, caller: Caller) -> Shelf:
    """Raises NotFound for a version that was never registered, and whatever keeps the caller from it."""
    with worker.database.reading() as connection:
        state = versions.get(connection, version).state
    if state not in _MAY_SERVE:
        caller.require(Level.OPERATE)
    in_memory = worker.stage.shelf(version)
    return in_memory if in_memory is not None else worker.versions.get(version, worker.catalogue)
