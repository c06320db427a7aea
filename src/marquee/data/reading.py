"""Tables as chunks of raw text, every row with the line on which it begins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from marquee.data.layout import Layout, Table
from marquee.data.lines import Lines
from marquee.data.opening import open_text
from marquee.data.parsing import BLANKS, PARSERS, Record
from marquee.data.plain import parse_block
from marquee.data.progress import OnProgress
from marquee.data.rejects import Reject
from marquee.domain import columns as col

CHUNK_ROWS = 32_768

Cells: TypeAlias = "Sequence[str] | pa.Array"


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Some rows as text.

    Attributes:
        lines: where each row begins; n of them.
        cells: role to what each row says there ("" for nothing); n of them a role.
        rejects: what lay between these rows and is none, by line.
    """

    lines: Sequence[int]
    cells: Mapping[str, Cells]
    rejects: Sequence[Reject] = ()

    def texts(self, role: str) -> Sequence[str]:
        """A column as Python's strings."""
        cells = self.cells[role]
        texts: Sequence[str] = cells.to_pylist() if isinstance(cells, pa.Array) else cells
        return texts


def read_chunks(table: Table, on_progress: OnProgress) -> Iterator[RawChunk]:
    """Read a table, chunk by chunk.

    Raises:
        DataError: the file cannot be read, or a line of it never ends.
    """
    step = f"Reading {table.file.name}"
    with open_text(table.file, table.layout.encoding, legacy=table.layout.legacy) as opened:
        for chunk in chunks_of(Lines(opened.text, table.file.name), table):
            on_progress(step, opened.position(), opened.size)
            yield chunk
        on_progress(step, opened.size, opened.size)


def chunks_of(lines: Lines, table: Table) -> Iterator[RawChunk]:
    """The rows of lines that are laid out as the table is."""
    records = PARSERS[table.layout.form](lines, table)
    chunk = _parsed(records, 1, table)  # the header, and the first row
    while chunk:
        yield chunk
        chunk = _plain(lines, table) or _parsed(records, CHUNK_ROWS, table)


def _plain(lines: Lines, table: Table) -> RawChunk | None:
    block = lines.block()
    if not block:
        return None
    parsed = parse_block(block, table.layout)
    if parsed is None:
        lines.refuse(block)
        return None
    start = lines.number + 1
    lines.accept(block, parsed.num_rows)
    fields = [column.combine_chunks() for column in parsed.columns]
    for role in (col.USER, col.ITEM):  # of all columns the ids alone are compared blank by blank
        if role in table.layout.columns:
            place = table.layout.columns[role]
            fields[place] = pc.utf8_trim(fields[place], BLANKS)
    return _chunk(range(start, start + parsed.num_rows), fields, table.layout)


def _parsed(records: Iterator[Record], most: int, table: Table) -> RawChunk | None:
    batch = list(islice(records, most))
    if not batch:
        return None
    rejects = [record for record in batch if isinstance(record, Reject)]
    rows = [record for record in batch if not isinstance(record, Reject)] if rejects else batch
    lines, *fields = zip(*rows, strict=True) if rows else ((),) * (len(table.layout.header) + 1)
    return _chunk(lines, fields, table.layout, rejects)


def _chunk(
    lines: Sequence[int], fields: Sequence[Cells], layout: Layout, rejects: Sequence[Reject] = ()
) -> RawChunk:
    return RawChunk(lines, {role: fields[position] for role, position in layout.columns.items()}, rejects)
