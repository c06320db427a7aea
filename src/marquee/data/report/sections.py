"""What a report looks at, a function a section; those about the ratings alone are in `ratings`."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from marquee.data.quality import Quality
from marquee.data.report import pictures
from marquee.data.report.facts import DAY, day, missing_values, rating_facts, two_places
from marquee.data.report.frames import Frames
from marquee.data.report.model import Figure, Section, Table
from marquee.data.report.ratings import activity, buckets, growth, long_tail, sparsity, stars
from marquee.domain.columns import AGE, GENDER, GENRES, ITEM, OCCUPATION, RATING, TIME, TITLE, USER, YEAR

MOST_ROWS = 12
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
        (str(name), f"{row['items']:,.0f}", f"{row['ratings']:,.0f}", two_places(row["mean"]))
        for name, row in table.iterrows()
    ]
    shown = [row[2] for row in rows]
    picture = pictures.bars([row[0] for row in rows], table["ratings"].tolist(), "Ratings by genre.", shown)
    without = int((frames.items[GENRES].map(len) == 0).sum())
    return Section(
        "genres",
        "Genres and years",
        f"{exploded[GENRES].nunique()} genres, {len(exploded) / max(len(frames.items), 1):.1f} an item; "
        f"{without:,} items have none. An item with several counts in each.",
        (
            Figure(
                "Ratings by genre", picture, Table(("genre", "items", "ratings", "mean stars"), tuple(rows))
            ),
            *_decades(frames),
        ),
    )


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
        (f"{name}.{column}", missing_values(frame[column]), len(frame))
        for name, frame in (("ratings", frames.ratings), ("items", frames.items), ("users", frames.users))
        for column in frame.columns
        if column != "attributes"
    ]
    rows = tuple((name, f"{count:,}", f"{count / max(size, 1):.1%}") for name, count, size in counts)
    picture = pictures.bars(
        [name for name, *_ in counts],
        [count / max(size, 1) for _, count, size in counts],
        "Share of missing values by column.",
        [row[2] for row in rows],
    )
    rejected = tuple((reason, f"{count:,}") for reason, count in frames.rejected.items())
    tables = (Table(("rows that could not be read", "rows"), rejected),) if rejected else ()
    return Section(
        "missing",
        "Missing values",
        "An empty list of genres counts as missing.",
        (Figure("Share of missing values", picture, Table(("column", "missing", "share"), rows)),),
        tables,
    )


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
    found = tuple(
        (f"{title}", _number(year), f"{count}")
        for (title, year), count in zip(shown.index.tolist(), shown.tolist(), strict=True)
    )
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
    rated_items = by_item[by_item["count"] >= 20]
    same = int((active["std"] == 0).sum())
    rows = (
        (
            f"people with more than {high:,.0f} ratings (the third quartile and 1.5 quartile ranges)",
            f"{int((by_person['count'] > high).sum()):,} of {len(by_person):,}",
        ),
        ("people of 20 ratings or more who give all the same stars", f"{same:,} of {len(active):,}"),
        (
            "people of 20 ratings or more whose mean is 3 standard deviations off",
            f"{_far(active['mean']):,} of {len(active):,}",
        ),
        (
            "items of 20 ratings or more whose mean is 3 standard deviations off",
            f"{_far(rated_items['mean']):,} of {len(rated_items):,}",
        ),
        (
            f"days on which one person made 200 ratings or more (at most {int(bursts.max()):,})",
            f"{int((bursts >= 200).sum()):,} of {len(bursts):,}",
        ),
    )
    counts = by_person["count"].to_numpy()
    names, sizes = buckets(bursts.to_numpy())
    picture = pictures.columns(names, sizes, "Days of a person by the ratings made on them.")
    return Section(
        "outliers",
        "Outliers",
        f"The most active person has {counts.max() / np.median(counts):.0f} times the median's ratings.",
        (Figure("A person's days by the ratings made on them", picture, Table(("what", "how many"), rows)),),
    )


def correlations(frames: Frames) -> Section:
    """What goes with what: Spearman's rank correlation between facts of each rating."""
    facts = rating_facts(frames)
    matrix = facts.corr(method="spearman")
    names = list(matrix.columns)
    shown = [[two_places(value) for value in row] for row in matrix.to_numpy()]
    values = matrix.fillna(0.0).to_numpy().tolist()
    summary = "Rank correlations between facts of a rating; the second colour is negative."
    picture = pictures.heat_map(names, names, values, summary, shown=shown, signed=True)
    rows = tuple((name, *row) for name, row in zip(names, shown, strict=True))
    return Section(
        "correlations",
        "Correlations",
        f"Spearman's rank correlation over {len(facts):,} ratings: 1 is the same order, -1 the opposite.",
        (
            Figure(
                "Between facts of a rating, columns in the order of the rows",
                picture,
                Table(("", *names), rows),
            ),
        ),
    )


def quality_checks(quality: Quality) -> Section:
    """The checks that run before every training."""
    order = {"error": 0, "warning": 1}
    checks = sorted(quality.checks, key=lambda check: (check.passed, order[check.severity]))
    rows = tuple(
        (
            check.name,
            f"{check.table}.{check.column}".rstrip("."),
            check.meaning,
            "holds"
            if check.passed
            else f"{check.severity}: {check.rows:,} rows"
            if check.examples
            else check.severity,
        )
        for check in checks
    )
    failed = sum(not check.passed for check in checks)
    lead = f"{len(checks) - failed} of {len(checks)} checks hold. An error stops every training."
    return Section(
        "quality",
        "Quality checks",
        lead,
        (),
        (Table(("check", "column", "what must hold", "result"), rows, numeric_from=4),),
    )


def dictionary(frames: Frames) -> Section:
    """Every column: what it means, and what it holds."""
    tables = {"ratings": frames.ratings, "items": frames.items, "users": frames.users}
    rows = tuple(
        (f"{table}.{column}", kind, meaning, *_holds(tables[table][column]))
        for table, column, kind, meaning in DICTIONARY
    )
    header = ("column", "type", "meaning", "values", "missing", "different")
    return Section(
        "dictionary",
        "Data dictionary",
        "Columns as the library and the database name them.",
        (),
        (Table(header, rows, numeric_from=4),),
    )


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
        (str(name), f"{sizes.get(name, 0):,}", f"{row['count']:,.0f}", two_places(row["mean"]))
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


def _holds(column: "pd.Series[Any]") -> tuple[str, str, str]:
    """(range or examples, missing, different values) of a column."""
    missing, present = missing_values(column), column.dropna()
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
    return values, f"{missing:,}", f"{present.nunique():,}"


def _fence(counts: "pd.Series[int]") -> float:
    low, high = counts.quantile([0.25, 0.75])
    return float(high + 1.5 * (high - low))


def _far(means: "pd.Series[float]") -> int:
    return int(((means - means.mean()).abs() > 3 * means.std()).sum())


def _number(value: object) -> str:
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
