"""Whether an HTTP service of this machine answers."""

import http.client
import json
import urllib.error
import urllib.request

from marquee.domain.errors import Unavailable

MODEL = "model"  # the part of the inference service that an empty platform does without
_SECONDS = 5


def answers(url: str) -> bool:
    """Whether a GET of the URL is answered with 200 within a few seconds."""
    return status_of(url) == http.HTTPStatus.OK


def status_of(url: str) -> int | None:
    """The HTTP status that a GET of the URL is answered with; None: nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
    try:
        with opener.open(url, timeout=_SECONDS) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        return None


def is_well(url: str, *, besides: str) -> bool:
    """Whether a Marquee service answers that each of its parts is well, one left out of account."""
    try:
        return not complaints_of(url, besides=besides)
    except Unavailable:
        return False


def complaints_of(url: str, *, besides: str = "") -> list[str]:
    """What a Marquee service says is the matter with it, a sentence each; empty when all is well.

    `besides` names a part that is left out of account. Unavailable when it does not answer at all.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_SECONDS) as response:
            content = response.read()
    except urllib.error.HTTPError as error:
        content = error.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"{url} does not answer.") from error
    return _complaints(content, besides)


def _complaints(content: bytes, besides: str) -> list[str]:
    try:
        answer = json.loads(content)
        if answer["status"] == "ready":
            return []
        parts = {part: check["detail"] for part, check in answer["checks"].items() if not check["ok"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return ["It does not say what it is."]
    if set(parts) == {besides}:
        return []
    found = [f"{part}: {detail}" for part, detail in parts.items() if part != besides]
    return found or [f"It is {answer['status']}."]


def reachable(host: str) -> str:
    """How a client of this machine names an address that a server listens on: `0.0.0.0` is no destination."""
    if host in ("0.0.0.0", ""):  # noqa: S104  compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
