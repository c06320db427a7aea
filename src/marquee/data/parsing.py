"""Lines into records, one parser a form. What is no record becomes a reject, and parsing goes on."""

import csv
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from marquee.data.layout import MOST_CHARACTERS, Form, Table, parse_object
from marquee.data.lines import Lines
from marquee.data.rejects import Reject, shown
from marquee.domain import columns as col

RAGGED = "wrong number of fields"
UNCLOSED = "a quote is opened and never closed"
STRAY_QUOTE = "text after a closing quote"
NOT_AN_OBJECT = "not a JSON object"
NOT_AN_ID = "an id is text or a whole number"

_IDS = (col.USER, col.ITEM)

Record = tuple[Any, ...] | Reject  # (number of the line, *cells)
Parser = Callable[[Lines, Table], Iterator[Record]]


def _csv_records(lines: Lines, table: Table) -> Iterator[Record]:
    layout, name = table.layout, table.file.name
    csv.field_size_limit(MOST_CHARACTERS)  # the default rejects a long text without saying which field it is
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


PARSERS: Mapping[Form, Parser] = {"csv": _csv_records, "split": _split_records, "jsonl": _json_records}
