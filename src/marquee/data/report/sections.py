"""What a report looks at: a function a section, each from the frames to figures with their tables."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from marquee.data.quality import Quality
from marquee.data.report import pictures
from marquee.data.report.frames import Frames, gini
from marquee.data.report.model import Figure, Section, Table
from marquee.domain.columns import AGE, GENDER, GENRES, ITEM, OCCUPATION, RATING, TIME, TITLE, USER, YEAR

TAIL_SHARES = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
ACTIVITY_EDGES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000)
BLOCKS = 12  # a side of the picture of the matrix
PERIODS = 12
MOST_ROWS = 12
QUANTILES = (("least", 0.0), ("a quarter up to", 0.25), ("half up to", 0.5), ("three quarters up to", 0.75),
             ("nine tenths up to", 0.9), ("most", 1.0))  # fmt: skip
DAY = 86_400


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
    return Section(
        "stars",
        "Stars",
        f"The mean is {mean:.2f}, the median {median:g}, the standard deviation {frames.ratings[RATING].std():.2f}.",
        (Figure("Ratings by stars", pictures.columns(names, counts.tolist(), summary),
                Table(("stars", "ratings", "share"), tuple(rows))),),
    )  # fmt: skip


def activity(frames: Frames) -> Section:
    """How much people rate."""
    counts = frames.ratings[USER].value_counts().to_numpy()
    names, sizes = _buckets(counts)
    summary = f"People by their number of ratings, from {counts.min():,} to {counts.max():,}."
    quantiles = [(name, f"{np.quantile(counts, share):,.0f}") for name, share in QUANTILES]
    tenth = np.sort(counts)[::-1][: max(len(counts) // 10, 1)].sum() / counts.sum()
    return Section(
        "activity",
        "Activity",
        f"{len(counts):,} people have rated, {counts.mean():,.0f} items each on average. The most active tenth "
        f"made {tenth:.0%} of the ratings.",
        (Figure("People by their number of ratings", pictures.columns(names, sizes, summary),
                Table(("of the people", "ratings"), tuple(quantiles))),),
    )  # fmt: skip


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
        [0.0, *((places + 1) / len(ordered)).tolist()], [0.0, *share[places].tolist()], summary,
        x_labels=("0%", "25%", "50%", "75%", "100% of the items"), y_percent=True, diagonal=True,
    )  # fmt: skip
    few = int((counts < 5).sum())
    return Section(
        "long-tail",
        "The long tail",
        f"{summary} {few:,} of {len(counts):,} items have fewer than five. Gini's coefficient is {gini(counts):.2f} "
        "(0: all items are rated as often; 1: one has all).",
        (Figure("Share of the ratings, the most rated items first", picture,
                Table(("of the items", "items", "of the ratings"), tuple(rows))),),
    )  # fmt: skip


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
        f"{frames.matrix_share:.2%} of the {len(frames.users) * len(frames.items):,} pairs of a person and an item "
        "are rated. A stronger colour is a denser part; its strength grows with the square root.",
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
        (_day(edges[place]), f"{made[place]:,}", f"{came[place]:,}", _two(mean.get(place)))
        for place in range(PERIODS)
    ]
    total = np.cumsum(made)
    picture = pictures.curve(
        edges.tolist(), [0, *total.tolist()], f"Ratings in all from {_day(first)} to {_day(last)}.",
        x_labels=(_day(first), _day((first + last) / 2), _day(last)),
    )  # fmt: skip
    newcomers = pictures.columns(
        [_day(edge)[2:7] for edge in edges[:-1]], came.tolist(), "People by the time of their first rating."
    )
    return Section(
        "growth",
        "Growth over time",
        f"The ratings span {(last - first) / DAY:,.0f} days, from {_day(first)} to {_day(last)}.",
        (
            Figure("Ratings in all", picture,
                   Table(("from", "ratings", "new people", "mean stars"), tuple(rows))),
            Figure("New people", newcomers, _new_share(frames, times)),
        ),
    )  # fmt: skip


def genres(frames: Frames) -> Section:
    """What kinds of items there are, and how they are rated."""
    exploded = frames.items[[ITEM, GENRES]].explode(GENRES).dropna()
    if exploded.empty:
        return Section("genres", "Genres and years", "No item has a genre.", _decades(frames))
    rated = frames.ratings.merge(exploded, on=ITEM)
    table = pd.DataFrame(
        {
            "items": exploded[GENRES].value_counts(),
            "ratings": rated[GENRES].value_counts(),
            "mean": rated.groupby(GENRES)[RATING].mean(),
        }
    ).fillna({"ratings": 0})
    table = table.sort_values("ratings", ascending=False).head(20)
    rows = [
        (str(name), f"{row['items']:,.0f}", f"{row['ratings']:,.0f}", _two(row["mean"]))
        for name, row in table.iterrows()
    ]
    shown = [row[2] for row in rows]
    picture = pictures.bars([row[0] for row in rows], table["ratings"].tolist(), "Ratings by genre.", shown)
    without = int((frames.items[GENRES].map(len) == 0).sum())
    return Section(
        "genres",
        "Genres and years",
        f"{exploded[GENRES].nunique()} genres, {len(exploded) / max(len(frames.items), 1):.1f} an item; {without:,} "
        "items have none. An item with several counts in each.",
        (Figure("Ratings by genre", picture, Table(("genre", "items", "ratings", "mean stars"), tuple(rows))),
         *_decades(frames)),
    )  # fmt: skip


def people(frames: Frames) -> Section:
    """Who rates."""
    described = [
        (column, title)
        for column, title in ((GENDER, "gender"), (OCCUPATION, "occupation"))
        if frames.users[column].notna().any()
    ]
    figures = [_by_group(frames, frames.users[column], title) for column, title in described]
    if frames.users[AGE].notna().any():
        figures.insert(0, _by_group(frames, _age_groups(frames.users[AGE]), "age"))
    lead = "People by what is known of them: groups to compare a model's quality between."
    return Section("people", "People", lead if figures else "Nothing is known of the people.", tuple(figures))


def missing(frames: Frames) -> Section:
    """What is not there."""
    counts = [
        (f"{name}.{column}", _missing(frame[column]), len(frame))
        for name, frame in (("ratings", frames.ratings), ("items", frames.items), ("users", frames.users))
        for column in frame.columns
        if column != "attributes"
    ]
    rows = tuple((name, f"{count:,}", f"{count / max(size, 1):.1%}") for name, count, size in counts)
    picture = pictures.bars(
        [name for name, *_ in counts], [count / max(size, 1) for _, count, size in counts],
        "Share of missing values by column.", [row[2] for row in rows],
    )  # fmt: skip
    rejected = tuple((reason, f"{count:,}") for reason, count in frames.rejected.items())
    tables = (Table(("rows that could not be read", "rows"), rejected),) if rejected else ()
    return Section(
        "missing", "Missing values", "An empty list of genres counts as missing.",
        (Figure("Share of missing values", picture, Table(("column", "missing", "share"), rows)),), tables,
    )  # fmt: skip


def duplicates(frames: Frames) -> Section:
    """What is there twice."""
    pairs = int(frames.ratings.duplicated([USER, ITEM]).sum())
    titles = frames.items[frames.items.duplicated([TITLE, YEAR], keep=False)]
    moments = int(frames.ratings.duplicated([USER, TIME], keep=False).sum())
    rows = (
        ("ratings replaced by a later one of the same pair when the files were read", f"{frames.replaced:,}"),
        ("ratings of a pair that is there more than once", f"{pairs:,}"),
        ("items whose title and year another item has", f"{len(titles):,}"),
        ("ratings that share their second with another of the same person", f"{moments:,}"),
    )
    shown = titles[[TITLE, YEAR]].value_counts(dropna=False).head(MOST_ROWS)
    found = tuple((f"{title}", _number(year), f"{count}") for (title, year), count in shown.items())
    tables = [Table(("what", "rows"), rows)]
    if found:
        tables.append(Table(("title", "year", "items"), found, caption="Titles that several items have"))
    return Section(
        "duplicates", "Duplicates", "Of one person and one item, one rating stands.", (), tuple(tables)
    )


def outliers(frames: Frames) -> Section:
    """People, items and moments that are unlike the rest."""
    by_person = frames.ratings.groupby(USER)[RATING].agg(["count", "mean", "std"])
    active = by_person[by_person["count"] >= 20]
    by_item = frames.ratings.groupby(ITEM)[RATING].agg(["count", "mean"])
    days = frames.ratings[TIME] // DAY
    bursts = frames.ratings.groupby([USER, days]).size()
    high = _fence(by_person["count"])
    rows = (
        ("people with more ratings than three quarters plus 1.5 quartile ranges",
         f"{int((by_person['count'] > high).sum()):,}", f"more than {high:,.0f} ratings"),
        ("people of 20 ratings or more who give all the same stars",
         f"{int((active['std'] == 0).sum()):,}", f"of {len(active):,}"),
        ("people whose mean is 3 standard deviations off", f"{_far(active['mean']):,}", f"of {len(active):,}"),
        ("items of 20 ratings or more whose mean is 3 standard deviations off",
         f"{_far(by_item.loc[by_item['count'] >= 20, 'mean']):,}", f"of {int((by_item['count'] >= 20).sum()):,}"),
        ("days on which one person made 200 ratings or more", f"{int((bursts >= 200).sum()):,}",
         f"at most {int(bursts.max()):,}"),
    )  # fmt: skip
    counts = by_person["count"].to_numpy()
    names, sizes = _buckets(bursts.to_numpy())
    picture = pictures.columns(names, sizes, "Days of a person by the ratings made on them.")
    return Section(
        "outliers", "Outliers",
        f"The most active person has {counts.max() / max(np.median(counts), 1):.0f} times the median's ratings.",
        (Figure("A person's days by the ratings made on them", picture, Table(("what", "how many", ""), rows)),),
    )  # fmt: skip


def correlations(frames: Frames) -> Section:
    """What goes with what: Spearman's rank correlation between facts of each rating."""
    facts = rating_facts(frames)
    matrix = facts.corr(method="spearman")
    names = list(matrix.columns)
    shown = [[_two(value) for value in row] for row in matrix.to_numpy()]
    values = matrix.fillna(0.0).to_numpy().tolist()
    summary = "Rank correlations between facts of a rating; the second colour is negative."
    picture = pictures.heat_map(names, names, values, summary, shown=shown, signed=True)
    rows = tuple((name, *row) for name, row in zip(names, shown, strict=True))
    return Section(
        "correlations", "Correlations",
        f"Spearman's rank correlation over {len(facts):,} ratings: 1 is the same order, -1 the opposite, 0 none.",
        (Figure("Between facts of a rating, columns in the order of the rows", picture,
                Table(("", *names), rows)),),
    )  # fmt: skip


def quality_checks(quality: Quality) -> Section:
    """The checks that run before every training."""
    order = {"error": 0, "warning": 1}
    checks = sorted(quality.checks, key=lambda check: (check.passed, order[check.severity]))
    rows = tuple(
        (check.name, f"{check.table}.{check.column}".rstrip("."), check.meaning,
         "holds" if check.passed else f"{check.severity}: {check.rows:,} rows")
        for check in checks
    )  # fmt: skip
    failed = sum(not check.passed for check in checks)
    lead = f"{len(checks) - failed} of {len(checks)} checks hold. One that fails as an error stops every training."
    return Section("quality", "Quality checks", lead, (),
                   (Table(("check", "column", "what must hold", "result"), rows, numeric_from=4),))  # fmt: skip


DICTIONARY = (
    ("ratings", USER, "text", "who rated; the person's id"),
    ("ratings", ITEM, "text", "what was rated; the item's id"),
    ("ratings", RATING, "number", "stars, on the scale of configs/serving.yaml"),
    ("ratings", TIME, "whole number", "when, in seconds since 1970-01-01 UTC"),
    ("items", ITEM, "text", "the item's id"),
    ("items", TITLE, "text", "its name, without the year"),
    ("items", YEAR, "whole number", "when it came out"),
    ("items", GENRES, "list of texts", "its genres, sorted"),
    ("users", USER, "text", "the person's id"),
    ("users", AGE, "whole number", "age in years when they joined"),
    ("users", GENDER, "text", "gender as the data set gives it"),
    ("users", OCCUPATION, "text", "occupation as the data set gives it"),
)


def dictionary(frames: Frames) -> Section:
    """Every column: what it means, and what it holds."""
    tables = {"ratings": frames.ratings, "items": frames.items, "users": frames.users}
    rows = tuple(
        (f"{table}.{column}", kind, meaning, *_holds(tables[table][column]))
        for table, column, kind, meaning in DICTIONARY
    )
    header = ("column", "type", "meaning", "values", "missing", "different")
    return Section("dictionary", "Data dictionary", "Columns as the library and the database name them.", (),
                   (Table(header, rows, numeric_from=4),))  # fmt: skip


def item_counts(frames: Frames) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Ratings of each item of the catalogue, those that nobody rated too, shape (n_items,)."""
    counts = frames.ratings[ITEM].value_counts()
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = (
        frames.items[ITEM].map(counts).fillna(0).to_numpy(np.int64)
    )
    return found


def newcomer_share(frames: Frames, share: float = 0.2) -> float:
    """Of the newest ratings, the share made by people with none among the older ones."""
    ordered = frames.ratings.sort_values([TIME, USER, ITEM], kind="stable")
    cut = round(len(ordered) * (1 - share))
    older, newer = ordered.iloc[:cut], ordered.iloc[cut:]
    return float((~newer[USER].isin(older[USER].unique())).mean()) if len(newer) else 0.0


def rating_facts(frames: Frames) -> pd.DataFrame:
    """Numbers that belong to each rating, by short names."""
    ratings = frames.ratings
    facts = pd.DataFrame(
        {
            "stars": ratings[RATING],
            "activity": ratings[USER].map(ratings[USER].value_counts()),
            "popularity": ratings[ITEM].map(ratings[ITEM].value_counts()),
            "time": ratings[TIME],
            "item year": ratings[ITEM].map(frames.items.set_index(ITEM)[YEAR].astype("float64")),
            "genres": ratings[ITEM].map(frames.items.set_index(ITEM)[GENRES].map(len)),
            "age": ratings[USER].map(frames.users.set_index(USER)[AGE].astype("float64")),
        }
    )
    return facts.loc[:, facts.nunique() > 1]


def _buckets(counts: Sequence[int] | np.ndarray) -> tuple[list[str], list[float]]:  # type: ignore[type-arg]
    """(names, sizes) of the ranges of `ACTIVITY_EDGES` up to the largest count."""
    edges = [edge for edge in ACTIVITY_EDGES if edge <= max(counts)]
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
            _day(times[round(len(times) * (1 - share)) - 1]),
            f"{newcomer_share(frames, share):.0%}",
        )
        for share in shares
        if round(len(times) * (1 - share)) > 0
    )
    return Table(("newest", "since", "by new people"), rows)


def _decades(frames: Frames) -> tuple[Figure, ...]:
    years = frames.items[YEAR].dropna()
    if years.empty:
        return ()
    decades = (years // 10 * 10).astype(int).value_counts().sort_index().tail(MOST_ROWS)
    rated = frames.ratings[ITEM].map(frames.items.set_index(ITEM)[YEAR])
    ratings = (rated.dropna() // 10 * 10).astype(int).value_counts()
    rows = [(f"{decade}s", f"{count:,}", f"{ratings.get(decade, 0):,}") for decade, count in decades.items()]
    picture = pictures.columns([row[0] for row in rows], decades.tolist(), "Items by decade.")
    return (Figure("Items by decade", picture, Table(("decade", "items", "ratings"), tuple(rows))),)


def _by_group(frames: Frames, groups: "pd.Series[str]", title: str) -> Figure:
    """Ratings by a fact of the person, the largest groups first (ages in their order)."""
    whose = frames.ratings[USER].map(pd.Series(groups.to_numpy(), index=frames.users[USER]))
    ratings = frames.ratings.groupby(whose, sort=True)[RATING].agg(["count", "mean"])
    sizes = groups.value_counts()
    ratings = ratings if title == "age" else ratings.sort_values("count", ascending=False)
    ratings = ratings.head(20)
    rows = [
        (str(name), f"{sizes.get(name, 0):,}", f"{row['count']:,.0f}", _two(row["mean"]))
        for name, row in ratings.iterrows()
    ]
    picture = pictures.bars(
        [row[0] for row in rows], ratings["count"].tolist(), f"Ratings by {title}.", [row[2] for row in rows]
    )
    return Figure(
        f"Ratings by {title}", picture, Table((title, "people", "ratings", "mean stars"), tuple(rows))
    )


def _age_groups(ages: "pd.Series[int]") -> "pd.Series[str]":
    """`under 18`, `18-24`, `25-34`, …; missing stays missing."""
    edges = (0, 18, 25, 35, 45, 55, 200)
    names = (" under 18", "18-24", "25-34", "35-44", "45-54", "55 and more")
    return pd.cut(ages.astype("float64"), edges, right=False, labels=list(names)).astype("object")


def _missing(column: "pd.Series[object]") -> int:
    empty = column.map(lambda value: isinstance(value, list) and not value)
    return int((column.isna() | empty).sum())


def _holds(column: "pd.Series[object]") -> tuple[str, str, str]:
    """(range or examples, missing, different values) of a column."""
    missing, present = _missing(column), column.dropna()
    if isinstance(present.head(1).tolist()[0] if len(present) else None, list):
        present = present.explode().dropna()
    if len(present) and pd.api.types.is_numeric_dtype(present):
        values = f"{present.min():g} to {present.max():g}" if column.name != TIME else (
            f"{_day(present.min())} to {_day(present.max())}")  # fmt: skip
    else:
        values = ", ".join(str(value)[:24] for value in present.drop_duplicates().head(3))
    return values, f"{missing:,}", f"{present.nunique():,}"


def _fence(counts: "pd.Series[int]") -> float:
    low, high = counts.quantile([0.25, 0.75])
    return float(high + 1.5 * (high - low))


def _far(means: "pd.Series[float]") -> int:
    return int(((means - means.mean()).abs() > 3 * means.std()).sum())


def _day(moment: float) -> str:
    return str(np.datetime64(int(moment), "s").astype("datetime64[D]"))


def _two(value: object) -> str:
    return "" if value is None or pd.isna(value) else f"{float(value):.2f}"  # type: ignore[call-overload,arg-type]


def _number(value: object) -> str:
    return "" if pd.isna(value) else f"{value}"  # type: ignore[call-overload]


def all_sections(frames: Frames, quality: Quality) -> Iterable[Section]:
    """In the order of the report."""
    for section in (stars, activity, long_tail, sparsity, growth, genres, people, missing, duplicates, outliers,
                    correlations):  # fmt: skip
        yield section(frames)
    yield quality_checks(quality)
    yield dictionary(frames)
