"""Tables as chunks of raw text, every row with the line on which it begins."""

import csv
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import TextIOWrapper
from itertools import islice
from typing import Any

import orjson

from marquee.data.layout import MOST_CHARACTERS, Layout, Table, parse_object
from marquee.data.opening import open_text
from marquee.data.progress import OnProgress
from marquee.data.rejects import Reject, shown
from marquee.domain import columns as col
from marquee.domain.errors import DataError

CHUNK_ROWS = 32_768
MOST_RECORD_LINES = 200  # that a quoted text may run over; more is a quote that somebody forgot to close

RAGGED = "wrong number of fields"
UNCLOSED = "a quote is opened and never closed"
STRAY_QUOTE = "text after a closing quote"
NOT_AN_OBJECT = "not a JSON object"
NOT_AN_ID = "an id is text or a whole number"

Record = tuple[Any, ...] | Reject  # (line, *cells)
Cells = Sequence[str]


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Some rows as text.

    Attributes:
        lines: where each row begins; n of them.
        cells: role to what each row says there ("" for nothing); n of them a role.
        rejects: what lay between these rows and is none, by line.
    """

    lines: Sequence[int]
    cells: Mapping[str, Sequence[str]]
    rejects: Sequence[Reject] = ()


class Lines:
    """The physical lines of a text, counted; those of a record that went wrong can be put back."""

    def __init__(self, text: TextIOWrapper, name: str) -> None:
        self._text = text
        self._name = name
        self._back: deque[str] = deque()
        self._record: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._record) == MOST_RECORD_LINES:
            raise StopIteration
        line = self._back.popleft() if self._back else self._text.readline(MOST_CHARACTERS)
        if not line:
            raise StopIteration
        self._check([line])
        self._record.append(line)
        self.number += 1
        return line

    def take(self, most: int) -> list[str]:
        """Up to `most` lines at once; those put back come first, and alone."""
        if self._back:
            lines = [self._back.popleft() for _ in range(min(most, len(self._back)))]
        else:
            lines = list(islice(iter(partial(self._text.readline, MOST_CHARACTERS), ""), most))
        self._check(lines)
        self.number += len(lines)
        return lines

    def put_back(self, lines: Sequence[str]) -> None:
        """What `take` gave will be given again."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)

    def _check(self, lines: Sequence[str]) -> None:
        if max(map(len, lines), default=0) == MOST_CHARACTERS:
            raise DataError(
                f"{self._name} has a line of over {MOST_CHARACTERS:,} characters, after line {self.number}.",
                hint="A table has one row a line.",
            )

    def next_record(self) -> None:
        """The record so far was good."""
        self._record.clear()

    def give_up(self) -> str:
        """The record so far was not one: its first line is returned, the others will be read again."""
        first, *others = self._record
        self.put_back(others)
        self._record.clear()
        return first


def read_chunks(table: Table, on_progress: OnProgress) -> Iterator[RawChunk]:
    """Read a table, chunk by chunk.

    Raises:
        DataError: the file cannot be read, or a line of it never ends.
    """
    csv.field_size_limit(
        MOST_CHARACTERS
    )  # the module's own would reject a long text without its field's name
    step = f"Reading {table.file.name}"
    with open_text(table.file, table.layout.encoding, legacy=table.layout.legacy) as opened:
        lines = Lines(opened.text, table.file.name)
        records = _READERS[table.layout.form](lines, table)
        while True:
            chunk = _plain_chunk(lines, table) or _chunk(list(islice(records, CHUNK_ROWS)), table)
            if not chunk:
                break
            on_progress(step, opened.position(), opened.size)
            yield chunk
        on_progress(step, opened.size, opened.size)


def _plain_chunk(lines: Lines, table: Table) -> RawChunk | None:
    """The next rows all at once, where each is one line of the right width; None where it is not so simple."""
    layout = table.layout
    if layout.form != "csv" or (layout.skip_header and not lines.number):
        return None
    start = lines.number + 1
    block = lines.take(CHUNK_ROWS)
    if '"' in "".join(block):
        lines.put_back(block)
        return None
    rows = list(csv.reader(block, delimiter=layout.delimiter, skipinitialspace=layout.skip_space))
    if set(map(len, rows)) != {len(layout.header)}:
        lines.put_back(block)
        return None
    return _raw(range(start, start + len(rows)), list(zip(*rows, strict=True)), layout, ())


def _chunk(batch: Sequence[Record], table: Table) -> RawChunk | None:
    rejects = [record for record in batch if isinstance(record, Reject)]
    rows = [record for record in batch if not isinstance(record, Reject)] if rejects else batch
    if not batch:
        return None
    lines, *fields = zip(*rows, strict=True) if rows else ((),) * (len(table.layout.header) + 1)
    return _raw(lines, fields, table.layout, rejects)


def _raw(
    lines: Sequence[int], fields: Sequence[Cells], layout: Layout, rejects: Sequence[Reject]
) -> RawChunk:
    cells = {role: fields[position] for role, position in layout.columns.items()}
    return RawChunk(lines, cells, rejects)


def _csv_records(lines: Lines, table: Table) -> Iterator[Record]:
    layout, name = table.layout, table.file.name
    reader = csv.reader(lines, delimiter=layout.delimiter, strict=True, skipinitialspace=layout.skip_space)
    width, header_due = len(layout.header), layout.skip_header
    while True:
        line = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = UNCLOSED if "unexpected end" in str(error) else STRAY_QUOTE
            yield Reject(name, line, "", shown(lines.give_up().rstrip("\r\n")), reason)
            continue
        lines.next_record()
        if header_due and row:
            header_due = False
        elif len(row) == width:
            yield line, *row
        elif row:
            yield _ragged(name, line, len(row), width)


def _split_records(lines: Lines, table: Table) -> Iterator[Record]:
    delimiter, width, header_due = table.layout.delimiter, len(table.layout.header), table.layout.skip_header
    for text in lines:
        lines.next_record()
        if not text.strip():
            continue
        row = text.rstrip("\r\n").split(delimiter)
        if header_due:
            header_due = False
        elif len(row) == width:
            yield lines.number, *row
        else:
            yield _ragged(table.file.name, lines.number, len(row), width)


def _json_records(lines: Lines, table: Table) -> Iterator[Record]:
    layout = table.layout
    id_keys = {layout.header[layout.columns[role]]: role for role in _IDS if role in layout.columns}
    for text in lines:
        lines.next_record()
        if not text.strip():
            continue
        record = parse_object(text)
        fault = _json_fault(record, id_keys, text)
        if record is None or fault is not None:
            field, value, reason = fault or ("", text, NOT_AN_OBJECT)
            yield Reject(table.file.name, lines.number, field, shown(value.rstrip("\r\n")), reason)
        else:
            yield lines.number, *(_json_text(record.get(key)) for key in layout.header)


def _json_fault(
    record: dict[str, object] | None, id_keys: Mapping[str, str], text: str
) -> tuple[str, str, str] | None:
    """(field, value, reason) of what is wrong with a line; an id read as a fraction has lost digits."""
    if record is None:
        return "", text, NOT_AN_OBJECT
    for key, role in id_keys.items():
        value = record.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (str, int))):
            return role, _json_text(value), NOT_AN_ID
    return None


def _json_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return "|".join(value)
    return orjson.dumps(value).decode()


def _ragged(name: str, line: int, width: int, expected: int) -> Reject:
    return Reject(name, line, "", f"{width} fields, the header has {expected}", RAGGED)


_IDS = (col.USER, col.ITEM)
_READERS = {"csv": _csv_records, "split": _split_records, "jsonl": _json_records}
