"""Tells who sent a request, from its headers alone."""

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Literal
from urllib.parse import urlsplit

from starlette.types import Scope

from app.security.callers import ANONYMOUS, STRANGER, Caller
from app.security.keyring import Keyring
from app.security.sessions import COOKIE, Sessions
from marquee.domain.errors import Forbidden, Unauthorized

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """Keys by `Authorization: Bearer`, people by the session cookie, everybody else is anonymous."""

    def __init__(self, keyring: Keyring, sessions: Sessions, profile_sign_in: Literal["open", "off"]) -> None:
        self.keyring = keyring
        self.sessions = sessions
        self.profile_sign_in: Literal["open", "off"] = profile_sign_in
        self._nobody = ANONYMOUS if profile_sign_in == "open" else STRANGER

    def caller(self, scope: Scope) -> Caller:
        """Who sent the request of `scope`.

        Raises:
            Unauthorized: a key that is not known, or an `Authorization` that is no key.
            Forbidden: a change asked for with a cookie from another site's page.
        """
        authorization = header(scope, b"authorization")
        if authorization is not None:
            return self._key_holder(authorization)
        caller = self._session(header(scope, b"cookie"))
        if caller is None:
            return self._nobody
        if scope["method"] not in _SAFE_METHODS:
            require_same_origin(scope)
        return caller

    def _key_holder(self, authorization: bytes) -> Caller:
        kind, _, key = authorization.partition(b" ")
        if kind.lower() != b"bearer" or not key.strip():
            raise Unauthorized("The header Authorization is not `Bearer KEY`.")
        return self.keyring.caller(key.strip())

    def _session(self, cookies: bytes | None) -> Caller | None:
        if cookies is None or COOKIE.encode() not in cookies:
            return None
        try:
            cookie = SimpleCookie(cookies.decode("latin-1")).get(COOKIE)
        except CookieError:
            return None
        return self.sessions.read(cookie.value) if cookie is not None else None


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that name (lower case), or None."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    for key, value in headers:
        if key == name:
            return value
    return None


def require_same_origin(scope: Scope, *, sign_in: bool = False) -> None:
    """Refuse a change that another site's page asks for in the name of whoever is signed in here.

    Browsers say where a request comes from (`Sec-Fetch-Site`, or `Origin`), and pages cannot make them lie.

    Args:
        sign_in: no cookie is used yet, so that a client which is no browser may leave both headers out.

    Raises:
        Forbidden: it comes from elsewhere, or does not say.
    """
    site, origin = header(scope, b"sec-fetch-site"), header(scope, b"origin")
    if site is not None:
        same = site == b"same-origin"
    elif origin is not None:
        same = urlsplit(origin.decode("latin-1")).netloc == (header(scope, b"host") or b"").decode("latin-1")
    else:
        same = sign_in
    if not same:
        raise Forbidden(
            "A change made with a session must come from Marquee's own pages.",
            hint="Scripts send `Authorization: Bearer KEY` instead of the cookie.",
        )
