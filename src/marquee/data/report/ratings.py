"""Sections about the ratings: how they are given, by whom, of what, and when."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from marquee.data.report import pictures
from marquee.data.report.facts import DAY, day, item_counts, newcomer_share, two_places
from marquee.data.report.frames import Frames, gini
from marquee.data.report.model import Figure, Section, Table
from marquee.domain.columns import ITEM, RATING, TIME, USER

TAIL_SHARES = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
ACTIVITY_EDGES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000)
BLOCKS = 12  # a side of the picture of the matrix
PERIODS = 12
QUANTILES = (
    ("least", 0.0),
    ("a quarter up to", 0.25),
    ("half up to", 0.5),
    ("three quarters up to", 0.75),
    ("nine tenths up to", 0.9),
    ("most", 1.0),
)


def stars(frames: Frames) -> Section:
    """How the stars are given."""
    counts = frames.ratings[RATING].value_counts().sort_index()
    shares = counts / counts.sum()
    names = [f"{value:g}" for value in counts.index]
    summary = f"Ratings by stars; most often {names[int(np.argmax(counts.to_numpy()))]}."
    rows = [
        (name, f"{count:,}", f"{share:.1%}") for name, count, share in zip(names, counts, shares, strict=True)
    ]
    mean, median = frames.ratings[RATING].mean(), frames.ratings[RATING].median()
    deviation = frames.ratings[RATING].std()
    return Section(
        "stars",
        "Stars",
        f"The mean is {mean:.2f}, the median {median:g}, the standard deviation {deviation:.2f}.",
        (
            Figure(
                "Ratings by stars",
                pictures.columns(names, counts.tolist(), summary),
                Table(("stars", "ratings", "share"), tuple(rows)),
            ),
        ),
    )


def activity(frames: Frames) -> Section:
    """How much people rate."""
    counts = frames.ratings[USER].value_counts().to_numpy()
    names, sizes = buckets(counts)
    summary = f"People by their number of ratings, from {counts.min():,} to {counts.max():,}."
    quantiles = [(name, f"{np.quantile(counts, share):,.0f}") for name, share in QUANTILES]
    tenth = np.sort(counts)[::-1][: max(len(counts) // 10, 1)].sum() / counts.sum()
    return Section(
        "activity",
        "Activity",
        f"{len(counts):,} people have rated, {counts.mean():,.0f} items each on average. The most active "
        f"tenth made {tenth:.0%} of the ratings.",
        (
            Figure(
                "People by their number of ratings",
                pictures.columns(names, sizes, summary),
                Table(("of the people", "ratings"), tuple(quantiles)),
            ),
        ),
    )


def long_tail(frames: Frames) -> Section:
    """How unevenly the ratings fall on the items."""
    counts = item_counts(frames)
    ordered = np.sort(counts)[::-1]
    share = np.cumsum(ordered) / max(ordered.sum(), 1)
    places = np.unique(np.linspace(0, len(ordered) - 1, 80).round().astype(int))
    rows = [
        (f"{part:.0%}", f"{max(round(part * len(ordered)), 1):,}", f"{_held(share, part):.0%}")
        for part in TAIL_SHARES
    ]
    summary = f"The most rated tenth of the items has {_held(share, 0.1):.0%} of the ratings."
    picture = pictures.curve(
        [0.0, *((places + 1) / len(ordered)).tolist()],
        [0.0, *share[places].tolist()],
        summary,
        x_labels=("0%", "25%", "50%", "75%", "100%"),
        y_percent=True,
        diagonal=True,
    )
    few = int((counts < 5).sum())
    return Section(
        "long-tail",
        "The long tail",
        f"{summary} {few:,} of {len(counts):,} items have fewer than five. Gini's coefficient is "
        f"{gini(counts):.2f} (0: all items are rated as often; 1: one has all).",
        (
            Figure(
                "Share of the ratings by share of the items, the most rated first",
                picture,
                Table(("of the items", "items", "of the ratings"), tuple(rows)),
            ),
        ),
    )


def sparsity(frames: Frames) -> Section:
    """How much of the matrix is filled, and where."""
    people = _blocks(frames.ratings[USER], len(frames.users))
    things = _blocks(frames.ratings[ITEM], len(frames.items))
    n_rows, n_columns = min(BLOCKS, len(frames.users)), min(BLOCKS, len(frames.items))
    filled = np.zeros((n_rows, n_columns))
    np.add.at(filled, (people, things), 1)
    cells = np.outer(_sizes(len(frames.users)), _sizes(len(frames.items)))
    density = filled / cells
    summary = "Density of the matrix: the most active people at the top, the most rated items on the left."
    picture = pictures.heat_map([""] * n_rows, [""] * n_columns, np.sqrt(density).tolist(), summary)
    halves = [
        ("active people, popular items", density[: n_rows // 2 or 1, : n_columns // 2 or 1]),
        ("active people, rare items", density[: n_rows // 2 or 1, n_columns // 2 :]),
        ("occasional people, popular items", density[n_rows // 2 :, : n_columns // 2 or 1]),
        ("occasional people, rare items", density[n_rows // 2 :, n_columns // 2 :]),
    ]
    rows = tuple((name, f"{part.mean():.2%}") for name, part in halves if part.size)
    return Section(
        "sparsity",
        "Sparsity",
        f"{frames.matrix_share:.2%} of the {len(frames.users) * len(frames.items):,} pairs of person and "
        "item are rated. A stronger colour is a denser part; its strength grows with the square root.",
        (Figure("Where the ratings are", picture, Table(("half of each", "rated pairs"), rows)),),
    )


def growth(frames: Frames) -> Section:
    """When the ratings were made, and when people came."""
    times = np.sort(frames.ratings[TIME].to_numpy())
    first, last = int(times[0]), int(times[-1])
    edges = np.linspace(first, last + 1, PERIODS + 1)
    made, _ = np.histogram(times, edges)
    came, _ = np.histogram(frames.ratings.groupby(USER)[TIME].min(), edges)
    mean = frames.ratings.groupby(np.digitize(frames.ratings[TIME], edges) - 1)[RATING].mean()
    rows = [
        (day(edges[place]), f"{made[place]:,}", f"{came[place]:,}", two_places(mean.get(place)))
        for place in range(PERIODS)
    ]
    total = np.cumsum(made)
    picture = pictures.curve(
        edges.tolist(),
        [0, *total.tolist()],
        f"Ratings in all from {day(first)} to {day(last)}.",
        x_labels=(day(first), day((first + last) / 2), day(last)),
    )
    newcomers = pictures.columns(
        [day(edge)[2:7] for edge in edges[:-1]], came.tolist(), "People by the time of their first rating."
    )
    return Section(
        "growth",
        "Growth over time",
        f"The ratings span {(last - first) / DAY:,.0f} days, from {day(first)} to {day(last)}.",
        (
            Figure(
                "Ratings in all", picture, Table(("from", "ratings", "new people", "mean stars"), tuple(rows))
            ),
            Figure("New people", newcomers, _new_share(frames, times)),
        ),
    )


def buckets(counts: Sequence[int] | np.ndarray) -> tuple[list[str], list[float]]:
    """(names, sizes) of the ranges of `ACTIVITY_EDGES` from the smallest count to the largest."""
    first = max(edge for edge in ACTIVITY_EDGES if edge <= min(counts))
    edges = [edge for edge in ACTIVITY_EDGES if first <= edge <= max(counts)]
    place = np.searchsorted(edges, counts, side="right") - 1
    sizes = np.bincount(place, minlength=len(edges)).astype(float).tolist()
    names = [
        f"{start}+" if number + 1 == len(edges) else _span(start, edges[number + 1] - 1)
        for number, start in enumerate(edges)
    ]
    return names, sizes


def _span(start: int, end: int) -> str:
    return f"{start}" if start == end else f"{start}-{end}"


def _held(cumulative: "np.ndarray[tuple[int], np.dtype[np.float64]]", part: float) -> float:
    return float(cumulative[max(round(part * len(cumulative)), 1) - 1])


def _blocks(ids: "pd.Series[str]", size: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The block of each rating: ids with the most ratings in the first, each block of as many ids."""
    counts = ids.value_counts()
    rank = pd.Series(np.arange(len(counts)), index=counts.index)
    blocks = min(BLOCKS, size)
    edges = np.cumsum(_sizes(size))
    return np.minimum(np.searchsorted(edges, ids.map(rank).to_numpy(), side="right"), blocks - 1)


def _sizes(size: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.array([len(part) for part in np.array_split(np.arange(size), min(BLOCKS, size))])


def _new_share(frames: Frames, times: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Table:
    """How much of the newest data is made by people whom a model trained before could not know."""
    shares = (0.05, 0.1, 0.2, 0.3)
    rows = tuple(
        (
            f"{share:.0%}",
            day(times[round(len(times) * (1 - share)) - 1]),
            f"{newcomer_share(frames, share):.0%}",
        )
        for share in shares
        if round(len(times) * (1 - share)) > 0
    )
    return Table(("newest", "since", "by new people"), rows)
