"""Everything that is held on a person: shown, and erased."""

from collections.abc import Iterator
from typing import Any

import orjson
from starlette.responses import StreamingResponse

from app.api.routing import CHANGING, problems, router
from app.api.schemas.fields import UserIdInPath
from app.api.schemas.users import PersonalData
from app.api.users import no_user
from app.dependencies import WRITERS, CallerDep, WorkerDep
from app.security.callers import Level
from app.serving.database import Database
from marquee.store import personal_data
from marquee.store.personal_data import SECTIONS, Section

routes = router("users")

_AT_A_TIME = 2_000  # rows, read on a connection that is given back before they are sent


@routes.get(
    "/users/{user_id}/data",
    response_model=PersonalData,
    responses=problems(400, 401, 403, 404, 422, 503),
    operation_id="get_personal_data",
)
def get_personal_data(user_id: UserIdInPath, worker: WorkerDep, caller: CallerDep) -> StreamingResponse:
    """Everything held on a person: profile, ratings, events, lists shown, what a rollout counts of them.

    Viewers may have their own.
    """
    caller.require_person(user_id, Level.READ)
    with worker.database.reading() as connection:
        if not personal_data.is_held(connection, user_id):
            raise no_user(user_id)
        profile = personal_data.profile(connection, user_id)
    content = _written(worker.database, user_id, profile)
    return StreamingResponse(content, media_type="application/json")


@routes.delete(
    "/users/{user_id}",
    status_code=204,
    responses=CHANGING,
    operation_id="delete_user",
    dependencies=[WRITERS],
)
def delete_user(user_id: UserIdInPath, worker: WorkerDep) -> None:
    """Erase a person: profile, ratings, events and the lists that they were shown.

    When this has answered, no worker knows them. Models hold no row about a person; the snapshots that models
    were trained on, and the user factors beside them, do until they are deleted: see docs/operations.md.
    """
    with worker.database.writing() as connection:
        erased = personal_data.erase(connection, user_id)
    if not erased:
        raise no_user(user_id)


def _written(database: Database, user_id: str, profile: dict[str, Any] | None) -> Iterator[bytes]:
    """The JSON of `PersonalData`, in pieces."""
    yield b'{"profile":' + orjson.dumps(profile)
    for section in SECTIONS:
        yield b',"%b":[' % section.encode()
        separator = b""
        for rows in _pages(database, user_id, section):
            yield separator + b",".join(map(orjson.dumps, rows))
            separator = b","
        yield b"]"
    yield b"}"


def _pages(database: Database, user_id: str, section: Section) -> Iterator[list[dict[str, Any]]]:
    after, rows = None, []
    while after is None or len(rows) == _AT_A_TIME:
        with database.reading() as connection:
            rows = personal_data.rows(connection, section, user_id, limit=_AT_A_TIME, after=after)
        if not rows:
            return
        yield rows
        after = personal_data.position(section, rows[-1])
