"""Items and people: created or replaced, the last row of an id standing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from sqlalchemy import Connection

from marquee.data.catalogue import Fault, NumberedRow, Row, as_json, item_of, numbered_rows, user_of
from marquee.data.columns import ITEM_SYNONYMS, USER_SYNONYMS, catalogue_columns
from marquee.data.imports.batches import Batch, Written
from marquee.data.imports.body import BODY, advising, header_of, table_of
from marquee.data.imports.content import rows_as_csv
from marquee.data.imports.job import ImportJob
from marquee.data.imports.jsonl import Keyed, json_rows
from marquee.data.lines import Lines
from marquee.data.reading import chunks_of
from marquee.data.rejects import Reject, shown
from marquee.data.validation import moment
from marquee.domain import columns as col
from marquee.domain.limits import END_OF_TIME, FIRST_TIME
from marquee.domain.records import Item, User
from marquee.store import imports

ROWS = 5_000  # a batch
HIDDEN, CREATED = "hidden", "created_at"
NOT_A_MOMENT = "created_at is neither unix seconds nor ISO 8601"
BEYOND = "created_at is not in the years 2 to 9998"
NOT_A_CHOICE = "hidden is neither true nor false"
_CHOICES = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False, "": None}
_FIRST, _END = FIRST_TIME.timestamp(), END_OF_TIME.timestamp()

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item as a body describes it.

    Attributes:
        hidden: None: as it stands.
        created_at: microseconds since 1970; None: as it stands.
    """

    item: Item
    hidden: bool | None
    created_at: int | None


_ITEM_ROLES = {**ITEM_SYNONYMS, HIDDEN: ("hidden",), CREATED: ("createdat",)}


class _CatalogueImport(Generic[R]):
    """What items and people have in common.

    Args:
        id_role: the column of the id.
        roles: names that columns may have, by what they hold; other columns are attributes.
        record_of: makes a record of a row's cells, or raises `Fault`.
    """

    ignored: Sequence[str] = ()

    def __init__(
        self,
        lines: Lines,
        job: ImportJob,
        id_role: str,
        roles: Mapping[str, tuple[str, ...]],
        record_of: Callable[[Row], R],
    ) -> None:
        self._id_role, self._roles, self._record_of = id_role, roles, record_of
        header = header_of(lines, job)
        with advising(f"Name the column of the id {id_role}."):
            columns = catalogue_columns(header.names, id_role, roles, {}, BODY)
        self._table = table_of(header, columns)
        self._is_json = job.form == "jsonl"

    def batches(self, lines: Lines) -> Iterator[Batch[dict[str, R]]]:
        rows = self._json_rows(lines) if self._is_json else self._csv_rows(lines)
        while batch := list(islice(rows, ROWS)):
            yield self._batch(batch)

    def _json_rows(self, lines: Lines) -> Iterator[NumberedRow | Reject]:
        return json_rows(lines, Keyed(self._id_role, self._roles))

    def _csv_rows(self, lines: Lines) -> Iterator[NumberedRow | Reject]:
        for chunk in chunks_of(lines, self._table):
            rows: list[NumberedRow | Reject] = [*chunk.rejects, *numbered_rows(chunk)]
            yield from sorted(rows, key=_line_of)

    def _batch(self, rows: Sequence[NumberedRow | Reject]) -> Batch[dict[str, R]]:
        good: dict[str, R] = {}
        bad: list[Reject] = []
        for row in rows:
            if isinstance(row, Reject):
                bad.append(row)
                continue
            line, cells = row
            try:
                good[cells[self._id_role]] = self._record_of(cells)
            except Fault as fault:
                bad.append(Reject(BODY, line, fault.field, shown(fault.value), fault.reason))
        return Batch(len(rows), _line_of(rows[-1]), good, bad)


class ItemImport(_CatalogueImport[ItemRow]):
    """Items; where a body does not say whether they are hidden, or since when they are there, that stays."""

    def __init__(self, lines: Lines, job: ImportJob) -> None:
        super().__init__(lines, job, col.ITEM, _ITEM_ROLES, item_row)

    def write(self, connection: Connection, good: dict[str, ItemRow]) -> Written:
        if not good:
            return Written()
        touched = imports.merge_items(
            connection, rows_as_csv(_item_fields(good[name]) for name in sorted(good))
        )
        return Written(touched.inserted, touched.updated, touched={"items": touched.keys})


class UserImport(_CatalogueImport[User]):
    """People."""

    def __init__(self, lines: Lines, job: ImportJob) -> None:
        super().__init__(lines, job, col.USER, USER_SYNONYMS, lambda row: user_of(row, exact=True))

    def write(self, connection: Connection, good: dict[str, User]) -> Written:
        if not good:
            return Written()
        touched = imports.merge_users(
            connection, rows_as_csv(_user_fields(good[name]) for name in sorted(good))
        )
        return Written(touched.inserted, touched.updated, touched={"users": touched.keys})


def item_row(cells: Row) -> ItemRow:
    """An item from its cells; raises Fault."""
    hidden = cells.get(HIDDEN, "").strip()
    if hidden.lower() not in _CHOICES:
        raise Fault(HIDDEN, hidden, NOT_A_CHOICE)
    return ItemRow(item_of(cells, exact=True), _CHOICES[hidden.lower()], _created(cells.get(CREATED, "")))


def _created(written: str) -> int | None:
    text = written.strip()
    if not text:
        return None
    seconds = moment(text)
    if seconds is None:
        raise Fault(CREATED, written, NOT_A_MOMENT)
    if not _FIRST <= seconds < _END:
        raise Fault(CREATED, written, BEYOND)
    return round(seconds * 1e6)


def _line_of(row: NumberedRow | Reject) -> int:
    return row.line if isinstance(row, Reject) else row[0]


def _item_fields(row: ItemRow) -> tuple[object, ...]:
    item = row.item
    genres, attributes = as_json(list(item.genres)), as_json(item.attributes)
    return item.item_id, item.title, item.year, genres, attributes, row.hidden, row.created_at


def _user_fields(user: User) -> tuple[object, ...]:
    return user.user_id, user.age, user.gender, user.occupation, as_json(user.attributes)
