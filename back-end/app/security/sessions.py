"""Session cookies: signed, not stored; whoever has the key of another stack cannot make one for this."""

from typing import Literal

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import Response

from app.security.callers import Caller, Level

COOKIE = "marquee_session"
VIEWER_SECONDS = 30 * 24 * 3600
OPERATOR_SECONDS = 12 * 3600


class Sessions:
    """Makes and reads session cookies.

    Args:
        key: the secret that signs them.
        profile_sign_in: `off` ends viewers' sessions too.
    """

    def __init__(self, key: str, profile_sign_in: Literal["open", "off"]) -> None:
        self._signer = URLSafeTimedSerializer(key, salt="marquee session")
        self._profiles_open = profile_sign_in == "open"

    def read(self, cookie: str) -> Caller | None:
        """Who a cookie says is asking; None when it is not ours, too old, or no longer accepted."""
        try:
            content = self._signer.loads(cookie, max_age=VIEWER_SECONDS)
            if content["role"] == "viewer":
                return (
                    Caller("viewer", Level.NONE, user_id=content["user_id"]) if self._profiles_open else None
                )
            self._signer.loads(cookie, max_age=OPERATOR_SECONDS)
        except BadSignature:
            return None
        return Caller("operator", Level.ADMIN, name=content["name"])

    def start(self, response: Response, caller: Caller, *, secure: bool) -> None:
        """Put a caller's cookie on an answer; `secure` where the request came over TLS."""
        viewer = caller.role == "viewer"
        content = {"role": caller.role, "user_id": caller.user_id, "name": caller.name}
        response.set_cookie(
            COOKIE,
            str(self._signer.dumps(content)),
            max_age=VIEWER_SECONDS if viewer else OPERATOR_SECONDS,
            httponly=True,
            secure=secure,
            samesite="strict",
        )

    def end(self, response: Response, *, secure: bool) -> None:
        response.delete_cookie(COOKIE, httponly=True, secure=secure, samesite="strict")
