"""People."""

from pydantic import TypeAdapter

from app.api.cursors import decode_cursor, encode_cursor
from app.api.routing import BROWSING, problems, router
from app.api.schemas.fields import Cursor, PageLimit, SearchText, Text, UserIdInPath
from app.api.schemas.users import UserDetail, UserPage, UserSummary
from app.dependencies import BROWSERS, CallerDep, WorkerDep
from app.security.callers import Level
from marquee.domain.errors import NotFound
from marquee.store import users

routes = router("users")

_POSITION: TypeAdapter[str] = TypeAdapter(Text)


@routes.get("/users", responses=BROWSING, operation_id="list_users", dependencies=[BROWSERS])
def list_users(
    worker: WorkerDep, q: SearchText = "", limit: PageLimit = 50, cursor: Cursor = None
) -> UserPage:
    """People by id; with `q`, those whose id begins with it or whose occupation holds it."""
    after = None if cursor is None else decode_cursor(cursor, _POSITION)
    with worker.database.reading() as connection:
        found = users.list_page(connection, limit=limit + 1, after=after, q=q)
        total = users.count(connection, q=q)
    page = found[:limit]
    return UserPage(
        users=[_summary(user) for user in page],
        next_cursor=encode_cursor(page[-1].user.user_id) if len(found) > limit else None,
        total=total,
    )


@routes.get("/users/{user_id}", responses=problems(400, 401, 403, 404, 422, 503), operation_id="get_user")
def get_user(user_id: UserIdInPath, worker: WorkerDep, caller: CallerDep) -> UserDetail:
    """One person. Viewers may read their own profile."""
    caller.require_person(user_id, Level.READ)
    with worker.database.reading() as connection:
        found = users.get(connection, user_id)
    if found is None:
        raise NotFound(f"There is no user {user_id!r}.", hint="GET /api/v1/users lists those there are.")
    return UserDetail.model_validate({**dict(_summary(found)), "attributes": found.user.attributes})


def _summary(found: users.UserSummary) -> UserSummary:
    user = found.user
    return UserSummary(
        user_id=user.user_id,
        age=user.age,
        gender=user.gender,
        occupation=user.occupation,
        rating_count=found.rating_count,
    )
