"""What an evaluation judges by: a folder's files, or a snapshot of the platform."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine

from marquee.data.prepare import ITEMS, TEST, TRAIN, USERS, read_items, read_prepared, read_users
from marquee.data.progress import unheard
from marquee.data.rejects import RejectLog
from marquee.data.sources import locate
from marquee.data.tables import ANY_ITEM, read_tables
from marquee.domain.columns import AGE, GENDER, GENRES, ITEM, OCCUPATION, TIME, TITLE, USER, YEAR
from marquee.domain.errors import DataError
from marquee.evaluation.contest import Data
from marquee.settings import RatingScale
from marquee.settings.serving import Feedback
from marquee.training.identity import digest
from marquee.training.snapshot import take_snapshot


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Data, what they are called, the hash of their rows, and where they are from.

    Attributes:
        left_out: rows of the files that could not be taken.
    """

    data: Data
    name: str
    digest: str
    path: str
    left_out: int = 0

    @property
    def span(self) -> tuple[str, str]:
        """The days of the first and the last rating."""
        times = self.data.ratings[TIME]
        first, last = (datetime.fromtimestamp(int(edge), UTC) for edge in (times.min(), times.max()))
        return f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"


def of_platform(engine: Engine, home: Path, name: str, feedback: Feedback) -> Source:
    """A snapshot of what the platform holds now; raises DataError when that is nothing."""
    snapshot = take_snapshot(engine, home, feedback)
    tables = snapshot.tables
    return Source(Data(tables.ratings, tables.items, tables.users), name, snapshot.hash, str(snapshot.path))


def of_folder(folder: Path, scale: RatingScale) -> Source:
    """A folder that `marquee data prepare` wrote, or a raw data set such as data/raw/ml-100k.

    Raises:
        DataError: it is neither; or its ratings have no times.
    """
    data, left_out = (_prepared(folder, scale), 0) if (folder / TRAIN).exists() else _raw(folder, scale)
    tables = {"ratings": data.ratings, "items": data.items, "users": data.users}
    return Source(data, folder.resolve().name, digest(tables), str(folder), left_out)


def _prepared(folder: Path, scale: RatingScale) -> Data:
    ratings = pd.concat([read_prepared(folder / name, scale) for name in (TRAIN, TEST)], ignore_index=True)
    return _sorted(ratings, read_items(folder / ITEMS), read_users(folder / USERS))


def _raw(folder: Path, scale: RatingScale) -> tuple[Data, int]:
    """The data, and how many rows of the files could not be taken."""
    with RejectLog() as rejects:
        tables = read_tables(locate(folder), scale, datetime.now(UTC), rejects, unheard, ANY_ITEM)
    if tables.ratings is None or not len(tables.ratings):
        raise DataError(f"{folder} holds no good ratings.", hint=f"`marquee data load {folder}` says why.")
    if not tables.ratings.timed:
        raise DataError(f"The ratings of {folder} have no times.", hint="Every protocol goes by time.")
    ratings = tables.ratings.frame()
    described = tables.items.by_id if tables.items else {}
    known = [
        {ITEM: item.item_id, TITLE: item.title, YEAR: item.year, GENRES: list(item.genres)}
        for item in described.values()
    ]
    unknown = [
        {ITEM: item_id, TITLE: item_id, YEAR: None, GENRES: []}
        for item_id in ratings[ITEM].unique()
        if item_id not in described
    ]
    items = pd.DataFrame(known + unknown, columns=[ITEM, TITLE, YEAR, GENRES]).astype({YEAR: "Int64"})
    people = tables.users.by_id.values() if tables.users else ()
    rows = [
        {USER: one.user_id, AGE: one.age, GENDER: one.gender, OCCUPATION: one.occupation} for one in people
    ]
    users = pd.DataFrame(rows, columns=[USER, AGE, GENDER, OCCUPATION]).astype({AGE: "Int64"})
    return _sorted(ratings, items, users), len(rejects)


def _sorted(ratings: pd.DataFrame, items: pd.DataFrame, users: pd.DataFrame) -> Data:
    """By ids, so that the digest is of the rows and not of their order."""
    return Data(
        ratings.sort_values([USER, ITEM], ignore_index=True),
        items.sort_values(ITEM, ignore_index=True),
        users.sort_values(USER, ignore_index=True),
    )
