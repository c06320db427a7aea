"""Traces by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT says where to send them.

A span a request and one a visit to Postgres: named by the route's template, never by the path, which holds
ids of people. Without an endpoint nothing of OpenTelemetry is even imported.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from starlette.types import Scope

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

STOP_SECONDS = 1.5
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_CARRIED = (b"traceparent", b"tracestate")
_SERVER_ERROR = 500

_provider: "TracerProvider | None" = None
_tracer: "Tracer | None" = None


def start(environment: Mapping[str, str] | None = None) -> None:
    """Send traces from now on, if the environment says where to; its other OTEL_* variables hold too."""
    global _provider, _tracer
    environment = os.environ if environment is None else environment
    disabled = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if disabled or not any(environment.get(name) for name in _ENDPOINTS):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    facts: dict[str, str | int] = {"service.version": version("marquee"), "process.pid": os.getpid()}
    if not environment.get("OTEL_SERVICE_NAME"):
        facts["service.name"] = "marquee-back-end"
    _provider = TracerProvider(resource=Resource.create(facts), shutdown_on_exit=False)
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("marquee")


def stop() -> None:
    """Send what has not been sent; whoever does not take it in time is not waited for."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        flushing = threading.Thread(target=provider.force_flush, daemon=True)
        flushing.start()
        flushing.join(STOP_SECONDS)


def of_request(scope: Scope) -> "AbstractContextManager[Span | None]":
    """A span around the handling of a request, in the trace that the client says it is part of."""
    return nullcontext() if _tracer is None else _request_span(_tracer, scope)


def step(name: str, **facts: str) -> "AbstractContextManager[Span | None]":
    """A span around a part of the handling."""
    if _tracer is None:
        return nullcontext()
    from opentelemetry.trace import SpanKind

    return _tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=facts, record_exception=False)


def answered(span: "Span | None", scope: Scope, status: int, facts: Mapping[str, Any]) -> None:
    """Say what became of a request.

    Args:
        span: of `of_request`.
        facts: of the list that was made, if one was.
    """
    if span is None:
        return
    from opentelemetry.trace import StatusCode

    route = getattr(scope.get("route"), "path", None)
    if route is not None:
        span.update_name(f"{scope['method']} {route}")
        span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    for name, value in facts.items():
        if value is not None:
            span.set_attribute(f"marquee.{name}", value)
    if status >= _SERVER_ERROR:
        span.set_status(StatusCode.ERROR)


@contextmanager
def _request_span(tracer: "Tracer", scope: Scope) -> "Iterator[Span]":
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carried = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _CARRIED}
    facts = {
        "http.request.method": scope["method"],
        "url.scheme": scope["scheme"],
        "marquee.request_id": scope["state"]["request_id"],
    }
    with tracer.start_as_current_span(
        scope["method"],
        TraceContextTextMapPropagator().extract(carried),
        kind=SpanKind.SERVER,
        attributes=facts,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span
