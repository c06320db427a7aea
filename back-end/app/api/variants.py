"""The header by which a caller chooses whose list it is: the champion's or the challenger's."""

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request
from starlette.types import Scope

from app.api.routing import fault
from app.dependencies import CallerDep
from app.security.callers import Caller, Level
from app.security.gate import header
from app.serving.trials import Requested

NAME = "X-Marquee-Variant"
PARAMETER: dict[str, Any] = {
    "name": NAME,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "enum": ["champion", "challenger"]},
    "description": "Whose list it is to be, whatever chance says; needs the scope `operate`. Without a "
    "challenger in memory, `challenger` is answered with 409. Such lists count in no rollout.",
}

_NAME = NAME.lower().encode()
_VARIANTS: dict[bytes, Requested] = {b"champion": "champion", b"challenger": "challenger"}


def requested_variant(scope: Scope, caller: Caller) -> Requested:
    """The variant that a request asks for, or None.

    Raises:
        Forbidden: the caller may not choose.
        RequestValidationError: there is no such variant.
    """
    given = header(scope, _NAME)
    if given is None:
        return None
    caller.require(Level.OPERATE)
    if given not in _VARIANTS:
        raise fault(("header", NAME), "It is neither `champion` nor `challenger`")
    return _VARIANTS[given]


async def _of_request(request: Request, caller: CallerDep) -> Requested:
    return requested_variant(request.scope, caller)


RequestedVariant = Annotated[Requested, Depends(_of_request)]
