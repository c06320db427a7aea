"""People beside people."""

from typing import Annotated

from fastapi import Query

from app.api.routing import problems, router
from app.api.schemas.fields import UserIdInPath
from app.api.schemas.items import ItemSummary
from app.api.schemas.people import SimilarUser, SimilarUsers
from app.dependencies import READERS, WorkerDep
from app.serving.audience import Person
from app.serving.catalogue import Catalogue
from app.serving.leaderboards import liked_numbers
from app.serving.worker import Worker
from app.threads import in_thread
from marquee.recommend.people import Alike, Crowd, Likes

routes = router("users")

_SHARED = 5

HowMany = Annotated[int, Query(ge=1, le=100, description="people, at most")]


@routes.get(
    "/users/{user_id}/similar",
    responses=problems(400, 401, 403, 422, 503),
    operation_id="list_similar_users",
    dependencies=[READERS],
)
async def similar_users(user_id: UserIdInPath, worker: WorkerDep, limit: HowMany = 10) -> SimilarUsers:
    """The people whose taste is most like somebody's, and what they have in common.

    By what both liked, rare items counting more than popular ones. The person's own ratings count at once;
    those of others may be some seconds old. Nobody is like somebody of whom nothing is known.
    """
    person = worker.person(user_id)
    if person is None:
        person = await in_thread(worker.look_up, user_id)
    crowd = await worker.crowd.get()
    found = await in_thread(_nearest, worker, crowd, person, limit)
    return SimilarUsers(
        user_id=user_id,
        known=person.known,
        notice=_notice(person, found),
        users=[_similar(alike, worker.catalogue) for alike in found],
    )


def _nearest(worker: Worker, crowd: Crowd, person: Person, n: int) -> list[Alike]:
    if person.history is None:
        return []
    liked = liked_numbers(person.history, person.done, worker.serving.rating_scale)
    return crowd.nearest(Likes(person.user_id, liked), n, most_shared=_SHARED)


def _notice(person: Person, found: list[Alike]) -> str | None:
    if found:
        return None
    if not person.looked_up:
        return "This person cannot be looked up at the moment."
    if not person.known:
        return "Nothing is known of this person yet."
    return "This person has liked nothing that others have liked too."


def _similar(alike: Alike, catalogue: Catalogue) -> SimilarUser:
    items = [catalogue.items[number] for number in alike.shared]
    return SimilarUser(
        user_id=alike.user_id,
        similarity=round(alike.similarity, 4),
        shared_count=alike.n_shared,
        shared=[ItemSummary.model_validate(item, from_attributes=True) for item in items if not item.hidden],
    )
