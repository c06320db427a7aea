"""The application, put together. Nothing happens at import."""

import asyncio
import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from app import problems, tracing
from app.api import all_routes
from app.connections import allow_many_connections
from app.docs import docs_routes
from app.ending import told_to_end
from app.frame import Frame
from app.openapi import document
from app.pages import PageRoute
from app.reserved import DirectValue
from app.security.hosts import Hosts
from app.serving import deadline
from app.serving.worker import Worker
from marquee.settings import Settings, load_serving, load_settings
from marquee.settings.logs import configure_logs
from marquee.store.engine import connect

logger = logging.getLogger("marquee.app")

_SECONDS_BETWEEN_THREADS = 0.0005  # at 5 ms, the default, lists wait that long for whoever follows changes
_ALLOCATIONS_BETWEEN_COLLECTIONS = 20_000  # some fifty lists
_STATEMENT_SECONDS = 5.0
_POOL_SECONDS = 2.0
_ANSWER_SECONDS = 6.0  # a little more: what the server cancels by itself leaves the connection whole


def create_app(settings: Settings | None = None) -> FastAPI:
    """The inference service as an ASGI application; it connects to nothing before it is started.

    Args:
        settings: default: from the environment.
    """
    settings = load_settings() if settings is None else settings
    app = FastAPI(
        title="Marquee",
        summary="Recommendations from the deployed model, and the ratings it learns from.",
        version=version("marquee"),
        routes=[*all_routes(), *docs_routes()],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=_lifespan(settings),
    )
    app.router.routes.append(PageRoute(settings.front_end_dir))  # behind /openapi.json
    app.openapi = lambda: document(app, _largest_list(settings))  # type: ignore[method-assign]
    app.add_middleware(
        Frame, hosts=Hosts((settings.host, *settings.allowed_hosts.split(",")))
    )  # added last, it is the outermost
    problems.install(app)
    return app


def _largest_list(settings: Settings) -> int:
    return load_serving(settings.configs_dir / "serving.yaml").lists.largest_size


def create_worker_app() -> FastAPI:
    """The application in a process that the launcher made: it dies with the launcher, however that ends.

    A worker left behind would hold the port against the next start.
    """
    gc.disable()  # until what stays has been made
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)
        launcher = multiprocessing.parent_process()
        if launcher is not None and os.getppid() != launcher.pid:  # it died before
            sys.exit("The launcher of this worker has ended.")
    DirectValue.move()
    allow_many_connections()
    return create_app()


def _lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure_logs(settings.log_level, settings.log_format)
        deadline.install(_ANSWER_SECONDS)
        tracing.start()
        app.state.worker = worker = _worker(settings)
        with told_to_end() as ending:
            await worker.start(ending)
        _spare_what_stays()
        sys.setswitchinterval(_SECONDS_BETWEEN_THREADS)
        yield
        await worker.stop()
        await asyncio.to_thread(tracing.stop)

    return lifespan


def _spare_what_stays() -> None:
    """Let the cyclic garbage collector pass over what was made at the start, and run less often.

    It would look at every item of the catalogue again and again, in the middle of some request.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS, *gc.get_threshold()[1:])


def _worker(settings: Settings) -> Worker:
    url = settings.database()
    return Worker(
        settings,
        load_serving(settings.configs_dir / "serving.yaml"),
        engine=connect(
            url,
            application_name="marquee-back-end",
            pool_size=8,
            pool_seconds=_POOL_SECONDS,
            statement_timeout_ms=int(_STATEMENT_SECONDS * 1000),
        ),
        feed_engine=connect(url, application_name="marquee-back-end-feed", pool_size=1),
        session_key=settings.secret("session_key"),
    )
