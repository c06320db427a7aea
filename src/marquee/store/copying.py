"""Many rows into Postgres: COPY into a temporary table, then one merging INSERT."""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from marquee.domain.errors import InvalidInput

if TYPE_CHECKING:  # the workers of the inference service read rows, not frames
    import pandas as pd

_CHUNK = 100_000
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows a bulk load made, changed, and found as they were."""

    inserted: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Touched:
    """What a merge did: rows made and changed, and the first few keys of those, each once.

    Attributes:
        fresh: whether it is known that none of the rows was there before.
    """

    inserted: int
    updated: int
    keys: tuple[str, ...]
    fresh: bool = False


MOST_KEYS = 200  # that `merge_csv` tells


def merge(connection: Connection, frame: "pd.DataFrame", columns: Mapping[str, str], insert: str) -> Loaded:
    """Merge a frame into a table.

    Args:
        frame: holds every name in `columns`; missing values become NULL.
        columns: names and Postgres types of the temporary table `incoming`.
        insert: an `INSERT … SELECT … FROM incoming … ON CONFLICT …` that touches only rows that change.
    """
    with _incoming(connection, columns):
        _copy(connection, frame, columns)
        row = connection.execute(
            text(
                f"WITH touched AS ({insert} RETURNING xmax = 0 AS inserted) "  # noqa: S608 - callers pass constants
                "SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) AS touched FROM touched"
            )
        ).one()
    return Loaded(row.inserted, row.touched - row.inserted, len(frame) - row.touched)


def merge_csv(
    connection: Connection,
    content: bytes,
    columns: Mapping[str, str],
    insert: str,
    key: str,
    *,
    fresh: str | None = None,
) -> Touched:
    """Merge rows into a table; arguments as for `merge`.

    Args:
        content: the rows as CSV without a header; what is empty and not in quotes becomes NULL.
        key: the column whose values are told, of the rows that were touched: up to `MOST_KEYS`, and one more
            where there are more.
        fresh: `insert` without its `ON CONFLICT`, which takes half as long again: given where none of the
            rows is expected to be there, it is tried first.
    """
    with _incoming(connection, columns):
        cursor = connection.connection.cursor()
        cursor.copy_expert(
            f"COPY incoming ({', '.join(columns)}) FROM STDIN WITH (FORMAT csv)", io.BytesIO(content)
        )
        if fresh:
            try:
                with connection.begin_nested():
                    return replace(_touched(connection, fresh, key), fresh=True)
            except IntegrityError:  # one of them is there
                pass
        return _touched(connection, insert, key)


def _touched(connection: Connection, insert: str, key: str) -> Touched:
    row = connection.execute(
        text(
            f"WITH touched AS ({insert} RETURNING xmax = 0 AS inserted, {key} AS key) "  # noqa: S608 - as above
            "SELECT count(*) FILTER (WHERE inserted) AS inserted, count(*) AS touched, "
            f"ARRAY(SELECT DISTINCT key FROM touched LIMIT {MOST_KEYS + 1}) AS keys FROM touched"
        )
    ).one()
    return Touched(row.inserted, row.touched - row.inserted, tuple(row.keys))


@contextmanager
def _incoming(connection: Connection, columns: Mapping[str, str]) -> Iterator[None]:
    types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    connection.execute(text(f"CREATE TEMP TABLE incoming ({types}) ON COMMIT DROP"))
    yield
    connection.execute(text("DROP TABLE incoming"))


def _copy(connection: Connection, frame: "pd.DataFrame", columns: Mapping[str, str]) -> None:
    cursor = connection.connection.cursor()
    for start in range(0, len(frame), _CHUNK):
        chunk = frame.iloc[start : start + _CHUNK]
        fields = [_escaped(chunk[name]) for name in columns]
        content = "".join("\t".join(row) + "\n" for row in zip(*fields, strict=True))
        if "\0" in content:
            raise InvalidInput("A text holds a NUL character, which the database cannot keep.")
        cursor.copy_expert(f"COPY incoming ({', '.join(columns)}) FROM STDIN", io.StringIO(content))


def _escaped(column: "pd.Series") -> "pd.Series":
    """The column in COPY's text format; NULL is an unescaped \\N."""
    from pandas.api.types import is_numeric_dtype

    missing = column.isna()
    strings = column.astype("str")
    if not is_numeric_dtype(column.dtype):
        for plain, escaped in _ESCAPES:
            strings = strings.str.replace(plain, escaped, regex=False)
    return strings.mask(missing, "\\N")


def json_column(frame: "pd.DataFrame", name: str) -> list[str]:
    """A column of dicts as JSON texts; `{}` everywhere when the frame has no such column."""
    if name not in frame:
        return ["{}"] * len(frame)
    return [json.dumps(value) for value in frame[name]]
