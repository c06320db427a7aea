"""Figures for Prometheus: each worker writes its own files, and whoever is asked adds them up."""

import os
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TypedDict

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from app.reserved import DirectValue, ReservedDict

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # the client library's own; must be set before it is imported

# The client looks the class up whenever a worker makes a file.
values.MmapedDict = ReservedDict  # type: ignore[attr-defined]  # it is none of what the module exports
if FOLDER_VARIABLE in os.environ:
    values.ValueClass = DirectValue

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_requests = Counter("marquee_http_requests_total", "Requests answered", ["method", "route", "status"])
_durations = Histogram(
    "marquee_http_request_seconds", "Time to answer", ["method", "route"], buckets=_SECONDS
)
_lists = Counter(
    "marquee_lists_total", "Lists made for people, by what their first item came from", ["variant", "source"]
)
_list_durations = Histogram(
    "marquee_list_seconds",
    "Time to answer with a list, by who made it and what its first item came from",
    ["route", "variant", "source"],
    buckets=_SECONDS,
)
_listed = Counter("marquee_listed_items_total", "Items put into lists, by what put them there", ["source"])
swaps = Counter("marquee_model_swaps_total", "Models taken into service, or refused", ["outcome"])
served_version = Gauge(
    "marquee_model_version", "The model version that a worker serves; 0: none", multiprocess_mode="liveall"
)
database_up = Gauge(
    "marquee_database_up", "Whether a worker reaches Postgres, 0 or 1", multiprocess_mode="liveall"
)
feed_changes = Counter("marquee_feed_changes_total", "Changes read from the feed", ["kind"])
_events = Counter(
    "marquee_events_total",
    "Events received; kinds that are not configured are '(other)'",
    ["kind", "outcome"],
)
impressions_written = Counter("marquee_impressions_written_total", "Lists that were shown, in the log")
impressions_dropped = Counter(
    "marquee_impressions_dropped_total", "Lists that were shown and are not in the log", ["reason"]
)
shed = Counter("marquee_requests_shed_total", "Requests refused with 429, by what was full", ["full"])
list_errors = Counter(
    "marquee_list_errors_total", "Lists of a rollout whose making failed, by variant", ["variant"]
)
shadow_lists = Counter(
    "marquee_shadow_lists_total",
    "Lists that a challenger was to make unseen, by what became of it",
    ["outcome"],
)
scored_ratings = Counter(
    "marquee_scored_ratings_total",
    "Ratings that champion and challenger were to predict, by what became of it",
    ["outcome"],
)
challenger_version = Gauge(
    "marquee_challenger_version",
    "The model version on trial that a worker has in memory; 0: none",
    multiprocess_mode="liveall",
)
states_computed = Counter("marquee_person_states_computed_total", "Histories folded into a model")


@cache
def _request_series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(method, route, str(status)), _durations.labels(method, route)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request; `route` is the route's template, so that there are few series."""
    requests, durations = _request_series(method if method in _METHODS else "OTHER", route, status)
    requests.inc()
    durations.observe(seconds)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class ListFacts(TypedDict, total=False):
    """What is known of the list that a request is answered with; empty while none was made."""

    variant: str
    source: str
    version: int | None


# Set by whoever handles a request; filled in where the list is made, be it on another thread.
list_of_request: ContextVar[ListFacts | None] = ContextVar("list_of_request", default=None)


@cache
def _list_duration_series(route: str, variant: str, source: str) -> Histogram:
    return _list_durations.labels(route, variant, source)


def observe_list(route: str, variant: str, source: str, seconds: float) -> None:
    """Count the time of one request that was answered with a list."""
    _list_duration_series(route, variant, source).observe(seconds)


def count_events(kind: str, outcome: str, number: int) -> None:
    """`kind`: one that is configured, so that there are few series, or `OTHER_KIND`."""
    _events.labels(kind, outcome).inc(number)


OTHER_KIND = "(other)"


@cache
def _source_series(source: str) -> Counter:
    return _listed.labels(source)


def count_listed(source: str, items: int) -> None:
    _source_series(source).inc(items)


@cache
def _list_series(variant: str, source: str) -> Counter:
    return _lists.labels(variant, source)


def count_list(variant: str, source: str | None, version: int | None, lists: int = 1) -> None:
    """Count lists, and note that the request under way is answered with them; source None: they are empty."""
    source = source or "none"
    _list_series(variant, source).inc(lists)
    facts = list_of_request.get()
    if facts is not None:
        facts["variant"], facts["source"], facts["version"] = variant, source, version


def exposition() -> bytes:
    """All workers' figures in Prometheus' text format."""
    if FOLDER_VARIABLE not in os.environ:
        return generate_latest()
    forget_dead_workers()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types here
    return generate_latest(registry)


def forget_dead_workers() -> None:
    """Drop the gauges of workers that died without saying so; their counters stay counted."""
    for path in Path(os.environ[FOLDER_VARIABLE]).glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not psutil.pid_exists(pid):
            mark_process_dead(pid)  # type: ignore[no-untyped-call]  # nor here
