"""API keys: list, make, revoke."""

from typing import Annotated

from fastapi import Path
from pydantic import BeforeValidator

from app.api.routing import problems, router
from app.api.schemas.fields import decoded_id
from app.api.schemas.keys import KeyList, KeyRequest, KeySummary, NewKey
from app.dependencies import ADMINS, Admin, WorkerDep
from marquee.lifecycle import keys
from marquee.store.keys import list_all

routes = router("keys")

KeyName = Annotated[
    str, BeforeValidator(decoded_id), Path(description="The key's name.", examples=["nightly-import"])
]


@routes.get("/keys", responses=problems(401, 403, 503), operation_id="list_keys", dependencies=[ADMINS])
def list_keys(worker: WorkerDep) -> KeyList:
    """The keys there are, without their secrets, which nobody has."""
    with worker.database.reading() as connection:
        found = list_all(connection)
    return KeyList(keys=[KeySummary.model_validate(key, from_attributes=True) for key in found])


@routes.post(
    "/keys",
    status_code=201,
    responses=problems(400, 401, 403, 409, 413, 415, 422, 503),
    operation_id="create_key",
)
def create_key(body: KeyRequest, worker: WorkerDep, caller: Admin) -> NewKey:
    """Make a key. It is shown in this answer and never again."""
    with worker.database.writing() as connection:
        key = keys.create(connection, body.name, body.scopes, actor=caller.actor)
    return NewKey(key=key, name=body.name, prefix=key[:8], scopes=body.scopes)


@routes.delete(
    "/keys/{name}",
    status_code=204,
    responses=problems(400, 401, 403, 404, 422, 503),
    operation_id="revoke_key",
)
def revoke_key(name: KeyName, worker: WorkerDep, caller: Admin) -> None:
    """Revoke a key. When this has answered, the key opens nothing any more."""
    with worker.database.writing() as connection:
        keys.revoke(connection, name, actor=caller.actor)
