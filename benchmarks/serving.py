"""What a list costs: the recommendation route beside the same server's trivial route, on one worker."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.machine import CHECKOUT
from benchmarks.report import Row, plain, share_of_peer
from benchmarks.stack import RunningStack, running

LEAST_SHARE = 0.3
ROUNDS = 7
SECONDS = 3.0
USERS = 943  # of MovieLens 100K; each asks in turn, so that no list is asked for twice in a row
TRIVIAL = "/api/v1/health/live"
BUSIEST_CLIENT = 0.9


def measure(home: Path) -> list[Row]:
    """Medians of rounds of the one and the other in turn: a slow moment of the machine falls on both."""
    lists = [f"/api/v1/users/{user}/recommendations?n=10" for user in range(1, USERS + 1)]
    with running(home, workers=1) as stack:
        headers = {"Authorization": f"Bearer {stack.api_key('read')}"}
        # First everybody's history is folded in, as it is on a worker that has run a while.
        load(stack, headers, lists)
        rounds = [(load(stack, headers, [TRIVIAL]), load(stack, headers, lists)) for _ in range(ROUNDS)]
    trivial, personal = ([pair[side] for pair in rounds] for side in (0, 1))
    peer = ("its trivial route", _median(trivial, "rate"))
    rate = _median(personal, "rate")
    return [
        share_of_peer("recommendations, one worker, ML-100K", rate, "requests/s", peer, LEAST_SHARE),
        plain("the same: half of the answers within", _median(personal, "p50_ms"), "ms"),
        plain("the same: 99 of 100 within", _median(personal, "p99_ms"), "ms"),
    ]


def load(stack: RunningStack, headers: dict[str, str], targets: list[str]) -> dict[str, float]:
    """One round of load from another process; adds `rate`, in requests a second.

    Raises:
        RuntimeError: the client was too busy to have measured the server.
    """
    command = (sys.executable, "-m", "benchmarks.load", str(stack.address[1]), "--seconds", str(SECONDS))
    document = json.dumps({"headers": headers, "targets": targets})
    done = subprocess.run(command, cwd=CHECKOUT, input=document, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"The load generator failed: {done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout)
    if figures["busy"] > BUSIEST_CLIENT:
        raise RuntimeError(f"The load generator computed {figures['busy']:.0%} of the time: the bottleneck.")
    return {**figures, "rate": figures["requests"] / figures["seconds"]}


def _median(rounds: list[dict[str, float]], name: str) -> float:
    return statistics.median(figures[name] for figures in rounds)
