"""Signing in, signing out, who am I."""

import threading
from typing import Annotated

from fastapi import Body, Depends, Request, Response

from app.api.routing import JsonBytes, problems, read_query, router
from app.api.schemas.sessions import OperatorSignIn, ProfileSignIn, Session, SignIn
from app.dependencies import WorkerDep, caller_of, worker_of
from app.security.callers import Caller, Level
from app.security.gate import require_same_origin
from app.serving.worker import Worker
from marquee.domain.errors import Forbidden, NotFound, Unauthorized
from marquee.store import operators, users

hot = router("session", lean=True)
routes = router("session")

# Checking a password takes 64 MB for a moment, by design; one at a time bounds what sign-ins can take.
_one_password_at_a_time = threading.Semaphore(1)


@hot.get("/session", response_model=Session, responses=problems(400, 401, 422), operation_id="get_session")
async def get_session(request: Request) -> JsonBytes:
    """Who is signed in with this browser."""
    worker = worker_of(request)
    read_query(request.scope["query_string"], frozenset())
    await worker.caught_up()
    return JsonBytes(_session(worker.gate.caller(request.scope), worker).model_dump_json().encode())


@routes.post(
    "/session", responses=problems(400, 401, 403, 404, 413, 415, 422, 429, 503), operation_id="sign_in"
)
def sign_in(
    body: Annotated[SignIn, Body()],
    request: Request,
    response: Response,
    worker: WorkerDep,
) -> Session:
    """Pick a profile (`user_id`), or sign in as operator (`name`, `password`); the answer sets a cookie."""
    require_same_origin(request.scope, sign_in=True)
    if isinstance(body, ProfileSignIn):
        caller = _viewer(body.user_id, worker)
    else:
        caller = _operator(body, _address(request), worker)
    worker.gate.sessions.start(response, caller, secure=request.url.scheme == "https")
    return _session(caller, worker)


@routes.delete(
    "/session",
    status_code=204,
    responses=problems(401, 403),
    operation_id="sign_out",
    dependencies=[Depends(caller_of)],
)
async def sign_out(request: Request, response: Response, worker: WorkerDep) -> None:
    """Forget who is signed in with this browser."""
    worker.gate.sessions.end(response, secure=request.url.scheme == "https")


def _viewer(user_id: str, worker: Worker) -> Caller:
    if worker.settings.profile_sign_in == "off":
        raise Forbidden("Profiles cannot be picked here.", hint="MARQUEE_PROFILE_SIGN_IN is off.")
    with worker.database.reading() as connection:
        if users.get(connection, user_id) is None:
            raise NotFound(
                f"There is no profile {user_id!r}.", hint="GET /api/v1/users lists those there are."
            )
    return Caller("viewer", Level.NONE, user_id=user_id)


def _operator(body: OperatorSignIn, address: str, worker: Worker) -> Caller:
    throttle = worker.sign_in_throttle
    throttle.check(address)
    with _one_password_at_a_time, worker.database.reading() as connection:
        throttle.check(address)  # others may have failed while this one waited
        if not operators.verify(connection, body.name, body.password):
            throttle.failed(address)
            raise Unauthorized("The name or the password is wrong.")
    throttle.succeeded(address)
    return Caller("operator", Level.ADMIN, name=body.name)


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "-"


def _session(caller: Caller, worker: Worker) -> Session:
    return Session(
        role="anonymous" if caller.role == "key" else caller.role,
        user_id=caller.user_id,
        name=caller.name if caller.role == "operator" else None,
        profile_sign_in=worker.settings.profile_sign_in,
    )
