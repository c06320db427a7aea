"""What must hold of ratings, items and users before a model may learn from them, declared with pandera.

An *error* means that the data is broken: nothing is trained. A *warning* means that it is odd, and a model of
it may be too: it is written down, and the training goes on.

Importing pandera takes most of a second: only what trains or reports imports this module.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from marquee.domain.columns import AGE, GENRES, ITEM, RATING, TIME, TITLE, USER, YEAR
from marquee.domain.errors import DataError
from marquee.settings import RatingScale

Severity: TypeAlias = Literal["error", "warning"]

FUTURE_ALLOWED = timedelta(days=1)  # clocks differ
LONGEST_ID, LONGEST_TITLE = 255, 500
FIRST_YEAR = 1870  # of anything on film; a book before it is a warning, no more
YEARS_AHEAD = 5
EXAMPLES = 3

# Shares from which on data is odd.
ONE_VALUE = 0.9  # of the ratings have the same stars
ONE_DAY = 0.5  # of the ratings were made on the same day
ONE_PERSON = 0.1  # of the ratings are one person's
SAME_SECOND = 0.5  # of the ratings share their second with another of the same person
UNRATED = 0.5  # of the items have no rating
WITHOUT_GENRE = 0.2  # of the items have none
FEW_RATINGS, FEW_SHARE = 5, 0.5  # more than half of the people have fewer than five
ENOUGH = 50  # rows below which a share says nothing


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check, and how it went.

    Attributes:
        table: ratings, items or users.
        column: of the table; empty for a check of whole rows or of the whole table.
        rows: how many fail it; 0 means that it holds. A check of the whole table has 1.
        examples: the first failures, each `row N: value`, rows counted from 0.
    """

    name: str
    table: str
    column: str
    severity: Severity
    meaning: str
    rows: int
    examples: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.rows == 0

    def __str__(self) -> str:
        place = f"{self.table}.{self.column}" if self.column else self.table
        count = f"{self.rows:,} rows" if self.rows > 1 else "1 row"
        what = f": {count}, {'; '.join(self.examples)}" if self.examples else ""
        return f"{self.name} ({place}): {self.meaning}{what}"


@dataclass(frozen=True, slots=True)
class Quality:
    """All checks of a data set, in the order they are declared."""

    checks: tuple[CheckResult, ...]

    @property
    def errors(self) -> list[CheckResult]:
        return self._failed("error")

    @property
    def warnings(self) -> list[CheckResult]:
        return self._failed("warning")

    def _failed(self, severity: Severity) -> list[CheckResult]:
        return [check for check in self.checks if check.severity == severity and not check.passed]

    def require(self) -> None:
        """Raise DataError naming the first check that failed, its column and row, unless none did."""
        if not self.errors:
            return
        first, more = self.errors[0], len(self.errors) - 1
        others = f" {more} more checks fail." if more else ""
        raise DataError(
            f"The data is broken: {first}.{others}",
            hint="`marquee data report` shows all checks; mend the rows, and load them again.",
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "passed": not self.errors,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "checks": [{**asdict(check), "passed": check.passed} for check in self.checks],
        }


def check_quality(
    ratings: pd.DataFrame, items: pd.DataFrame, users: pd.DataFrame, scale: RatingScale, now: datetime
) -> Quality:
    """Run every check on the tables as `store.*.load_frame` gives them; raises for none of them."""
    known_items, known_users = frozenset(items[ITEM]), frozenset(users[USER])
    declared = (
        ("ratings", ratings, rating_schema(scale, now, known_items, known_users), "error"),
        ("items", items, item_schema(), "error"),
        ("users", users, user_schema(), "error"),
        ("ratings", ratings, odd_ratings(), "warning"),
        ("items", items, odd_items(now, frozenset(ratings[ITEM])), "warning"),
        ("users", users, odd_users(), "warning"),
    )
    results: list[CheckResult] = []
    for table, frame, schema, severity in declared:
        results += _results(table, frame, schema, severity)  # type: ignore[arg-type]
    return Quality(tuple(results))


def rating_schema(
    scale: RatingScale, now: datetime, items: frozenset[str], users: frozenset[str]
) -> pa.DataFrameSchema:
    """Ratings: on the scale, from 1970 to tomorrow, one a pair, of items and people that are known."""
    latest = int((now + FUTURE_ALLOWED).timestamp())
    on_scale = f"stars run from {scale.min:g} to {scale.max:g} in steps of {scale.step:g}"
    return _schema(
        {
            USER: [
                _present(),
                _id_length(),
                _check("user_known", "every person is among the users", lambda ids: ids.isin(users)),
            ],
            ITEM: [
                _present(),
                _id_length(),
                _check("item_known", "every item is in the catalogue", lambda ids: ids.isin(items)),
            ],
            RATING: [
                _check("rating_finite", "stars are numbers", lambda stars: np.isfinite(stars.astype(float))),
                _check("rating_on_scale", on_scale, lambda stars: _on_scale(stars, scale)),
            ],
            TIME: [
                _check("timestamp_after_1970", "no rating is older than 1970", lambda times: times >= 0),
                _check(
                    "timestamp_not_in_future",
                    "no rating is newer than tomorrow",
                    lambda times: times <= latest,
                ),
            ],
        },
        [
            _whole_rows(
                "one_rating_a_pair",
                "a person has one rating of an item",
                lambda frame: ~frame.duplicated([USER, ITEM], keep=False),
            )
        ],
    )


def item_schema() -> pa.DataFrameSchema:
    """Items: an id of its own and a title each."""
    return _schema(
        {
            ITEM: [_present(), _id_length(), _unique("item_unique")],
            TITLE: [
                _present(),
                _check(
                    "title_length",
                    f"a title has 1 to {LONGEST_TITLE} characters",
                    lambda titles: titles.str.len().between(1, LONGEST_TITLE),
                ),
            ],
            GENRES: [
                _check(
                    "genres_are_lists",
                    "genres are a list of names",
                    lambda genres: genres.map(lambda names: isinstance(names, (list, tuple))),
                )
            ],
        }
    )


def user_schema() -> pa.DataFrameSchema:
    """People: an id of their own each."""
    return _schema({USER: [_present(), _id_length(), _unique("user_unique")]})


def odd_ratings() -> pa.DataFrameSchema:
    """Ratings that may be right, but that a model will learn little from."""
    return _schema(
        {
            RATING: [
                _share(
                    "stars_vary",
                    f"no star value has more than {ONE_VALUE:.0%} of the ratings",
                    lambda stars: stars.value_counts(normalize=True).max() <= ONE_VALUE,
                )
            ],
            TIME: [
                _share(
                    "times_vary",
                    f"no day has more than {ONE_DAY:.0%} of the ratings",
                    lambda times: (times // 86_400).value_counts(normalize=True).max() <= ONE_DAY,
                )
            ],
            USER: [
                _share(
                    "people_share", f"nobody has more than {ONE_PERSON:.0%} of the ratings", _nobody_dominates
                ),
                _share(
                    "people_are_active",
                    f"at most {FEW_SHARE:.0%} of the people have fewer than {FEW_RATINGS} ratings",
                    _most_are_active,
                ),
            ],
        },
        [
            _share(
                "moments_differ",
                f"at most {SAME_SECOND:.0%} of the ratings have another of their person in the same second",
                lambda frame: frame.duplicated([USER, TIME], keep=False).mean() <= SAME_SECOND,
            )
        ],
    )


def odd_items(now: datetime, rated: frozenset[str]) -> pa.DataFrameSchema:
    """Items that may be right, but that are hard to recommend."""
    latest = now.year + YEARS_AHEAD
    return _schema(
        {
            ITEM: [
                _share(
                    "items_are_rated",
                    f"at most {UNRATED:.0%} of the items have no rating",
                    lambda ids: (~ids.isin(rated)).mean() <= UNRATED,
                )
            ],
            YEAR: [
                _check(
                    "year_plausible",
                    f"years lie between {FIRST_YEAR} and {latest}",
                    lambda years: years.isna() | years.between(FIRST_YEAR, latest),
                )
            ],
            GENRES: [
                _share(
                    "genres_known",
                    f"at most {WITHOUT_GENRE:.0%} of the items have no genre",
                    lambda genres: (genres.map(len) == 0).mean() <= WITHOUT_GENRE,
                )
            ],
        },
        [
            _whole_rows(
                "title_unique",
                "no two items have the same title and year",
                lambda frame: ~frame.duplicated([TITLE, YEAR], keep=False),
            )
        ],
    )


def odd_users() -> pa.DataFrameSchema:
    """People described in a way that may be a mistake."""
    return _schema(
        {
            AGE: [
                _check(
                    "age_plausible",
                    "ages lie between 1 and 120",
                    lambda ages: ages.isna() | ages.between(1, 120),
                )
            ]
        }
    )


def _schema(columns: Mapping[str, list[pa.Check]], rows: Iterable[pa.Check] = ()) -> pa.DataFrameSchema:
    fields = {name: pa.Column(checks=checks, nullable=True) for name, checks in columns.items()}
    return pa.DataFrameSchema(fields, checks=list(rows))


def _check(name: str, meaning: str, holds: Callable[[Any], Any]) -> pa.Check:
    """A check of each value of a column."""
    return pa.Check(holds, name=name, error=meaning, ignore_na=False)


def _whole_rows(name: str, meaning: str, holds: Callable[[Any], Any]) -> pa.Check:
    """A check of each row."""
    return pa.Check(holds, name=name, error=meaning, ignore_na=False)


def _share(name: str, meaning: str, holds: Callable[[Any], Any]) -> pa.Check:
    """A check of a whole column or table, of `ENOUGH` rows or more."""
    return pa.Check(
        lambda values: bool(len(values) < ENOUGH or holds(values)), name=name, error=meaning, ignore_na=False
    )


def _present() -> pa.Check:
    return _check("present", "no value is missing", lambda values: values.notna())


def _id_length() -> pa.Check:
    return _check(
        "id_length",
        f"an id has 1 to {LONGEST_ID} characters",
        lambda ids: ids.isna() | ids.str.len().between(1, LONGEST_ID),
    )


def _unique(name: str, meaning: str = "no id is there twice") -> pa.Check:
    return _check(name, meaning, lambda values: ~values.duplicated(keep=False))


def _on_scale(stars: "pd.Series[float]", scale: RatingScale) -> "pd.Series[bool]":
    distinct = {value: scale.accepts(value) for value in stars.dropna().unique()}
    return stars.isna() | stars.map(distinct).fillna(value=False).astype(bool)


def _nobody_dominates(ids: "pd.Series[str]") -> bool:
    return bool(ids.nunique() < ENOUGH or ids.value_counts(normalize=True).max() <= ONE_PERSON)


def _most_are_active(ids: "pd.Series[str]") -> bool:
    return bool((ids.value_counts() < FEW_RATINGS).mean() <= FEW_SHARE)


def _results(
    table: str, frame: pd.DataFrame, schema: pa.DataFrameSchema, severity: Severity
) -> Iterator[CheckResult]:
    failures = _failures(frame, schema)
    for column, check in _declared(schema):
        name, meaning = str(check.name), str(check.error)
        if column and column not in frame.columns:
            yield CheckResult(name, table, column, severity, "the column is missing", rows=1)
            continue
        of_column = (
            failures["column"] == column if column else failures["schema_context"] == "DataFrameSchema"
        )
        found = failures[of_column & (failures["check"] == meaning)]
        rows = found["index"].nunique() or len(found.head(1))  # a check of the whole has no index
        yield CheckResult(name, table, column, severity, meaning, rows, _examples(found, frame, column))


def _declared(schema: pa.DataFrameSchema) -> Iterator[tuple[str, pa.Check]]:
    for name, column in schema.columns.items():
        for check in column.checks:
            yield name, check
    for check in schema.checks:
        yield "", check


def _failures(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """pandera's table of failures; a check of whole rows stands there once for each column."""
    try:
        schema.validate(frame.reset_index(drop=True), lazy=True)
    except SchemaErrors as error:
        return pd.DataFrame(error.failure_cases)
    return pd.DataFrame(columns=["schema_context", "column", "check", "index"])


def _examples(found: pd.DataFrame, frame: pd.DataFrame, column: str) -> tuple[str, ...]:
    """The first failures by row; none for a check of the whole table."""
    rows = sorted({int(row) for row in found["index"].dropna()})[:EXAMPLES]
    names = [name for name in (USER, ITEM, column) if name in frame.columns]
    return tuple(f"row {row} ({_cells(frame, row, names)})" for row in rows)


def _cells(frame: pd.DataFrame, row: int, names: Iterable[str]) -> str:
    return ", ".join(f"{name} {frame[name].iloc[row]}" for name in dict.fromkeys(names))
