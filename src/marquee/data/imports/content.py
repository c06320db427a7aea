"""Rows as CSV for COPY: without a header, texts in quotes, what is missing empty."""

import io
from collections.abc import Iterable

import pyarrow as pa
from pyarrow import csv as arrow_csv


def as_csv(table: pa.Table) -> bytes:
    """A table as CSV without a header; texts are in quotes, what is missing is empty."""
    content = io.BytesIO()
    arrow_csv.write_csv(table, content, arrow_csv.WriteOptions(include_header=False))
    return content.getvalue()


def rows_as_csv(rows: Iterable[tuple[object, ...]]) -> bytes:
    """The same of Python's values; None is missing."""
    return "".join(",".join(map(_cell, row)) + "\n" for row in rows).encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    doubled = str(value).replace('"', '""')
    return f'"{doubled}"'
