"""Sections about the ratings: how they are given, by whom, of what, and when."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from marquee.data.report.facts import DAY, count, day, item_counts, newcomer_share, share, two_places
from marquee.data.report.frames import Frames, gini
from marquee.domain.columns import ITEM, RATING, TIME, USER
from marquee.reporting.model import Plot, Rows, Section, Series, Table

TAIL_SHARES = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
ACTIVITY_EDGES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000)
BLOCKS = 12  # a side of the picture of the matrix
PERIODS = 12
CURVE_POINTS = 80
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
    names = [f"{value:g}" for value in counts.index]
    rows: Rows = tuple(
        (name, count(n), share(n / counts.sum())) for name, n in zip(names, counts, strict=True)
    )
    mean, median = frames.ratings[RATING].mean(), frames.ratings[RATING].median()
    deviation = frames.ratings[RATING].std()
    plot = columns_plot(
        "stars",
        "Ratings by stars",
        f"Ratings by stars; most often {names[int(np.argmax(counts.to_numpy()))]}.",
        names,
        counts.tolist(),
        ("stars", "ratings"),
        Table("Ratings by stars", ("stars", "ratings", "share"), rows),
    )
    lead = f"The mean is {mean:.2f}, the median {median:g}, the standard deviation {deviation:.2f}."
    return Section("Stars", (lead, plot))


def activity(frames: Frames) -> Section:
    """How much people rate."""
    counts = frames.ratings[USER].value_counts().to_numpy()
    names, sizes = buckets(counts)
    rows: Rows = tuple((name, count(np.quantile(counts, part))) for name, part in QUANTILES)
    tenth = np.sort(counts)[::-1][: max(len(counts) // 10, 1)].sum() / counts.sum()
    plot = columns_plot(
        "activity",
        "People by their number of ratings",
        f"People by their number of ratings, from {counts.min():,} to {counts.max():,}.",
        names,
        sizes,
        ("ratings of a person", "people"),
        Table("How many ratings a person has", ("of the people", "ratings"), rows),
    )
    lead = (
        f"{len(counts):,} people have rated, {counts.mean():,.0f} items each on average. The most active "
        f"tenth made {tenth:.0%} of the ratings."
    )
    return Section("Activity", (lead, plot))


def long_tail(frames: Frames) -> Section:
    """How unevenly the ratings fall on the items."""
    counts = item_counts(frames)
    ordered = np.sort(counts)[::-1]
    held = np.cumsum(ordered) / max(ordered.sum(), 1)
    places = np.unique(np.linspace(0, len(ordered) - 1, CURVE_POINTS).round().astype(int))
    rows: Rows = tuple(
        (f"{part:.0%}", count(max(round(part * len(ordered)), 1)), share(_held(held, part), 0))
        for part in TAIL_SHARES
    )
    summary = f"The most rated tenth of the items has {_held(held, 0.1):.0%} of the ratings."
    curve = Series(
        "ratings",
        (0.0, *(100 * (places + 1) / len(ordered)).tolist()),
        (0.0, *(100 * held[places]).tolist()),
    )
    few = int((counts < 5).sum())
    lead = (
        f"{summary} {few:,} of {len(counts):,} items have fewer than five. Gini's coefficient is "
        f"{gini(counts):.2f} (0: all items are rated as often; 1: one has all)."
    )
    plot = Plot(
        "long-tail",
        "Share of the ratings by share of the items, the most rated first",
        summary,
        "curve",
        "most rated items, % of the catalogue",
        "% of the ratings",
        (curve,),
        Table("What the most rated items have", ("of the items", "items", "of the ratings"), rows),
        diagonal=True,
    )
    return Section("The long tail", (lead, plot))


def sparsity(frames: Frames) -> Section:
    """How much of the matrix is filled, and where."""
    people = _blocks(frames.ratings[USER], len(frames.users))
    things = _blocks(frames.ratings[ITEM], len(frames.items))
    n_rows, n_columns = min(BLOCKS, len(frames.users)), min(BLOCKS, len(frames.items))
    filled = np.zeros((n_rows, n_columns))
    np.add.at(filled, (people, things), 1)
    cells = np.outer(_sizes(len(frames.users)), _sizes(len(frames.items)))
    density = filled / cells
    halves = [
        ("active people, popular items", density[: n_rows // 2 or 1, : n_columns // 2 or 1]),
        ("active people, rare items", density[: n_rows // 2 or 1, n_columns // 2 :]),
        ("occasional people, popular items", density[n_rows // 2 :, : n_columns // 2 or 1]),
        ("occasional people, rare items", density[n_rows // 2 :, n_columns // 2 :]),
    ]
    rows: Rows = tuple((name, share(part.mean(), 2)) for name, part in halves if part.size)
    plot = Plot(
        "sparsity",
        "Where the ratings are",
        "Density of the matrix: the most active people at the top, the most rated items on the left.",
        "heat",
        "items, the most rated first",
        "people, the most active first",
        tuple(Series("", ("",) * n_columns, tuple(row)) for row in np.sqrt(density).tolist()),
        Table("Rated pairs by halves of people and items", ("half of each", "rated pairs"), rows),
    )
    lead = (
        f"{frames.matrix_share:.2%} of the {len(frames.users) * len(frames.items):,} pairs of person and "
        "item are rated. A stronger colour is a denser part; its strength grows with the square root."
    )
    return Section("Sparsity", (lead, plot))


def growth(frames: Frames) -> Section:
    """When the ratings were made, and when people came."""
    times = np.sort(frames.ratings[TIME].to_numpy())
    first, last = int(times[0]), int(times[-1])
    edges = np.linspace(first, last + 1, PERIODS + 1)
    made, _ = np.histogram(times, edges)
    came, _ = np.histogram(frames.ratings.groupby(USER)[TIME].min(), edges)
    mean = frames.ratings.groupby(np.digitize(frames.ratings[TIME], edges) - 1)[RATING].mean()
    rows: Rows = tuple(
        (day(edges[place]), count(made[place]), count(came[place]), two_places(mean.get(place)))
        for place in range(PERIODS)
    )
    ratings = Plot(
        "growth",
        "Ratings in all",
        f"Ratings in all from {day(first)} to {day(last)}.",
        "curve",
        "",
        "ratings",
        (Series("ratings", tuple(edges.tolist()), (0.0, *np.cumsum(made).astype(float).tolist())),),
        Table("By time", ("from", "ratings", "new people", "mean stars"), rows),
        x_scale="days",
    )
    people = columns_plot(
        "new-people",
        "New people",
        "People by the time of their first rating.",
        [day(edge)[2:] for edge in edges[:-1]],
        came.tolist(),
        ("from", "new people"),
        _new_share(frames, times),
    )
    lead = f"The ratings span {(last - first) / DAY:,.0f} days, from {day(first)} to {day(last)}."
    return Section("Growth over time", (lead, ratings, people))


def columns_plot(
    name: str,
    title: str,
    alt: str,
    words: Sequence[str],
    values: Sequence[float],
    labels: tuple[str, str],
    table: Table,
) -> Plot:
    """Upright bars, one a word; `labels` are of the axes."""
    return Plot(name, title, alt, "columns", *labels, (Series(title, tuple(words), tuple(values)),), table)


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
    rows: Rows = tuple(
        (
            f"{part:.0%}",
            day(times[round(len(times) * (1 - part)) - 1]),
            share(newcomer_share(frames, part), 0),
        )
        for part in shares
        if round(len(times) * (1 - part)) > 0
    )
    return Table("Of the newest ratings, those by new people", ("newest", "since", "by new people"), rows)
