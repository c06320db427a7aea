"""Health, and figures for Prometheus."""

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request

from app.api.routing import JsonBytes, read_query, router
from app.api.schemas.health import Check, Live, Ready
from app.dependencies import worker_of
from app.metrics import exposition
from app.serving.readiness import readiness

hot = router("health", lean=True)
routes = router("health")
figures = APIRouter(tags=["health"])

_ALIVE = b'{"status":"ok"}'


@hot.get("/health/live", response_model=Live, operation_id="get_live")
async def live(request: Request) -> JsonBytes:
    """Whether the process answers at all."""
    read_query(request.scope["query_string"], frozenset())
    return JsonBytes(_ALIVE)


@routes.get(
    "/health/ready",
    responses={503: {"model": Ready, "description": "It is not loaded, or no model is deployed"}},
    operation_id="get_ready",
)
async def ready(request: Request, response: Response) -> Ready:
    """Whether this worker should get requests. `degraded` (200): it answers from memory, a part is away."""
    found = readiness(worker_of(request))
    response.status_code = 503 if found.status == "unready" else 200
    checks = {name: Check(ok=part.ok, detail=part.detail) for name, part in found.checks.items()}
    return Ready(status=found.status, model_version=found.model_version, checks=checks)


@figures.get("/metrics", response_class=Response, operation_id="get_metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """All workers' figures, in Prometheus' text format; on a thread that requests cannot take."""
    content = await to_thread.run_sync(exposition, limiter=_thread_of(request))
    return Response(content, media_type=CONTENT_TYPE_LATEST)


def _thread_of(request: Request) -> CapacityLimiter:
    state = request.app.state
    if not hasattr(state, "metrics_thread"):
        state.metrics_thread = CapacityLimiter(1)
    limiter: CapacityLimiter = state.metrics_thread
    return limiter
