"""Lines into records, one parser a form. What is no record becomes a reject, and parsing goes on.

Blanks around a cell are decoration, except inside quotes.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from marquee.data.columns import key
from marquee.data.layout import MOST_CHARACTERS, Form, Table
from marquee.data.lines import Lines, LongLine
from marquee.data.rejects import NOT_DECODABLE, Reject, shown
from marquee.domain import columns as col

RAGGED = "wrong number of fields"
UNCLOSED = "a quote is opened and never closed"
STRAY_QUOTE = "text after a closing quote"
TOO_LONG = "the line is too long to be a row"
NOT_AN_OBJECT = "not a JSON object"
LATE_KEY = "the first rows have no key of this spelling: give it in all rows alike, or in none"
NOT_AN_ID = "an id is text or a whole number"

BLANKS = " \t"

_IDS = (col.USER, col.ITEM)
_NEEDED = (*_IDS, col.RATING, col.TIME)

Record = tuple[Any, ...] | Reject  # (number of the line, *cells)
Parser = Callable[[Lines, Table], Iterator[Record]]


def _csv_records(lines: Lines, table: Table) -> Iterator[Record]:
    layout, name = table.layout, table.file.name
    csv.field_size_limit(MOST_CHARACTERS)  # the default rejects a long text without saying which field it is
    reader = csv.reader(lines, delimiter=layout.delimiter, strict=True, skipinitialspace=True)
    width, header_due = len(layout.header), layout.skip_header
    while True:
        line = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except LongLine as cut:
            yield too_long(name, lines, cut)
            continue
        except csv.Error as error:
            reason = UNCLOSED if "unexpected end" in str(error) else STRAY_QUOTE
            yield Reject(name, line, "", shown(lines.give_up().rstrip("\r\n")), reason)
            continue
        text = lines.record()
        lines.next_record()
        if header_due and row:
            header_due = False
        elif len(row) == width:
            yield line, *_trimmed(row, text)
        elif row:
            yield _ragged(name, line, len(row), width)


def _trimmed(row: list[str], text: str) -> list[str]:
    """The cells of a record without the blanks around them; what its text has in quotes stays as it is."""
    if '"' not in text:
        return [cell.strip(BLANKS) for cell in row]
    return [cell if _quoted(cell) in text else cell.strip(BLANKS) for cell in row]


def _quoted(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'


def _split_records(lines: Lines, table: Table) -> Iterator[Record]:
    delimiter, width, header_due = table.layout.delimiter, len(table.layout.header), table.layout.skip_header
    for text in whole_lines(lines):
        if isinstance(text, LongLine):
            yield too_long(table.file.name, lines, text)
            continue
        if not text.strip():
            continue
        row = text.rstrip("\r\n").split(delimiter)
        if header_due:
            header_due = False
        elif len(row) == width:
            yield lines.number, *(cell.strip(BLANKS) for cell in row)
        else:
            yield _ragged(table.file.name, lines.number, len(row), width)


def whole_lines(lines: Lines) -> Iterator[str | LongLine]:
    """The lines where each is a record of its own; one that is too long comes as what says so."""
    while True:
        try:
            text = next(lines)
        except StopIteration:
            return
        except LongLine as cut:
            yield cut
            continue
        lines.next_record()
        yield text


def too_long(name: str, lines: Lines, cut: LongLine) -> Reject:
    return Reject(name, lines.number, "", shown(str(cut)), TOO_LONG)


def _json_records(lines: Lines, table: Table) -> Iterator[Record]:
    layout = table.layout
    needed = {layout.header[layout.columns[role]]: role for role in _NEEDED if role in layout.columns}
    known = frozenset(layout.header)
    for text in whole_lines(lines):
        if isinstance(text, LongLine):
            yield too_long(table.file.name, lines, text)
            continue
        if not text.strip():
            continue
        record = json_object(text.rstrip("\r\n"), needed)
        if isinstance(record, dict):
            record = _late_fault(record, known, layout.late) or record
        if isinstance(record, dict):
            yield lines.number, *(json_text(record.get(name)) for name in layout.header)
        else:
            field, value, reason = record
            yield Reject(table.file.name, lines.number, field, shown(value), reason)


def _late_fault(
    record: dict[str, object], known: frozenset[str], late: Mapping[str, str]
) -> tuple[str, str, str] | None:
    """As `json_object`, of a key that means something and that the first rows do not have."""
    if known.issuperset(record):
        return None
    for name in record.keys() - known:
        if record[name] is not None and (role := late.get(key(name))) is not None:
            return role, name, LATE_KEY
    return None


def json_object(text: str, needed: Mapping[str, str]) -> dict[str, object] | tuple[str, str, str]:
    """The object on a line, or (field, value, reason) of what is wrong with it.

    Args:
        needed: the keys that it must have, and their roles.
    """
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text):
            return "", text, NOT_DECODABLE
        return f"column {error.colno}", text, f"not JSON: {error.msg}"
    if not isinstance(record, dict):
        return "", text, NOT_AN_OBJECT
    return _json_fault(record, needed, text) or record


def _json_fault(
    record: dict[str, object], needed: Mapping[str, str], text: str
) -> tuple[str, str, str] | None:
    """As `_json_object`; an id read as a fraction has lost digits."""
    for name, role in needed.items():
        if name not in record:
            return role, text, f"the key {shown(name)!r} is missing"
        value = record[name]
        is_id = value is None or (isinstance(value, (str, int)) and not isinstance(value, bool))
        if role in _IDS and not is_id:
            return role, json_text(value), NOT_AN_ID
    return None


def json_text(value: object) -> str:
    """What a JSON value says, as a cell of a CSV file would."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(entry, str) and "|" not in entry for entry in value):
        return "|".join(value)
    return orjson.dumps(value).decode()


def _ragged(name: str, line: int, width: int, expected: int) -> Reject:
    return Reject(name, line, "", f"{width} fields, the header has {expected}", RAGGED)


PARSERS: Mapping[Form, Parser] = {"csv": _csv_records, "split": _split_records, "jsonl": _json_records}
