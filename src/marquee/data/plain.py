"""The quick way through plain tables: a block of whole lines at once, where every line is a row."""

import pyarrow as pa
from pyarrow import csv as arrow_csv

from marquee.data.layout import Layout


def parse_block(block: str, layout: Layout) -> pa.Table | None:
    """A block of lines as text columns, row i being line i.

    Returns:
        None when it is not so simple: quotes, blank or ragged lines, old Mac line ends, or bytes that
        could not be decoded. Then a parser must go through it line by line.
    """
    if not _is_plain(block, layout):
        return None
    try:
        content = block.encode()
        table = arrow_csv.read_csv(pa.py_buffer(content), *_options(layout, len(content)))
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return None
    lines = block.count("\n") + (not block.endswith("\n"))
    return table if table.num_rows == lines else None


def _is_plain(block: str, layout: Layout) -> bool:
    return (
        layout.form != "jsonl"
        and len(layout.delimiter) == 1
        and layout.delimiter.isascii()
        and (layout.form == "split" or '"' not in block)
        and block.count("\r") == block.count("\r\n")
    )


def _options(
    layout: Layout, size: int
) -> tuple[arrow_csv.ReadOptions, arrow_csv.ParseOptions, arrow_csv.ConvertOptions]:
    names = [str(position) for position in range(len(layout.header))]
    return (
        arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=size + 1),
        arrow_csv.ParseOptions(delimiter=layout.delimiter, quote_char=False, ignore_empty_lines=True),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
