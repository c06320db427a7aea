"""What lists cost over HTTP: each figure beside the same server's trivial route, or beside the bare work."""

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import psutil

from benchmarks import large_catalogue
from benchmarks.machine import CHECKOUT
from benchmarks.progress import say
from benchmarks.report import Row, at_most, plain, share_of_peer
from benchmarks.stack import RunningStack, running

ROUNDS, SECONDS = 5, 3.0
SHORT_ROUNDS, SHORT_SECONDS = 25, 1.0  # in turn: so a slow moment of the machine, or a stall, falls on both
CONNECTIONS = 8
USERS = 943  # of MovieLens 100K; each asks in turn, so that no list is asked for twice in a row
TRIVIAL = "/api/v1/session"  # who am I: the caller is told by their key, and nothing else is done
EVERYTHING = (
    "n=10&category_none=Horror&year_from=1940"  # filters; auth, impressions and metrics are always on
)
BUSIEST_CLIENT = 0.9
LEAST_SHARE = 0.4
MOST_P99 = 3.0  # times the trivial route's, at half of saturation
LEAST_BATCH = 15.0  # times the people a second of single calls
CHANGES, MOST_REACTION_MS = 300, 100.0
STARTS, MOST_START_SECONDS = 5, 2.0
MODELS_OF_FOUR = 1.1  # times one worker's model

Target: TypeAlias = str | dict[str, Any]
Figures: TypeAlias = dict[str, float]


def measure(home: Path) -> list[Row]:
    """Rates, tails, batches, reactions, memory and starts; the large catalogue is a platform of its own."""
    with running(home, workers=1) as stack:
        headers = {"Authorization": f"Bearer {stack.api_key('admin')}"}
        rows = [*_rates(stack, headers), *_batch(stack, headers), *_start(stack)]
    with running(home, workers=2) as stack:
        rows += _reaction(stack, {"Authorization": f"Bearer {stack.api_key('admin')}"})
    rows += large_catalogue.measure(home.with_name("large-catalogue"), load)
    return [*rows, *_memory(home.with_name("large-catalogue"))]


def load(
    stack: RunningStack, headers: dict[str, str], targets: Sequence[Target], **options: float | None
) -> Figures:
    """One round of load from another process; adds `rate`, in requests a second.

    Args:
        options: of `benchmarks.load`, such as `rate` and `connections`.

    Raises:
        RuntimeError: the client was too busy to have measured the server.
    """
    given = {"seconds": SECONDS, "connections": CONNECTIONS, **options}
    flags = [word for name, value in given.items() if value for word in (f"--{name}", str(value))]
    command = (sys.executable, "-m", "benchmarks.load", str(stack.address[1]), *flags)
    document = json.dumps({"headers": headers, "targets": list(targets)})
    done = subprocess.run(command, cwd=CHECKOUT, input=document, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"The load generator failed: {done.stderr}")
    figures: Figures = json.loads(done.stdout)
    if figures["busy"] > BUSIEST_CLIENT:
        raise RuntimeError(f"The load generator computed {figures['busy']:.0%} of the time: the bottleneck.")
    return {**figures, "rate": figures["requests"] / figures["seconds"]}


def _rates(stack: RunningStack, headers: dict[str, str]) -> list[Row]:
    """Medians of rounds of the one and the other in turn: a slow moment of the machine falls on both."""
    lists = [f"/api/v1/users/{user}/recommendations?{EVERYTHING}" for user in range(1, USERS + 1)]
    say("saturation")
    load(stack, headers, lists)  # folds everybody's history in, as on a worker that has run a while
    full = _in_turn(stack, headers, lists)
    rate = _median([personal for _, personal in full], "rate")
    trivial = _median([trivial for trivial, _ in full], "rate")
    say("half of saturation")
    half = rate / 2
    tails = _in_turn(stack, headers, lists, rate=half)
    p99 = _median([personal for _, personal in tails], "p99_ms")
    trivial_p99 = _median([trivial for trivial, _ in tails], "p99_ms")
    what = "recommendations with filters, one worker, ML-100K"
    return [
        share_of_peer(what, rate, "requests/s", ("its trivial authenticated route", trivial), LEAST_SHARE),
        _times_of_peer(
            f"the same, 99 of 100 within, at {half:,.0f} requests/s",
            *(p99, "ms", ("the trivial route at that rate", trivial_p99), MOST_P99),
        ),
        plain("the same, half of the answers within", _median([one for _, one in tails], "p50_ms"), "ms"),
    ]


def _in_turn(
    stack: RunningStack, headers: dict[str, str], lists: Sequence[str], **options: float
) -> list[tuple[Figures, Figures]]:
    """Short rounds of the trivial route and of lists."""
    return [
        (
            load(stack, headers, [TRIVIAL], seconds=SHORT_SECONDS, **options),
            load(stack, headers, lists, seconds=SHORT_SECONDS, **options),
        )
        for _ in range(SHORT_ROUNDS)
    ]


def _batch(stack: RunningStack, headers: dict[str, str]) -> list[Row]:
    say("batches of 1,000 people")
    people = [str(user) for user in range(1, USERS + 1)] + [str(user) for user in range(1, 1001 - USERS)]
    batch: Target = {"target": "/api/v1/recommendations/batch", "body": {"user_ids": people, "n": 10}}
    lists = [f"/api/v1/users/{user}/recommendations?n=10" for user in range(1, USERS + 1)]
    rates = [
        {
            (many, connections): load(stack, headers, asked, connections=connections)["rate"]
            for many, asked in ((False, lists), (True, [batch]))
            for connections in (1, CONNECTIONS)
        }
        for _ in range(ROUNDS)
    ]
    alone, saturated = (
        [
            statistics.median(one[many, connections] for one in rates) * (len(people) if many else 1)
            for many in (True, False)
        ]
        for connections in (1, CONNECTIONS)
    )
    peer = "single calls, one after the other"
    what = "lists in batches of 1,000 people"
    return [
        share_of_peer(f"{what}, one after the other", alone[0], "people/s", (peer, alone[1]), LEAST_BATCH),
        plain(
            f"{what}, {CONNECTIONS} at once",
            saturated[0],
            "people/s",
            peer=(f"single calls, {CONNECTIONS} at once", saturated[1]),
        ),
    ]


def _reaction(stack: RunningStack, headers: dict[str, str]) -> list[Row]:
    """From sending a rating until both workers' lists leave the rated item out."""
    say("from a rating to the changed list")
    workers = _one_connection_each(stack, headers, 2)
    waits = sorted(_reaction_ms(stack, headers, workers, number) for number in range(CHANGES))
    p99 = waits[int(len(waits) * 0.99)]
    return [
        at_most("rating to changed list on both of 2 workers, 99 of 100", p99, "ms", MOST_REACTION_MS),
        plain("the same, half of them", statistics.median(waits), "ms"),
    ]


def _reaction_ms(
    stack: RunningStack, headers: dict[str, str], workers: list[http.client.HTTPConnection], number: int
) -> float:
    user = f"reacts-{number % 20}"
    item = _first_item(workers[0], headers, user)
    writer = http.client.HTTPConnection(*stack.address)
    began = time.perf_counter()
    body = json.dumps({"rating": 5.0})
    sent = {**headers, "Content-Type": "application/json"}
    writer.request("PUT", f"/api/v1/users/{user}/ratings/{item}", body, sent)
    answer = writer.getresponse()
    answer.read()
    if answer.status not in (200, 201):
        raise RuntimeError(f"A rating was answered with {answer.status}.")
    for worker in workers:
        while _first_item(worker, headers, user) == item:
            pass
    writer.close()
    return (time.perf_counter() - began) * 1e3


def _first_item(connection: http.client.HTTPConnection, headers: dict[str, str], user: str) -> str:
    connection.request("GET", f"/api/v1/users/{user}/recommendations?n=1", headers=headers)
    return str(json.loads(connection.getresponse().read())["items"][0]["item_id"])


def _one_connection_each(
    stack: RunningStack, headers: dict[str, str], workers: int
) -> list[http.client.HTTPConnection]:
    """A connection to each worker, told apart by what their answers say."""
    found: dict[str, http.client.HTTPConnection] = {}
    while len(found) < workers:
        connection = http.client.HTTPConnection(*stack.address)
        connection.request("GET", TRIVIAL, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if found.setdefault(str(answer.headers["x-marquee-worker"]), connection) is not connection:
            connection.close()
    return list(found.values())


def _start(stack: RunningStack) -> list[Row]:
    """A worker is killed: how long until the next is ready. And the whole service, from its command on."""
    say("starts of a worker")
    again = statistics.median(_restart_seconds(stack) for _ in range(STARTS))
    first = statistics.median(_start_seconds(stack) for _ in range(STARTS))
    return [
        at_most("a worker's death to its successor's ready, model on disk", again, "s", MOST_START_SECONDS),
        plain("the whole service's command to ready, one worker", first, "s"),
    ]


def _restart_seconds(stack: RunningStack) -> float:
    before = _ready_worker(stack.address)
    if before is None:
        raise RuntimeError("No worker is ready.")
    began = time.perf_counter()
    psutil.Process(int(before)).kill()
    while _ready_worker(stack.address) in (None, before):
        time.sleep(0.01)
    return time.perf_counter() - began


def _start_seconds(stack: RunningStack) -> float:
    """The same command as the stack's, on a port of its own, beside it."""
    [service] = [child for child in stack.process.children() if "app" in child.cmdline()]
    with socket.socket() as free, tempfile.TemporaryDirectory() as figures:
        free.bind((stack.address[0], 0))
        address = free.getsockname()
        free.close()
        facts = {"MARQUEE_PORT": str(address[1]), "PROMETHEUS_MULTIPROC_DIR": figures}
        began = time.perf_counter()
        process = subprocess.Popen(
            service.cmdline(), cwd=service.cwd(), env=service.environ() | facts, stderr=subprocess.DEVNULL
        )
        try:
            while _ready_worker(address) is None:
                if process.poll() is not None:
                    raise RuntimeError(f"The service ended with status {process.returncode}.")
                time.sleep(0.01)
            return time.perf_counter() - began
        finally:
            process.terminate()
            process.wait()


def _ready_worker(address: tuple[str, int]) -> str | None:
    """The process id of the worker that answers, if it is ready."""
    connection = http.client.HTTPConnection(*address, timeout=10)
    try:
        connection.request("GET", "/api/v1/health/ready")
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return str(answer.headers["x-marquee-worker"]) if answer.status == 200 else None


def _memory(home: Path) -> list[Row]:
    """What the model's files take in the memory of all workers together, each shared page counted once."""
    held = {workers: _model_bytes(home, workers) for workers in (1, 4)}
    return [
        _times_of_peer(
            "model in memory, 4 workers, 60,000 items",
            *(held[4] / 1e6, "MB", ("1 worker", held[1] / 1e6), MODELS_OF_FOUR),
        )
    ]


def _model_bytes(home: Path, workers: int) -> float:
    say(f"memory of {workers} worker(s)")
    with running(home, workers=workers) as stack:
        headers = {"Authorization": f"Bearer {stack.api_key('read')}"}
        load(stack, headers, [f"/api/v1/users/u{user}/recommendations" for user in range(200)])
        bundles = os.path.realpath(home / "bundles")
        return float(
            sum(
                mapped.pss
                for process in stack.process.children(recursive=True)
                for mapped in _maps(process)
                if mapped.path.startswith(bundles)
            )
        )


def _maps(process: psutil.Process) -> list[Any]:
    try:
        return list(process.memory_maps(grouped=True))
    except psutil.NoSuchProcess:
        return []


def _times_of_peer(what: str, value: float, unit: str, peer: tuple[str, float], most: float) -> Row:
    """A figure that must be at most `most` times its peer's."""
    name, peer_value = peer
    ratio = value / peer_value
    return Row(what, value, unit, name, peer_value, ratio, f"{most:g} times the peer or less", ratio <= most)


def _median(rounds: Sequence[Figures], name: str) -> float:
    return statistics.median(figures[name] for figures in rounds)
