"""Snapshots: the ratings, items and users a model is trained on, kept as Parquet in a DVC store.

    <home>/snapshots/<hash>/{ratings,items,users}.parquet   readable copies (links into DVC's cache)
    <home>/snapshots/<hash>.dvc                             what DVC tracks
    <home>/snapshots/store/                                 DVC's default remote

The name is the hash of the rows, so the same data are kept once, however often a model is trained on them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine

from marquee.domain.clock import Clock, system_clock
from marquee.domain.columns import GENRES, TIME
from marquee.domain.errors import DataError, NotFound, Unavailable
from marquee.settings.serving import Feedback
from marquee.store import items, ratings, snapshots, users
from marquee.store.standing import ONLY_RATINGS
from marquee.training.dvc_store import DvcStore
from marquee.training.identity import digest


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The data themselves, each sorted by its ids; see `store.*.load_frame` for the columns."""

    ratings: pd.DataFrame
    items: pd.DataFrame
    users: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Data that will not change.

    Attributes:
        hash: SHA-256 of the sorted rows of all tables.
        path: the folder of the Parquet files.
        taken_at: when they were read; ratings received later are new.
    """

    hash: str
    path: Path
    taken_at: datetime
    tables: Tables

    @property
    def first_rated_at(self) -> datetime:
        return datetime.fromtimestamp(int(self.tables.ratings[TIME].min()), UTC)

    @property
    def trained_through(self) -> datetime:
        """The last moment that a model trained on this has seen."""
        return datetime.fromtimestamp(int(self.tables.ratings[TIME].max()), UTC)


def take_snapshot(
    engine: Engine, home: Path, feedback: Feedback = ONLY_RATINGS, *, clock: Clock = system_clock
) -> Snapshot:
    """Read everything in one transaction, keep it, and record it in Postgres.

    Args:
        feedback: by which events stand for ratings.

    Raises:
        DataError: there are no ratings, nor events that stand for some.
        Unavailable: the snapshot cannot be kept (a full disk).
    """
    taken_at = clock()
    tables = read_platform(engine, feedback)
    if tables.ratings.empty:
        raise DataError("There are no ratings to train on.", hint=_HOW_TO_HAVE_SOME)
    name = hash_of_rows(tables)
    store = DvcStore(home / "snapshots")
    path = store.keep(name, _writer(tables))
    snapshot = Snapshot(name, path, taken_at, tables)
    _record(engine, snapshot)
    return snapshot


_HOW_TO_HAVE_SOME = (
    "Load some with `marquee data load`, or say in serving.yaml which kinds of events stand for stars."
)


def restore_snapshot(engine: Engine, home: Path, name: str) -> Snapshot:
    """The snapshot of that hash, as it was taken; its rows are hashed again.

    Raises:
        NotFound: there is none, or its files are not in this state folder.
        DataError: its rows are not those that the hash names.
        Unavailable: the store cannot be read.
    """
    with engine.connect() as connection:
        record = snapshots.get(connection, name)
    if record is None:
        raise NotFound(f"The platform has taken no snapshot {name}.")
    path = DvcStore(home / "snapshots").bring_back(name)
    tables = read_tables(path)
    found = hash_of_rows(tables)
    if found != name:
        raise DataError(
            f"The rows of the snapshot {name} have the hash {found}: its files were changed.",
            hint=f"Delete {path}; the store beside it keeps the sound ones.",
        )
    return Snapshot(name, path, record.taken_at, tables)


def hash_of_rows(tables: Tables) -> str:
    """The name of a snapshot of these tables."""
    return digest({"ratings": tables.ratings, "items": tables.items, "users": tables.users})


def read_tables(path: Path) -> Tables:
    """The tables of a snapshot's folder; raises DataError when a file is missing or damaged."""
    try:
        stars, catalogue, people = (
            pd.read_parquet(path / f"{name}.parquet") for name in ("ratings", "items", "users")
        )
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise DataError(f"The snapshot {path} cannot be read: {error}") from error
    catalogue = catalogue.assign(genres=catalogue[GENRES].map(list))  # Parquet gives arrays
    return Tables(stars, _with_attributes(catalogue), _with_attributes(people))


def read_platform(engine: Engine, feedback: Feedback = ONLY_RATINGS) -> Tables:
    """Everything that the platform holds, in one transaction; ratings as they stand, by `feedback`."""
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
    ):
        return Tables(
            ratings.load_frame(connection, feedback),
            items.load_frame(connection),
            users.load_frame(connection),
        )


def _writer(tables: Tables) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        try:
            tables.ratings.to_parquet(folder / "ratings.parquet", index=False)
            _as_text(tables.items).to_parquet(folder / "items.parquet", index=False)
            _as_text(tables.users).to_parquet(folder / "users.parquet", index=False)
        except OSError as error:
            raise Unavailable(
                f"The snapshot cannot be written to {folder}: {error.strerror or error}.",
                hint="Make room on the disk.",
            ) from error

    return write


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Attributes as JSON: Parquet has no place for mappings with keys of their own in each row."""
    return frame.assign(attributes=[json.dumps(value, sort_keys=True) for value in frame["attributes"]])


def _with_attributes(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(attributes=[json.loads(value) for value in frame["attributes"]])


def _record(engine: Engine, snapshot: Snapshot) -> None:
    with engine.begin() as connection:
        snapshots.record(
            connection,
            hash=snapshot.hash,
            ratings=len(snapshot.tables.ratings),
            users=len(snapshot.tables.users),
            items=len(snapshot.tables.items),
            first_rated_at=snapshot.first_rated_at,
            trained_through=snapshot.trained_through,
            taken_at=snapshot.taken_at,
        )
