"""People."""

from dataclasses import asdict

from fastapi import Response
from pydantic import TypeAdapter

from app.api.cursors import decode_cursor, encode_cursor
from app.api.patching import patched
from app.api.routing import BROWSING, CHANGING, problems, router
from app.api.schemas.fields import Cursor, PageLimit, SearchText, Text, UserIdInPath
from app.api.schemas.users import StoredUser, UserBody, UserDetail, UserPage, UserPatch, UserSummary
from app.dependencies import BROWSERS, WRITERS, CallerDep, WorkerDep
from app.security.callers import Level
from marquee.domain.errors import NotFound
from marquee.domain.records import User
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
        raise no_user(user_id)
    return UserDetail.model_validate({**dict(_summary(found)), "attributes": found.user.attributes})


@routes.put(
    "/users/{user_id}",
    responses={**CHANGING, 201: {"model": StoredUser, "description": "They were not there before"}},
    operation_id="put_user",
    dependencies=[WRITERS],
)
def put_user(user_id: UserIdInPath, body: UserBody, worker: WorkerDep, response: Response) -> StoredUser:
    """Make a person, or replace what is known of one. Their ratings and events stay.

    When this has answered, lists take account of it: of somebody without ratings they show what people alike
    rate.
    """
    user = _record(user_id, body)
    with worker.database.writing() as connection:
        created = users.put(connection, user)
    response.status_code = 201 if created else 200
    return _stored(user)


@routes.patch("/users/{user_id}", responses=CHANGING, operation_id="patch_user", dependencies=[WRITERS])
def patch_user(user_id: UserIdInPath, body: UserPatch, worker: WorkerDep) -> StoredUser:
    """Change some of what is known of a person, by a JSON merge patch."""
    with worker.database.writing() as connection:
        before = users.locked(connection, user_id)
        if before is None:
            raise no_user(user_id)
        document = {name: value for name, value in asdict(before).items() if name in UserBody.model_fields}
        user = _record(user_id, patched(UserBody, document, body))
        users.put(connection, user)
    return _stored(user)


def no_user(user_id: str) -> NotFound:
    return NotFound(f"There is no user {user_id!r}.", hint="GET /api/v1/users lists those there are.")


def _record(user_id: str, body: UserBody) -> User:
    return User(user_id, body.age, body.gender, body.occupation, body.attributes)


def _stored(user: User) -> StoredUser:
    return StoredUser.model_validate(user, from_attributes=True)


def _summary(found: users.UserSummary) -> UserSummary:
    user = found.user
    return UserSummary(
        user_id=user.user_id,
        age=user.age,
        gender=user.gender,
        occupation=user.occupation,
        rating_count=found.rating_count,
    )
