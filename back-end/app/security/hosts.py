"""Which names the service answers to, so that no other site's name can be turned on it.

A page of `evil.example` whose name is made to point at this machine (DNS rebinding) would pass as the
service's own page. Its requests still carry that name in `Host`. An address in numbers cannot be turned so.
"""

import ipaddress
from collections.abc import Iterable

from starlette.types import Scope

from app.security.gate import header

_ALWAYS = ("localhost",)
_ANY = "*"


class Hosts:
    """The names allowed in `Host`: localhost, any address in numbers, and those given, where `*` is any.

    A request without `Host` comes from no browser, and is let in.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {name.strip().lower() for name in (*_ALWAYS, *names)} - {""}

    def allow(self, scope: Scope) -> bool:
        """Whether the request is meant for this service."""
        value = header(scope, b"host")
        if not value or _ANY in self._names:
            return True
        name = _name(value)
        return name in self._names or _is_address(name)


def _name(value: bytes) -> str:
    """The name in a header, without the port and the root's dot."""
    text = value.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
