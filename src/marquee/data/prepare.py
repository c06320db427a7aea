"""A raw data set cut by time into what a model learns from and what it is judged by."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from marquee.data.progress import OnProgress, unheard
from marquee.data.rejects import RejectLog
from marquee.data.sources import locate
from marquee.data.tables import ANY_ITEM, Catalogue, read_tables
from marquee.data.tidy import items_csv, users_csv, write_file
from marquee.domain import columns as col
from marquee.domain.errors import DataError
from marquee.domain.records import Item
from marquee.evaluation.splits import temporal_split
from marquee.settings import RatingScale

TRAIN, TEST, ITEMS, USERS = "train.csv", "test.csv", "items.csv", "users.csv"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The folder of the files, their numbers of rows, and how many rows of the raw data were not taken."""

    folder: Path
    train_rows: int
    test_rows: int
    rejected: int


def prepare(
    raw: Path, processed: Path, *, test_share: float, scale: RatingScale, on_progress: OnProgress = unheard
) -> Prepared:
    """Split the ratings of `raw` into `processed/train.csv` and `processed/test.csv`.

    Beside them, `items.csv` has the catalogue: items that nobody rated are there to be recommended too; and
    `users.csv` what is known of people.
    Ratings of items that the data set's own catalogue lacks are left out; where it has no catalogue,
    none are. The same files give the same bytes.

    Args:
        test_share: how many of the ratings, the newest, are for the test; above 0, below 1.

    Raises:
        DataError: no ratings, or none with times; too few to split.
    """
    data = locate(raw)
    catalogue = Catalogue() if data.items else ANY_ITEM
    with RejectLog() as rejects:
        tables = read_tables(data, scale, datetime.now(UTC), rejects, on_progress, catalogue)
    if tables.ratings is None or not len(tables.ratings):
        raise DataError(f"{raw} holds no good ratings.", hint=f"Try `marquee data load {raw}` to see why.")
    if not tables.ratings.timed:
        raise DataError(f"The ratings of {raw} have no times, so that they cannot be split by time.")
    frame = tables.ratings.frame()
    split = temporal_split(frame, test_share)
    items = tables.items.by_id.values() if tables.items else _undescribed(frame)
    users = tables.users.by_id.values() if tables.users else ()
    files = {
        TRAIN: _csv(split.train),
        TEST: _csv(split.test),
        ITEMS: items_csv(items),
        USERS: users_csv(users),
    }
    for name, content in files.items():
        write_file(processed / name, content)
    return Prepared(processed, len(split.train), len(split.test), len(rejects))


def read_prepared(path: Path, scale: RatingScale) -> pd.DataFrame:
    """A file that `prepare` wrote, as a frame of `RATING_COLUMNS`.

    Raises:
        DataError: it is missing, or is not what `prepare` writes.
    """
    with RejectLog() as rejects:
        tables = read_tables(locate(path), scale, datetime.now(UTC), rejects, unheard)
    if len(rejects) or tables.ratings is None or not len(tables.ratings):
        raise DataError(f"{path} was not made by `marquee data prepare`.", hint="Make it again.")
    return tables.ratings.frame()


def read_items(path: Path) -> pd.DataFrame:
    """The catalogue that `prepare` wrote: item_id, title, year (Int64), genres (lists), sorted by id."""
    items = pd.read_csv(path, dtype="str", keep_default_na=False)
    genres = [[genre for genre in text.split("|") if genre] for text in items[col.GENRES]]
    years = pd.to_numeric(items[col.YEAR], errors="coerce").astype("Int64")
    named = items[[col.ITEM, col.TITLE]].assign(year=years, genres=pd.Series(genres, dtype=object))
    return named.sort_values(col.ITEM, ignore_index=True)


def read_users(path: Path) -> pd.DataFrame:
    """The people that `prepare` wrote: user_id, age (Int64), gender, occupation; None where unknown."""
    users = pd.read_csv(path, dtype="str", keep_default_na=False)
    ages = pd.to_numeric(users[col.AGE], errors="coerce").astype("Int64")
    texts = {name: users[name].where(users[name] != "", None) for name in (col.GENDER, col.OCCUPATION)}
    return users.assign(age=ages, **texts).sort_values(col.USER, ignore_index=True)


def _undescribed(frame: pd.DataFrame) -> list[Item]:
    """Items of which no more is known than their ids."""
    return [Item(item_id, title=item_id) for item_id in frame[col.ITEM].unique()]


def _csv(frame: pd.DataFrame) -> bytes:
    text = io.StringIO()
    frame.loc[:, list(col.RATING_COLUMNS)].to_csv(text, index=False, lineterminator="\n", float_format="%g")
    return text.getvalue().encode()
