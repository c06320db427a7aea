"""The built front-end: files where there are some, and its one page for every other path outside the API."""

from pathlib import Path
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.problems import problem

_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_FOREVER = "public, max-age=31536000, immutable"  # the build puts a hash of its content into each file's name
_ASK_AGAIN = "no-cache"
_API = ("/api/", "/gorse/")
_NOT_PAGES = (*_API, "/docs/", "/assets/")


class PageRoute(Route):
    """Matches every path that is not the API's; the last of the routes.

    Args:
        folder: the built front-end; it may be built while the service runs.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__("/{path:path}", self._answer, methods=["GET"], include_in_schema=False)
        self._files = StaticFiles(directory=folder, check_dir=False)
        self._folder = folder

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.NONE, {}) if scope["path"].startswith(_API) else super().matches(scope)

    def _answer(self, request: Request) -> Response:
        path = unquote(request.scope["path"]).lstrip("/")
        response = self._file(path, request.scope)
        if response is not None:
            response.headers["Cache-Control"] = _FOREVER if path.startswith("assets/") else _ASK_AGAIN
        elif request.scope["path"].startswith(_NOT_PAGES):
            raise HTTPException(404)
        else:
            response = self._page(request.scope)
        response.headers.update(_SECURITY)
        return response

    def _page(self, scope: Scope) -> Response:
        response = self._file("index.html", scope)
        if response is None:
            detail = (
                f"The front-end is not built: there is no index.html in {self._folder}. The API is at /docs."
            )
            return problem(scope, 404, "not-found", "Not found", detail)
        response.headers["Cache-Control"] = _ASK_AGAIN
        return response

    def _file(self, path: str, scope: Scope) -> Response | None:
        """A file of the folder; None when there is none, or a `..` or a link leads outside."""
        if "\0" in path or len(path) > 1024:
            return None
        full_path, stat = self._files.lookup_path(path)
        if stat is None or not Path(full_path).is_file():
            return None
        return self._files.file_response(full_path, stat, scope)
