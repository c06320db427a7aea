"""Events: checked column by column; the first with an id stands."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Connection

from marquee.data.columns import RATING_SYNONYMS, late, listed, refuse_choice, refuse_twins, roles
from marquee.data.imports.batches import Batch, Written, last_line
from marquee.data.imports.body import BODY, header_of, ignored_columns, table_of
from marquee.data.imports.content import as_csv
from marquee.data.imports.job import ImportJob
from marquee.data.imports.named import NOTHING_TOUCHED, Names, name_all, unknown_items
from marquee.data.layout import Header, Table
from marquee.data.lines import Lines
from marquee.data.reading import RawChunk, chunks_of
from marquee.data.rejects import in_order
from marquee.data.validation import (
    NOT_A_NUMBER,
    NOT_FINITE,
    YEAR_1900,
    Faults,
    ids_in,
    moments,
    numbers_in,
    texts_in,
)
from marquee.domain import columns as col
from marquee.domain.errors import DataError
from marquee.domain.ids import fault_of
from marquee.settings.serving import CLOCKS_DIFFER_BY, Feedback
from marquee.store import imports

LONGEST_KIND = 100  # characters, also of a variant's name
NO_KIND = "kind is empty"
LONG_KIND = f"longer than {LONGEST_KIND} characters"
UNKNOWN_KIND = "kind is not among those of configs/serving.yaml"
IN_THE_FUTURE = "at is in the future"
EARLY = "at is before 1900"
LATE = "at is longer ago than configs/serving.yaml takes events"
NOT_A_REQUEST = "request_id is not a UUID"
NOT_A_VERSION = "model_version is not a whole number"
_LARGEST_VERSION = 2**31 - 1

_ROLES: Mapping[str, tuple[str, ...]] = {
    col.EVENT: ("eventid", "id"),
    col.KIND: ("kind", "type"),
    col.USER: RATING_SYNONYMS[col.USER],
    col.ITEM: RATING_SYNONYMS[col.ITEM],
    col.AT: ("at", *RATING_SYNONYMS[col.TIME]),
    col.VALUE: ("value",),
    col.REQUEST: ("requestid",),
    col.VERSION: ("modelversion",),
    col.VARIANT: ("variant",),
}
_REQUIRED = (col.EVENT, col.KIND, col.USER, col.ITEM, col.AT)


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Good events, n rows: where each begins, int64 (n), and a column a role, Arrow arrays (n)."""

    lines: NDArray[np.int64]
    columns: Mapping[str, pa.Array]


class EventImport:
    """Events; people unknown so far are made, items where the job says so.

    Args:
        lines: of the body, none of them read yet.
        feedback: which kinds there are, and how late an event may come.
        now: when the import began.
    """

    def __init__(self, lines: Lines, job: ImportJob, feedback: Feedback, now: datetime) -> None:
        header = header_of(lines, job)
        columns = roles(header.names, _ROLES)
        missing = [role for role in _REQUIRED if role not in columns]
        if missing:
            raise DataError(
                f"{BODY} has no column {', '.join(missing)}: found {listed(header.names)}.",
                hint=f"Name the columns {', '.join(_ROLES)}; the last four may be left out.",
            )
        refuse_twins(header.names, BODY)
        refuse_choice(header.names, columns, {}, BODY)
        self._table = _table(header, columns)
        self._feedback, self._now = feedback, now
        self._creates_items = job.create_items
        self.ignored = ignored_columns(header, columns)

    def batches(self, lines: Lines) -> Iterator[Batch[EventColumns]]:
        line = 1
        for chunk in chunks_of(lines, self._table):
            faults = Faults(len(chunk.lines))
            columns = self._checked(chunk, faults)
            keep = pa.array(faults.good)
            good = EventColumns(
                np.asarray(chunk.lines, np.int64)[faults.good],
                {name: column.filter(keep) for name, column in columns.items()},
            )
            line = max(line, last_line(chunk))
            rejects = in_order([*chunk.rejects, *faults.rejects(BODY, chunk)])
            yield Batch(len(chunk.lines) + len(chunk.rejects), line, good, rejects)

    def write(self, connection: Connection, good: EventColumns) -> Written:
        users, items = good.columns[col.USER], good.columns[col.ITEM]
        named = name_all(connection, Names.of(users, items), create_items=self._creates_items)
        touched = NOTHING_TOUCHED
        if named.known.any():
            touched = imports.merge_events(connection, _content(good, named.known))
        return Written(
            inserted=touched.inserted,
            created_users=len(named.made_users),
            created_items=len(named.made_items),
            rejects=unknown_items(good.lines, items, named.known),
            touched={"items": named.made_items, "users": named.made_users, "events": touched.keys},
        )

    def _checked(self, chunk: RawChunk, faults: Faults) -> dict[str, pa.Array]:
        """The columns as Postgres takes them; rows that are at fault hold anything."""
        return {
            col.EVENT: _event_ids(chunk, faults),
            col.KIND: self._kinds(chunk, faults),
            col.USER: ids_in(chunk, col.USER, faults),
            col.ITEM: ids_in(chunk, col.ITEM, faults),
            col.AT: self._moments(chunk, faults),
            col.VALUE: _values(chunk, faults),
            col.REQUEST: _optional(chunk, col.REQUEST, faults, _request_fault),
            col.VERSION: _optional(chunk, col.VERSION, faults, _version_fault),
            col.VARIANT: _optional(chunk, col.VARIANT, faults, _name_fault),
        }

    def _kinds(self, chunk: RawChunk, faults: Faults) -> pa.Array:
        texts = texts_in(chunk.cells[col.KIND], col.KIND, faults)
        _mark(texts, col.KIND, faults, self._kind_fault)
        return texts

    def _kind_fault(self, kind: str) -> str | None:
        if not kind.strip():
            return NO_KIND
        if kind not in self._feedback.kinds and self._feedback.unknown_kinds == "refuse":
            return UNKNOWN_KIND
        return _name_fault(kind)

    def _moments(self, chunk: RawChunk, faults: Faults) -> pa.Array:
        """Microseconds since 1970."""
        texts = pc.utf8_trim_whitespace(texts_in(chunk.cells[col.AT], col.AT, faults))
        seconds, now = moments(texts, col.AT, faults), self._now.timestamp()
        faults.mark(seconds > now + CLOCKS_DIFFER_BY.total_seconds(), col.AT, IN_THE_FUTURE)
        faults.mark(seconds < YEAR_1900, col.AT, EARLY)
        if self._feedback.most_late_days is not None:
            late = timedelta(days=self._feedback.most_late_days).total_seconds()
            faults.mark(seconds < now - late, col.AT, LATE)
        return pa.array(np.rint(np.where(faults.good, seconds, 0) * 1e6).astype(np.int64))


def _table(header: Header, columns: Mapping[str, int]) -> Table:
    """The body as a table; in JSON, what need not be there may also come later than in the first rows."""
    absent = [role for role in _ROLES if role not in columns] if header.form == "jsonl" else []
    whole = replace(header, names=(*header.names, *absent))
    places = {**columns, **{role: len(header.names) + place for place, role in enumerate(absent)}}
    return table_of(whole, places, late(header.names, columns, _ROLES))


def _event_ids(chunk: RawChunk, faults: Faults) -> pa.Array:
    """The senders' own ids, of whatever Postgres can hold."""
    texts = texts_in(chunk.cells[col.EVENT], col.EVENT, faults)
    _mark(texts, col.EVENT, faults, fault_of)
    return texts


def _values(chunk: RawChunk, faults: Faults) -> pa.Array:
    """Float64, null where there is none."""
    if col.VALUE not in chunk.cells:
        return pa.nulls(len(chunk.lines), pa.float64())
    texts = pc.utf8_trim_whitespace(texts_in(chunk.cells[col.VALUE], col.VALUE, faults))
    values, is_number = numbers_in(texts)
    none = pc.equal(texts, "").to_numpy(zero_copy_only=False)
    faults.mark(~is_number & ~none, col.VALUE, NOT_A_NUMBER.replace(col.RATING, col.VALUE))
    faults.mark(is_number & ~np.isfinite(values), col.VALUE, NOT_FINITE.replace(col.RATING, col.VALUE))
    return pa.array(values, mask=none)


def _optional(chunk: RawChunk, field: str, faults: Faults, fault_in: Callable[[str], str | None]) -> pa.Array:
    """Texts, null where there is none."""
    if field not in chunk.cells:
        return pa.nulls(len(chunk.lines), pa.string())
    texts = texts_in(chunk.cells[field], field, faults)
    _mark(texts, field, faults, lambda text: fault_in(text) if text else None)
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _mark(texts: pa.Array, field: str, faults: Faults, fault_in: Callable[[str], str | None]) -> None:
    """Mark rows whose text has a fault; each distinct text is looked at once."""
    coded = texts.dictionary_encode()
    found = np.array([fault_in(text) for text in coded.dictionary.to_pylist()], dtype=object)
    rows = found[coded.indices.to_numpy()] if len(found) else np.empty(0, object)
    for fault in sorted({fault for fault in found.tolist() if fault is not None}):
        faults.mark(rows == fault, field, fault)


def _request_fault(text: str) -> str | None:
    try:
        UUID(text)
    except ValueError:
        return NOT_A_REQUEST
    return None


def _version_fault(text: str) -> str | None:
    sound = text.isascii() and text.isdigit() and int(text) <= _LARGEST_VERSION
    return None if sound else NOT_A_VERSION


def _name_fault(text: str) -> str | None:
    if len(text) > LONGEST_KIND:
        return LONG_KIND
    return "holds a NUL character" if "\0" in text else None


def _content(good: EventColumns, known: NDArray[np.bool_]) -> bytes:
    """The first event of each id as CSV, by id: no two imports wait for each other in a ring."""
    table = pa.table(dict(good.columns)).filter(pa.array(known))
    _, first = np.unique(table[col.EVENT].combine_chunks().to_numpy(zero_copy_only=False), return_index=True)
    return as_csv(table.take(pa.array(first)).select(list(col.EVENT_COLUMNS)))
