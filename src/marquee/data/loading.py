"""Files into Postgres: everything is read and checked first, then loaded in one transaction."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection, Engine

from marquee.data.catalogue import Records
from marquee.data.layout import FOUND_OUT, Columns
from marquee.data.progress import OnProgress, unheard
from marquee.data.rejects import NOT_DECODABLE, Reject, RejectLog, summary
from marquee.data.sources import DataSet, locate
from marquee.data.tables import Catalogue, RatingTable, Tables, read_tables
from marquee.data.validation import DECIMAL_COMMA, UNKNOWN_ITEM
from marquee.domain import columns as col
from marquee.domain.clock import Clock, system_clock
from marquee.domain.errors import DataError
from marquee.domain.records import Item, User
from marquee.settings import RatingScale
from marquee.store import items, ratings, users
from marquee.store.copying import Loaded

NOTHING = Loaded(0, 0, 0)
WRITING = "Writing to the database"
_STEPS = 4  # of writing: items, users, ratings, commit


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load.

    Attributes:
        columns: what is known of the ratings file.
        items, users: files in place of those found beside the ratings.
        create_items: whether ratings may be of items that nobody described (they get their id as title).
            None: only where the platform has no items yet and no items file comes along.
        strict: whether one bad row stops the load.
    """

    columns: Columns = FOUND_OUT
    items: Path | None = None
    users: Path | None = None
    create_items: bool | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class TableReport:
    """What became of one table: rows read, good rows that a later one replaced, and the database's counts."""

    rows: int = 0
    duplicates: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did.

    Attributes:
        dataset: its name.
        ratings, items, users, events: what became of each table.
        created_items, created_users: those made from ratings or events alone, known by nothing but their id.
        untimed: whether the ratings came without times and were given the time of the load.
        untitled: items whose file says no title for them; their id stands in its place.
        rejected: rows not taken, `by_reason`; the first ones in `first`, all of them in the file `rejects`.
    """

    dataset: str
    ratings: TableReport
    items: TableReport
    users: TableReport
    created_items: int
    created_users: int
    untimed: bool
    untitled: int
    rejected: int
    by_reason: dict[str, int] = field(default_factory=dict)
    first: tuple[Reject, ...] = ()
    rejects: Path | None = None
    events: TableReport = TableReport()

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {**asdict(self), "rejects": str(self.rejects) if self.rejects else None}


def load(
    engine: Engine,
    path: Path | None,
    *,
    scale: RatingScale,
    options: LoadOptions = LoadOptions(),
    rejects_path: Path | None = None,
    clock: Clock = system_clock,
    on_progress: OnProgress = unheard,
) -> LoadReport:
    """Load a data set; either all good rows are in afterwards, or nothing has changed.

    Args:
        path: a folder, an archive or a file (see `sources.locate`); None with items or users alone.
        scale: the stars that there are.
        rejects_path: where the list of rejected rows goes, if there are any.

    Raises:
        DataError: nothing could be read or nothing in it was good; with `strict`, something was bad.
        InvalidInput: an option does not fit the file.
    """
    data = locate(path, options.columns, options.items, options.users)
    with RejectLog(rejects_path) as rejects:
        with engine.connect() as connection:
            catalogue = _catalogue(connection, data, options)
        tables = read_tables(data, scale, clock(), rejects, on_progress, catalogue)
        _check_usable(data, tables, rejects, strict=options.strict)
        with engine.begin() as connection:
            report = _write(connection, data, tables, rejects, on_progress)
        on_progress(WRITING, _STEPS, _STEPS)
        return report


def _catalogue(connection: Connection, data: DataSet, options: LoadOptions) -> Catalogue:
    known = frozenset(items.known_ids(connection))
    is_open = options.create_items
    return Catalogue(known, open=(not known and not data.items) if is_open is None else is_open)


def _check_usable(data: DataSet, tables: Tables, rejects: RejectLog, *, strict: bool) -> None:
    _check_rows(data, tables)
    bad = f"{len(rejects):,} {'row' if len(rejects) == 1 else 'rows'} rejected"
    if strict and len(rejects):
        advice = "Correct them, or load without --strict."
        raise advised(f"Nothing of {data.name} was loaded, {bad}:", rejects, advice)
    if not _anything_good(tables):
        raise advised(f"Nothing of {data.name} could be loaded, {bad}:", rejects, _advice(rejects))


def _check_rows(data: DataSet, tables: Tables) -> None:
    """Raises DataError for a file without rows: that is never what was meant."""
    read = ((data.ratings, tables.ratings), (data.items, tables.items), (data.users, tables.users))
    for table, content in read:
        if table is not None and content is not None and content.rows == 0:
            raise DataError(
                f"{table.file.name} has a header but no rows.", hint="Check that it is the right file."
            )


def _anything_good(tables: Tables) -> bool:
    """Good ratings, where there is a ratings file; else good items or users."""
    if tables.ratings is not None:
        return len(tables.ratings) > 0
    return any(records is not None and records.by_id for records in (tables.items, tables.users))


def advised(what: str, rejects: RejectLog, advice: str) -> DataError:
    """The error that tells of the rejects: reasons, first rows, what to do, and where the list is."""
    where = f" The list is {rejects.path}." if rejects.path else ""
    return DataError("\n".join([what, *summary(rejects.by_reason, rejects.first), f"{advice}{where}"]))


def _advice(rejects: RejectLog) -> str:
    reason = rejects.by_reason.most_common(1)[0][0]
    known = {
        UNKNOWN_ITEM: "Give their catalogue with --items FILE, or have them made with --create-items.",
        NOT_DECODABLE: "Name the file's encoding with --encoding.",
        DECIMAL_COMMA: "Write ratings with a decimal point.",
    }
    return known.get(reason, "Check that it is the right file, and its columns.")


def _write(
    connection: Connection, data: DataSet, tables: Tables, rejects: RejectLog, on_progress: OnProgress
) -> LoadReport:
    on_progress(WRITING, 0, _STEPS)
    item_report = _write_items(connection, tables.items)
    on_progress(WRITING, 1, _STEPS)
    user_report = _write_users(connection, tables.users)
    on_progress(WRITING, 2, _STEPS)
    created_items = created_users = 0
    rating_report = TableReport()
    if tables.ratings is not None:
        created_items = items.ensure(connection, tables.ratings.item_ids)
        created_users = users.ensure(connection, tables.ratings.user_ids)
        rating_report = _write_ratings(connection, tables.ratings)
    on_progress(WRITING, 3, _STEPS)
    return LoadReport(
        dataset=data.name,
        ratings=rating_report,
        items=item_report,
        users=user_report,
        created_items=created_items,
        created_users=created_users,
        untimed=tables.ratings is not None and not tables.ratings.timed,
        untitled=tables.items.untitled if tables.items is not None else 0,
        rejected=len(rejects),
        by_reason=dict(rejects.by_reason.most_common()),
        first=tuple(rejects.first),
        rejects=rejects.path,
    )


def _write_items(connection: Connection, records: Records[Item] | None) -> TableReport:
    if not records or not records.by_id:
        return _reported(records, NOTHING)
    return _reported(records, items.upsert_frame(connection, item_frame(records.by_id.values())))


def _write_users(connection: Connection, records: Records[User] | None) -> TableReport:
    if not records or not records.by_id:
        return _reported(records, NOTHING)
    return _reported(records, users.upsert_frame(connection, user_frame(records.by_id.values())))


def _write_ratings(connection: Connection, table: RatingTable) -> TableReport:
    loaded = ratings.copy_in(connection, table.frame())
    return TableReport(table.rows, table.duplicates, loaded.inserted, loaded.updated, loaded.unchanged)


def _reported(records: Records[Item] | Records[User] | None, loaded: Loaded) -> TableReport:
    if records is None:
        return TableReport()
    return TableReport(records.rows, records.duplicates, loaded.inserted, loaded.updated, loaded.unchanged)


def item_frame(records: Iterable[Item]) -> pd.DataFrame:
    """item_id, title, year (Int64), genres (tuples) and attributes (dicts), one row an item."""
    rows = [(item.item_id, item.title, item.year, item.genres, item.attributes) for item in records]
    frame = pd.DataFrame(rows, columns=[*col.ITEM_COLUMNS, "attributes"])
    return frame.astype({col.YEAR: "Int64"})


def user_frame(records: Iterable[User]) -> pd.DataFrame:
    """user_id, age (Int64), gender, occupation and attributes (dicts), one row a user."""
    rows = [(user.user_id, user.age, user.gender, user.occupation, user.attributes) for user in records]
    frame = pd.DataFrame(rows, columns=[*col.USER_COLUMNS, "attributes"])
    return frame.astype({col.AGE: "Int64"})
