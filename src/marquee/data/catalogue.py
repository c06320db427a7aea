"""Items and users out of their files: attributes checked row by row."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, NoReturn, TypeAlias, TypeVar

from marquee.data.columns import ATTRIBUTE, GENRE_FLAG
from marquee.data.layout import Table
from marquee.data.progress import OnProgress
from marquee.data.reading import RawChunk, read_chunks
from marquee.data.rejects import NOT_DECODABLE, Reject, RejectLog, in_order, shown
from marquee.data.validation import NUL
from marquee.domain import columns as col
from marquee.domain.ids import NOT_TEXT, fault_of_new
from marquee.domain.limits import (
    AGES,
    LONGEST_ATTRIBUTE,
    LONGEST_TITLE,
    LONGEST_WORD,
    MOST_GENRES,
    YEARS,
    fault_of_attributes,
)
from marquee.domain.records import Item, User
from marquee.domain.words import CONTROLS

LONG_TITLE = f"title is longer than {LONGEST_TITLE} characters"
LONG_WORD = f"longer than {LONGEST_WORD} characters"
LONG_ATTRIBUTE = f"longer than {LONGEST_ATTRIBUTE:,} characters"
CONTROL = "holds control characters or line breaks"
NOT_A_YEAR = f"year is not a whole number from {YEARS[0]} to {YEARS[-1]}"
NOT_AN_AGE = f"age is not a whole number from 0 to {AGES[-1]}"
MANY_GENRES = f"more than {MOST_GENRES} genres"
NOT_GENRES = "genres is neither names with | between them nor a JSON list of names"
NOT_ATTRIBUTES = "attributes is not a JSON object"

NO_GENRES = frozenset({"", "(no genres listed)", "unknown"})  # MovieLens' ways of saying none
_YEAR_IN_TITLE = re.compile(r"(?P<title>.*\S)\s*\((?P<year>\d{4})\)(?:\s*\(V\))?")  # (V): released on video
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_ESCAPED_NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")
ATTRIBUTES = f"{ATTRIBUTE}attributes"  # the column in which an export has all of them, as a JSON object

Row: TypeAlias = Mapping[str, str]
NumberedRow: TypeAlias = tuple[int, Row]
R = TypeVar("R", Item, User)


class Fault(Exception):
    """Why a row cannot be taken; caught where the row is read, and turned into a `Reject`."""

    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.reason = field, value, reason


@dataclass(slots=True)
class Records(Generic[R]):
    """What a catalogue file held: the last row of each id, and the ids that have only bad rows.

    `untitled` counts items whose rows said no title: the id stands in its place.
    """

    by_id: dict[str, R] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)
    rows: int = 0
    duplicates: int = 0
    untitled: int = 0


def read_items(table: Table, rejects: RejectLog, on_progress: OnProgress) -> Records[Item]:
    """Every item of a file; bad rows go to `rejects`."""
    separators = table.layout.genre_separators
    untitled: dict[str, bool] = {}

    def record_of(row: Row) -> Item:
        item = item_of(row, separators)
        untitled[item.item_id] = not row.get(col.TITLE, "").strip()
        return item

    records = _read(table, col.ITEM, record_of, rejects, on_progress)
    records.untitled = sum(untitled.values())
    return records


def read_users(table: Table, rejects: RejectLog, on_progress: OnProgress) -> Records[User]:
    """Every user of a file; bad rows go to `rejects`."""
    return _read(table, col.USER, user_of, rejects, on_progress)


def _read(
    table: Table, id_role: str, record_of: Callable[[Row], R], rejects: RejectLog, on_progress: OnProgress
) -> Records[R]:
    records: Records[R] = Records()
    for chunk in read_chunks(table, on_progress):
        bad = list(chunk.rejects)
        for line, row in numbered_rows(chunk):
            try:
                record = record_of(row)
            except Fault as fault:
                records.rejected.add(row[id_role])
                bad.append(Reject(table.file.name, line, fault.field, shown(fault.value), fault.reason))
            else:
                records.duplicates += row[id_role] in records.by_id
                records.by_id[row[id_role]] = record
        records.rows += len(chunk.lines) + len(chunk.rejects)
        rejects.add(in_order(bad))
    records.rejected -= records.by_id.keys()
    return records


def numbered_rows(chunk: RawChunk) -> Iterator[NumberedRow]:
    """Each row's line, and its cells by role."""
    columns = [chunk.texts(role) for role in chunk.cells]
    for line, *cells in zip(chunk.lines, *columns, strict=True):
        yield line, dict(zip(chunk.cells, cells, strict=True))


def item_of(row: Row, genre_separators: str = "|;,", *, exact: bool = False) -> Item:
    """An item from its cells.

    A title ending in a year, as MovieLens writes it, is parted from it where no other year is given;
    an empty title is the id's.

    Args:
        exact: texts are taken as they stand, with their spaces and their years.

    Raises:
        Fault: a cell is not what its column holds.
    """
    item_id = _id(row, col.ITEM)
    year = _whole_number(row.get(col.YEAR, ""), YEARS, col.YEAR, NOT_A_YEAR)
    title = _text(row.get(col.TITLE, ""), col.TITLE, LONGEST_TITLE, LONG_TITLE, exact=exact)
    if not title.strip():
        title = item_id
    parted = _YEAR_IN_TITLE.fullmatch(title) if year is None and not exact else None
    if parted and int(parted["year"]) in YEARS:
        title, year = parted["title"], int(parted["year"])
    return Item(item_id, title, year, _genres(row, genre_separators, exact=exact), _attributes(row))


def user_of(row: Row, *, exact: bool = False) -> User:
    """A user from their cells; `exact` as for `item_of`; raises Fault."""
    gender, occupation = (
        _text(written, field, LONGEST_WORD, LONG_WORD, exact=exact) if written.strip() else None
        for field, written in ((field, row.get(field, "")) for field in (col.GENDER, col.OCCUPATION))
    )
    age = _whole_number(row.get(col.AGE, ""), AGES, col.AGE, NOT_AN_AGE)
    return User(_id(row, col.USER), age, gender, occupation, _attributes(row))


def _id(row: Row, role: str) -> str:
    value = row[role]
    fault = fault_of_new(value)
    if fault is not None:
        raise Fault(role, value, NOT_DECODABLE if fault == NOT_TEXT else fault)
    return value


def _whole_number(text: str, allowed: range, field: str, reason: str) -> int | None:
    """`1995`, also as `1995.0`; None for nothing."""
    stripped = text.strip()
    if not stripped:
        return None
    if not re.fullmatch(r"[0-9]{1,9}(\.0*)?", stripped) or int(float(stripped)) not in allowed:
        raise Fault(field, text, reason)
    return int(float(stripped))


def _genres(row: Row, separators: str, *, exact: bool) -> tuple[str, ...]:
    """Genres from a JSON list, from a text with separators, or from one flag a genre.

    Each once, in the file's order; a list is taken as it stands, but for what is blank.
    """
    written = row.get(col.GENRES, "")
    if written.startswith("["):
        genres = _listed_genres(written, exact=exact)
    else:
        named = re.split(f"[{re.escape(separators)}]", written)
        flags = [role for role, cell in row.items() if role.startswith(GENRE_FLAG) and cell == "1"]
        stripped = [_genre(genre.removeprefix(GENRE_FLAG)) for genre in (*named, *flags)]
        genres = tuple(dict.fromkeys(genre for genre in stripped if genre.lower() not in NO_GENRES))
    if len(genres) > MOST_GENRES:
        raise Fault(col.GENRES, written, MANY_GENRES)
    return genres


def _genre(text: str, *, exact: bool = False) -> str:
    return _text(text, col.GENRES, LONGEST_WORD, LONG_WORD, exact=exact)


def _listed_genres(written: str, *, exact: bool) -> tuple[str, ...]:
    try:
        names = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise Fault(col.GENRES, written, NOT_GENRES) from error
    if not all(isinstance(name, str) for name in names):
        raise Fault(col.GENRES, written, NOT_GENRES)
    return tuple(_genre(name, exact=exact) for name in names if name.strip())


def _attributes(row: Row) -> dict[str, object]:
    """The columns that nobody asked for, without the empty ones; one named `attributes` holds many."""
    attributes: dict[str, object] = {}
    for role, cell in row.items():
        if not role.startswith(ATTRIBUTE) or not cell.strip():
            continue
        if role == ATTRIBUTES:
            attributes.update(_object(cell))
        else:
            attributes[role.removeprefix(ATTRIBUTE)] = _attribute(cell.strip(), role.removeprefix(ATTRIBUTE))
    fault = fault_of_attributes(attributes)
    if fault is not None:
        raise Fault(ATTRIBUTES.removeprefix(ATTRIBUTE), "", fault)
    return attributes


def _object(text: str) -> dict[str, object]:
    """A JSON object that Postgres can keep."""
    field = ATTRIBUTES.removeprefix(ATTRIBUTE)
    if _SURROGATES.search(text):
        raise Fault(field, text, NOT_DECODABLE)
    try:
        content = json.loads(text, parse_constant=_no_constant)
        written = as_json(content)
    except (ValueError, RecursionError) as error:
        raise Fault(field, text, NOT_ATTRIBUTES) from error
    if not isinstance(content, dict):
        raise Fault(field, text, NOT_ATTRIBUTES)
    if _SURROGATES.search(written):
        raise Fault(field, text, NOT_DECODABLE)
    fault = NUL if _ESCAPED_NUL.search(written) else fault_of_attributes(content)
    if fault is not None:
        raise Fault(field, text, fault)
    return content


def as_json(content: object) -> str:
    """JSON as Postgres takes it; raises ValueError for what JSON has no number for."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _attribute(text: str, field: str) -> str:
    if len(text) > LONGEST_ATTRIBUTE:
        raise Fault(field, text, LONG_ATTRIBUTE)
    return _storable(text, field)


def _text(text: str, field: str, longest: int, reason: str, *, exact: bool) -> str:
    """A text for people to read, on one line; unless `exact`, with single spaces."""
    taken = text if exact else " ".join(text.split())
    if len(taken) > longest:
        raise Fault(field, taken, reason)
    if _SURROGATES.search(taken):
        raise Fault(field, taken, NOT_DECODABLE)
    if CONTROLS.search(taken):
        raise Fault(field, taken, CONTROL)
    return taken


def _storable(text: str, field: str) -> str:
    if "\0" in text:
        raise Fault(field, text, NUL)
    if _SURROGATES.search(text):
        raise Fault(field, text, NOT_DECODABLE)
    return text
