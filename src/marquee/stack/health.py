"""Whether an HTTP service of this machine answers."""

import http.client
import urllib.error
import urllib.request

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


def reachable(host: str) -> str:
    """How a client of this machine names an address that a server listens on: `0.0.0.0` is no destination."""
    if host in ("0.0.0.0", ""):  # noqa: S104  compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
