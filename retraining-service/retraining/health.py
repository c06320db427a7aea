"""The service's own HTTP endpoint: is it alive, can it work, and figures for Prometheus."""

import http
import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from marquee.domain.errors import PortInUse
from retraining.status import Metrics, Status

DEFAULT_PORT = 8100


def create_app(status: Status, metrics: Metrics) -> Starlette:
    """`/health/live`, `/health/ready` and `/metrics`."""

    async def live(_request: Request) -> Response:
        alive = status.is_alive
        return JSONResponse({"status": "alive" if alive else "stuck"}, 200 if alive else 503)

    async def ready(_request: Request) -> Response:
        """503 without Postgres. Without MLflow `degraded`: triggers are heard, trainings fail."""
        checks = {"postgres": status.postgres or "ok", "mlflow": status.mlflow or "ok"}
        usable = status.postgres is None
        state = "unavailable" if not usable else "degraded" if status.mlflow else "ready"
        content = {"status": state, "role": status.role, "running": status.run_id, "checks": checks}
        return JSONResponse(content, 200 if usable else 503)

    async def figures(_request: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", figures)],
        exception_handlers={HTTPException: _problem},
    )


async def _problem(request: Request, error: Exception) -> Response:
    """An error as a problem document (RFC 9457)."""
    assert isinstance(error, HTTPException)  # noqa: S101  it is registered for this class alone
    content = {
        "type": "about:blank",
        "title": http.HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": "There are GET /health/live, /health/ready and /metrics.",
        "instance": request.url.path,
    }
    return JSONResponse(content, error.status_code, error.headers, "application/problem+json")


class HealthServer:
    """Serves an app from a thread while a `with` block runs."""

    def __init__(self, app: Starlette, host: str, port: int | None) -> None:
        self._listener = _listen(host, port)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", ws="none", server_header=False
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="health", daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=5)
        self._listener.close()


def _listen(host: str, port: int | None) -> socket.socket:
    """A listening socket: on `port`, or where none was chosen on 8100, or if that is taken on a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in (DEFAULT_PORT, 0) if port is None else (port,):
        try:
            return socket.create_server((host, candidate), family=family)
        except OSError as error:
            failure = error
    raise PortInUse(
        f"The retraining service cannot listen on {host}:{port} ({failure.strerror}).",
        hint="Stop what holds the port, or choose another with MARQUEE_RETRAINING_PORT.",
    ) from failure
