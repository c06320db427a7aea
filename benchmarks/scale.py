"""How training and lists grow up to the size of MovieLens 20M, on synthetic ratings of its shape."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import CHECKOUT
from benchmarks.progress import say
from benchmarks.report import Row, above_peer, at_most, plain

SIZES = (0.1, 1.0, 5.0, 20.0)  # millions of ratings
REACH_AT = 20.0
RATING_SECONDS, RANKING_SECONDS, LISTS_SECONDS, PEAK_GB = 600.0, 360.0, 90.0, 16.0
GB = 1e9


def measure(home: Path, sizes: Sequence[float] = SIZES) -> list[Row]:  # noqa: ARG001 - no platform runs
    """Each step in a process of its own, so that memory is that step's; the reach is at 20 million."""
    rows = []
    for millions in sizes:
        with tempfile.TemporaryDirectory(prefix="marquee-scale-") as folder:
            say(f"{millions:g} million ratings: making them")
            shape = _step("make", folder, str(millions))
            say(f"{millions:g} million ratings: the rating model")
            rating = _step("rating", folder)
            say(f"{millions:g} million ratings: the ranking model")
            ranking = _step("ranking", folder)
        rows += _rows(millions, shape, rating, ranking)
    return rows


def _step(name: str, folder: str, *arguments: str) -> dict[str, float]:
    command = (sys.executable, "-m", "benchmarks.scale_step", name, folder, *arguments)
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _rows(
    millions: float, shape: dict[str, float], rating: dict[str, float], ranking: dict[str, float]
) -> list[Row]:
    def row(what: str, value: float, unit: str, limit: float) -> Row:
        if millions == REACH_AT:
            return at_most(f"{size}, {what}", value, unit, limit)
        return plain(f"{size}, {what}", value, unit)

    size = f"{millions:g} M"
    peak = max(shape["peak"], rating["peak"], ranking["peak_lists"]) / GB
    return [
        plain(f"{size}, users", shape["users"], "people"),
        plain(f"{size}, items", shape["items"], "items"),
        plain(f"{size}, from a table to a training set", rating["seconds_training_set"], "s"),
        plain(f"{size}, the same, peak memory", rating["peak_training_set"] / GB, "GB"),
        row("rating model trained (bayes-svdpp)", rating["seconds"], "s", RATING_SECONDS),
        plain(f"{size}, the same, processor time", rating["seconds_cpu"], "s"),
        plain(f"{size}, the same, peak memory", rating["peak"] / GB, "GB"),
        _lower(f"{size}, the same, RMSE on a held-out 1 %", rating["rmse"], rating["rmse_biases"]),
        row("ranking model trained (ials)", ranking["seconds"], "s", RANKING_SECONDS),
        plain(f"{size}, the same, processor time", ranking["seconds_cpu"], "s"),
        plain(f"{size}, the same, peak memory", ranking["peak"] / GB, "GB"),
        _ndcg(millions, ranking["ndcg"], ranking["ndcg_popularity"]),
        plain(f"{size}, popularity and similar items trained", ranking["seconds_fallback"], "s"),
        row("top 10 for all users, folded in", ranking["seconds_lists"], "s", LISTS_SECONDS),
        plain(f"{size}, the same, processor time", ranking["seconds_lists_cpu"], "s"),
        row("most memory of any step", peak, "GB", PEAK_GB),
    ]


def _lower(what: str, value: float, peer: float) -> Row:
    return Row(what, value, "stars", "biases", peer, value / peer, "below the peer", value < peer)


def _ndcg(millions: float, value: float, popularity: float) -> Row:
    """Small catalogues are for EASE, so only at the size that this model is for it has to show something."""
    what, peer = f"{millions:g} M, the same, nDCG@10 of held-out ratings", ("popularity", popularity)
    if millions == REACH_AT:
        return above_peer(what, value, "nDCG", peer)
    return plain(what, value, "nDCG", peer=peer)
