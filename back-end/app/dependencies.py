"""The words that routes are written in: `WorkerDep`, `CallerDep`, `BROWSERS`."""

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from app.security.callers import Caller, Level
from app.serving.worker import Worker


def worker_of(request: Request) -> Worker:
    """The state of this process; made when the application starts."""
    worker: Worker = request.app.state.worker
    return worker


async def caught_up_worker(request: Request) -> Worker:
    """This process's state, once it holds everything committed on this machine before the request."""
    worker = worker_of(request)
    await worker.caught_up()
    return worker


WorkerDep = Annotated[Worker, Depends(caught_up_worker)]


async def caller_of(request: Request, worker: WorkerDep) -> Caller:
    return worker.gate.caller(request.scope)


CallerDep = Annotated[Caller, Depends(caller_of)]


async def browsing_caller(caller: CallerDep) -> Caller:
    caller.require_browsing()
    return caller


def requires(level: Level) -> Any:
    """A dependency that lets callers of that level in."""

    async def check(caller: CallerDep) -> Caller:
        caller.require(level)
        return caller

    return Depends(check)


# For a route's `dependencies=[…]`: who is let in.
BROWSERS = Depends(browsing_caller)
READERS = requires(Level.READ)
WRITERS = requires(Level.WRITE)
OPERATORS = requires(Level.OPERATE)
ADMINS = requires(Level.ADMIN)

Operator = Annotated[Caller, OPERATORS]
Admin = Annotated[Caller, ADMINS]


async def request_id_of(request: Request) -> str:  # a plain function would wait for a thread
    request_id: str = request.scope["state"]["request_id"]
    return request_id


RequestId = Annotated[str, Depends(request_id_of)]
