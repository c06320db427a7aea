"""How a table lies in its file: delimiter, header, and which column is which."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from types import MappingProxyType
from typing import Literal

import orjson

from marquee.data.opening import DataFile, OpenText, open_text
from marquee.domain.errors import DataError, InvalidInput

Form = Literal["csv", "split", "jsonl"]

MOST_CHARACTERS = 16 * 2**20  # in one line; a file with longer ones is not a table
_DELIMITERS = (",", "\t", ";", "|")
JSON_LINES_LOOKED_AT = 1000  # whose keys together are the columns


NOTHING_LATE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Layout:
    """What a reader must know of a file.

    Attributes:
        form: `csv` knows quotes, `split` knows none (the old MovieLens files), `jsonl` is an object a line.
        header: column names in the file's order; for `jsonl`, the keys.
        columns: role (a name in `domain.columns`, or an attribute) to position in `header`.
        skip_header: whether the first record is the header itself.
        genre_separators: characters between genres.
        legacy: Latin-1 when it is not UTF-8.
        encoding: None finds out.
        late: for `jsonl`, what further keys would mean, by their names as synonyms are compared: a row that
            has one is rejected, for the rows before it went without.
    """

    form: Form
    header: tuple[str, ...]
    columns: Mapping[str, int]
    delimiter: str = ","
    skip_header: bool = True
    genre_separators: str = "|;,"
    legacy: bool = False
    encoding: str | None = None
    late: Mapping[str, str] = field(default_factory=lambda: NOTHING_LATE)


@dataclass(frozen=True, slots=True)
class Table:
    """A data file and its layout."""

    file: DataFile
    layout: Layout


@dataclass(frozen=True, slots=True)
class Columns:
    """What a person said of the columns, instead of having it found out.

    Attributes:
        named: role to column name.
        delimiter: one character (or `::`, or `tab`).
        encoding: Python's name of one.
    """

    named: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    delimiter: str | None = None
    encoding: str | None = None


FOUND_OUT = Columns()


@dataclass(frozen=True, slots=True)
class Header:
    """The first look at a file with named columns."""

    form: Form
    names: tuple[str, ...]
    delimiter: str


def read_header(file: DataFile, columns: Columns, json_lines: int | None = JSON_LINES_LOOKED_AT) -> Header:
    """Find out the form of a file and its column names.

    Args:
        json_lines: of how many lines of JSONL the keys are columns; None for all.

    Raises:
        DataError: empty, not text, or JSON that is not one object a line.
        InvalidInput: the delimiter cannot be one.
    """
    delimiter = _delimiter(columns.delimiter)
    with open_text(file, columns.encoding) as opened:
        first = _first_line(opened, file)
        if first.lstrip().startswith(("{", "[")):
            further = iter(lambda: opened.text.readline(MOST_CHARACTERS), "")
            return json_header(chain((first,), islice(further, json_lines)), file.name)
    return csv_header(first, delimiter)


def csv_header(first: str, delimiter: str | None = None) -> Header:
    """The header that a first line is; its delimiter is found out where none is given."""
    chosen = delimiter or _likely_delimiter(first)
    return Header("split" if len(chosen) > 1 else "csv", _split_header(first, chosen), chosen)


def _first_line(opened: OpenText, file: DataFile) -> str:
    while line := opened.text.readline(MOST_CHARACTERS):
        if len(line) == MOST_CHARACTERS:
            raise DataError(f"The first line of {file.name} has no end.", hint="A table has one row a line.")
        if line.strip():
            return line
    raise DataError(f"{file.name} is empty.")


def _delimiter(given: str | None) -> str | None:
    if given is None:
        return None
    delimiter = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}.get(given, given)
    if delimiter != "::" and (len(delimiter) != 1 or delimiter in '"\r\n\0 '):
        raise InvalidInput(
            f"{given!r} cannot be a delimiter.",
            hint="It is one character such as ',' or ';', or 'tab', or '::'.",
        )
    return delimiter


def _likely_delimiter(first: str) -> str:
    """The delimiter that makes the most columns of the header; a comma when none does."""
    return max(_DELIMITERS, key=lambda delimiter: len(_split_header(first, delimiter)))


def _split_header(first: str, delimiter: str) -> tuple[str, ...]:
    if len(delimiter) > 1:
        return tuple(first.rstrip("\r\n").split(delimiter))
    return tuple(next(csv.reader([first], delimiter=delimiter, skipinitialspace=True)))


def json_header(lines: Iterable[str], name: str) -> Header:
    """The keys of the objects on some lines; lines that are no objects are the reader's to reject.

    Raises:
        DataError: none of them is an object.
    """
    names: dict[str, None] = {}
    objects, begins_list = 0, None
    for line in lines:
        if begins_list is None:
            begins_list = line.lstrip().startswith("[")
        if begins_list:
            break
        record = parse_object(line)
        if record is not None:
            objects += 1
            names.update(dict.fromkeys(record))
    if not objects or begins_list:
        raise DataError(
            f"{name} begins like JSON, but is not one object a line.",
            hint='JSONL has one object a line: {"user_id": "1", "item_id": "2", "rating": 4}.',
        )
    return Header("jsonl", tuple(names), "")


def parse_object(line: str) -> dict[str, object] | None:
    """The JSON object on a line; None when it is something else."""
    try:
        value = orjson.loads(line)
    except (orjson.JSONDecodeError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def fixed(names: Sequence[str], delimiter: str) -> Layout:
    """A legacy file without header or quotes: `names` says what each column is; an empty name is left out."""
    return Layout(
        form="split",
        header=tuple(names),
        columns={name: position for position, name in enumerate(names) if name},
        delimiter=delimiter,
        skip_header=False,
        genre_separators="|",
        legacy=True,
    )
