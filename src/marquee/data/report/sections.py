"""What a report looks at, a function a section; those about the ratings alone are in `ratings`."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from marquee.data.quality import CheckResult, Quality
from marquee.data.report.facts import DAY, count, day, missing_values, rating_facts, share, two_places
from marquee.data.report.frames import Frames
from marquee.data.report.ratings import (
    activity,
    buckets,
    columns_plot,
    growth,
    long_tail,
    sparsity,
    stars,
)
from marquee.domain.columns import AGE, GENDER, GENRES, ITEM, OCCUPATION, RATING, TIME, TITLE, USER, YEAR
from marquee.reporting.model import Block, Cell, Mark, Plot, Rows, Section, Series, Table

MOST_ROWS, MOST_BARS = 12, 20
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


def genres(frames: Frames) -> Section:
    """What kinds of items there are, and how they are rated."""
    exploded = frames.items[[ITEM, GENRES]].explode(GENRES).dropna()
    if exploded.empty:
        return Section("Genres and years", ("No item has a genre.", *_decades(frames)))
    rated = frames.ratings.merge(exploded, on=ITEM)
    table = pd.DataFrame(
        {
            "items": exploded[GENRES].value_counts(),
            "ratings": rated[GENRES].value_counts(),
            "mean": rated.groupby(GENRES)[RATING].mean(),
        }
    ).fillna({"ratings": 0})
    table = table.sort_values("ratings", ascending=False).head(MOST_BARS)
    rows: Rows = tuple(
        (str(name), count(row["items"]), count(row["ratings"]), two_places(row["mean"]))
        for name, row in table.iterrows()
    )
    plot = _bars(
        "genres",
        "Ratings by genre",
        [str(name) for name in table.index],
        table["ratings"].tolist(),
        Table("By genre", ("genre", "items", "ratings", "mean stars"), rows),
    )
    without = int((frames.items[GENRES].map(len) == 0).sum())
    lead = (
        f"{exploded[GENRES].nunique()} genres, {len(exploded) / max(len(frames.items), 1):.1f} an item; "
        f"{without:,} items have none. An item with several counts in each."
    )
    return Section("Genres and years", (lead, plot, *_decades(frames)))


def people(frames: Frames) -> Section:
    """Who rates."""
    described = [
        (column, title)
        for column, title in ((GENDER, "gender"), (OCCUPATION, "occupation"))
        if frames.users[column].notna().any()
    ]
    plots = [_by_group(frames, frames.users[column], title) for column, title in described]
    if frames.users[AGE].notna().any():
        plots.insert(0, _by_group(frames, _age_groups(frames.users[AGE]), "age"))
    lead = "People by what is known of them: groups to compare a model's quality between."
    return Section("People", (lead if plots else "Nothing is known of the people.", *plots))


def missing(frames: Frames) -> Section:
    """What is not there."""
    counts = [
        (f"{name}.{column}", missing_values(frame[column]), len(frame))
        for name, frame in (("ratings", frames.ratings), ("items", frames.items), ("users", frames.users))
        for column in frame.columns
        if column != "attributes"
    ]
    rows: Rows = tuple((name, count(n), share(n / max(size, 1))) for name, n, size in counts)
    plot = Plot(
        "missing",
        "Share of missing values",
        "Share of missing values by column.",
        "bars",
        "% of the rows",
        "",
        (
            Series(
                "missing",
                tuple(name for name, *_ in counts),
                tuple(100 * n / max(size, 1) for _, n, size in counts),
                text=tuple(f"{n / max(size, 1):.1%}" for _, n, size in counts),
            ),
        ),
        Table("Missing values by column", ("column", "missing", "share"), rows),
    )
    rejected: Rows = tuple((reason, count(n)) for reason, n in frames.rejected.items())
    refused = (Table("Rows that could not be read", ("reason", "rows"), rejected),) if rejected else ()
    return Section("Missing values", ("An empty list of genres counts as missing.", plot, *refused))


def duplicates(frames: Frames) -> Section:
    """What is there twice."""
    pairs = int(frames.ratings.duplicated([USER, ITEM]).sum())
    titles = frames.items[frames.items.duplicated([TITLE, YEAR], keep=False)]
    moments = int(frames.ratings.duplicated([USER, TIME], keep=False).sum())
    rows: Rows = (
        ("ratings replaced by a later one of the same pair when the files were read", count(frames.replaced)),
        ("ratings of a pair that is there more than once", count(pairs)),
        ("items whose title and year another item has", count(len(titles))),
        ("ratings that share their second with another of the same person", count(moments)),
    )
    shown = titles[[TITLE, YEAR]].value_counts(dropna=False).head(MOST_ROWS)
    found: Rows = tuple(
        (str(title), _year(year), count(n))
        for (title, year), n in zip(shown.index.tolist(), shown.tolist(), strict=True)
    )
    tables = [Table("What is there twice", ("what", "rows"), rows)]
    if found:
        tables.append(Table("Titles that several items have", ("title", "year", "items"), found))
    return Section("Duplicates", ("Of one person and one item, one rating stands.", *tables))


def outliers(frames: Frames) -> Section:
    """People, items and moments that are unlike the rest."""
    by_person = frames.ratings.groupby(USER)[RATING].agg(["count", "mean", "std"])
    active = by_person[by_person["count"] >= 20]
    by_item = frames.ratings.groupby(ITEM)[RATING].agg(["count", "mean"])
    bursts = frames.ratings.groupby([USER, frames.ratings[TIME] // DAY]).size()
    high = _fence(by_person["count"])
    rated_items = by_item[by_item["count"] >= 20]
    rows: Rows = (
        (
            f"people with more than {high:,.0f} ratings (the third quartile and 1.5 quartile ranges)",
            count(int((by_person["count"] > high).sum())),
            count(len(by_person)),
        ),
        (
            "people of 20 ratings or more who give all the same stars",
            count(int((active["std"] == 0).sum())),
            count(len(active)),
        ),
        (
            "people of 20 ratings or more whose mean is 3 standard deviations off",
            count(_far(active["mean"])),
            count(len(active)),
        ),
        (
            "items of 20 ratings or more whose mean is 3 standard deviations off",
            count(_far(rated_items["mean"])),
            count(len(rated_items)),
        ),
        (
            f"days on which one person made 200 ratings or more (at most {int(bursts.max()):,})",
            count(int((bursts >= 200).sum())),
            count(len(bursts)),
        ),
    )
    counts = by_person["count"].to_numpy()
    plot = columns_plot(
        "bursts",
        "A person's days by the ratings made on them",
        "Days of a person by the ratings made on them.",
        *buckets(bursts.to_numpy()),
        ("ratings on one day", "days of a person"),
        Table("Outliers", ("what", "how many", "of"), rows),
    )
    lead = f"The most active person has {counts.max() / np.median(counts):.0f} times the median's ratings."
    return Section("Outliers", (lead, plot))


def correlations(frames: Frames) -> Section:
    """What goes with what: Spearman's rank correlation between facts of each rating."""
    facts = rating_facts(frames)
    if facts.shape[1] < 2:
        return Section("Correlations", ("Fewer than two facts of a rating vary: nothing goes together.",))
    matrix = facts.corr(method="spearman")
    names = [str(name) for name in matrix.columns]
    values = matrix.fillna(0.0).to_numpy().tolist()
    shown = [[two_places(value) for value in row] for row in matrix.to_numpy().tolist()]
    rows: Rows = tuple((name, *row) for name, row in zip(names, shown, strict=True))
    plot = Plot(
        "correlations",
        "Between facts of a rating",
        "Rank correlations between facts of a rating; negative ones have another colour.",
        "heat",
        "",
        "",
        tuple(
            Series(name, tuple(names), tuple(row), text=tuple(cell.text for cell in cells))
            for name, row, cells in zip(names, values, shown, strict=True)
        ),
        Table("Rank correlations", ("", *names), rows),
    )
    lead = f"Spearman's rank correlation over {len(facts):,} ratings: 1 is the same order, -1 the opposite."
    return Section("Correlations", (lead, plot))


def quality_checks(quality: Quality) -> Section:
    """The checks that run before every training."""
    order = {"error": 0, "warning": 1}
    checks = sorted(quality.checks, key=lambda check: (check.passed, order[check.severity]))
    rows: Rows = tuple(
        (check.name, f"{check.table}.{check.column}".rstrip("."), check.meaning, _result(check))
        for check in checks
    )
    failed = sum(not check.passed for check in checks)
    lead = f"{len(checks) - failed} of {len(checks)} checks hold. An error stops every training."
    columns = ("check", "column", "what must hold", "result")
    return Section("Quality checks", (lead, Table("What is checked before every training", columns, rows)))


def _result(check: CheckResult) -> Mark:
    if check.passed:
        return Mark("holds", "good")
    rows = f": {check.rows:,} rows" if check.examples else ""
    return Mark(f"{check.severity}{rows}", "bad" if check.severity == "error" else "neutral")


def dictionary(frames: Frames) -> Section:
    """Every column: what it means, and what it holds."""
    tables = {"ratings": frames.ratings, "items": frames.items, "users": frames.users}
    rows: Rows = tuple(
        (f"{table}.{column}", kind, meaning, *_holds(tables[table][column]))
        for table, column, kind, meaning in DICTIONARY
    )
    header = ("column", "type", "meaning", "values", "missing", "different")
    lead = "Columns as the library and the database name them."
    return Section("Data dictionary", (lead, Table("Every column", header, rows)))


def _decades(frames: Frames) -> tuple[Block, ...]:
    years = frames.items[YEAR].dropna()
    if years.empty:
        return ()
    decades = (years // 10 * 10).astype(int).value_counts().sort_index().tail(MOST_ROWS)
    rated = frames.ratings[ITEM].map(frames.items.set_index(ITEM)[YEAR])
    ratings = (rated.dropna() // 10 * 10).astype(int).value_counts()
    rows: Rows = tuple(
        (f"{decade}s", count(n), count(ratings.get(decade, 0))) for decade, n in decades.items()
    )
    plot = columns_plot(
        "decades",
        "Items by decade",
        "Items by the decade that they came out in.",
        [f"{decade}s" for decade in decades.index],
        decades.tolist(),
        ("", "items"),
        Table("By decade", ("decade", "items", "ratings"), rows),
    )
    return (plot,)


def _bars(name: str, title: str, words: list[str], ratings: list[float], table: Table) -> Plot:
    """Lying bars of numbers of ratings."""
    texts = tuple(count(n).text for n in ratings)
    series = (Series("ratings", tuple(words), tuple(ratings), text=texts),)
    return Plot(name, title, f"{title}.", "bars", "ratings", "", series, table)


def _by_group(frames: Frames, groups: "pd.Series[str]", title: str) -> Plot:
    """Ratings by a fact of the person, the largest groups first (ages in their order)."""
    whose = frames.ratings[USER].map(pd.Series(groups.to_numpy(), index=frames.users[USER]))
    ratings = frames.ratings.groupby(whose, sort=True)[RATING].agg(["count", "mean"])
    sizes = groups.value_counts()
    ratings = ratings if title == "age" else ratings.sort_values("count", ascending=False)
    ratings = ratings.head(MOST_BARS)
    rows: Rows = tuple(
        (str(name).strip(), count(sizes.get(name, 0)), count(row["count"]), two_places(row["mean"]))
        for name, row in ratings.iterrows()
    )
    return _bars(
        title,
        f"Ratings by {title}",
        [str(name).strip() for name in ratings.index],
        ratings["count"].astype(float).tolist(),
        Table(f"By {title}", (title, "people", "ratings", "mean stars"), rows),
    )


def _age_groups(ages: "pd.Series[int]") -> "pd.Series[str]":
    """`under 18`, `18-24`, `25-34`, …; missing stays missing."""
    edges = (0, 18, 25, 35, 45, 55, 200)
    names = (" under 18", "18-24", "25-34", "35-44", "45-54", "55 and more")
    return pd.cut(ages.astype("float64"), edges, right=False, labels=list(names)).astype("object")


def _holds(column: "pd.Series[Any]") -> tuple[Cell, Cell, Cell]:
    """(range or examples, missing, different values) of a column."""
    lacking, present = missing_values(column), column.dropna()
    if isinstance(present.head(1).tolist()[0] if len(present) else None, list):
        present = present.explode().dropna()
    if len(present) and pd.api.types.is_numeric_dtype(present):
        values = (
            f"{present.min():g} to {present.max():g}"
            if column.name != TIME
            else (f"{day(present.min())} to {day(present.max())}")
        )
    else:
        values = ", ".join(str(value)[:24] for value in present.drop_duplicates().head(3))
    return values, count(lacking), count(present.nunique())


def _fence(counts: "pd.Series[int]") -> float:
    low, high = counts.quantile([0.25, 0.75])
    return float(high + 1.5 * (high - low))


def _far(means: "pd.Series[float]") -> int:
    return int(((means - means.mean()).abs() > 3 * means.std()).sum())


def _year(value: object) -> str:
    return "" if pd.isna(value) else f"{value}"  # type: ignore[call-overload]


def all_sections(frames: Frames, quality: Quality) -> Iterable[Section]:
    """In the order of the report."""
    for section in (
        stars,
        activity,
        long_tail,
        sparsity,
        growth,
        genres,
        people,
        missing,
        duplicates,
        outliers,
        correlations,
    ):
        yield section(frames)
    yield quality_checks(quality)
    yield dictionary(frames)
