"""The quick way through plain tables: a block of whole lines at once, where every line is a row."""

import pyarrow as pa
from pyarrow import csv as arrow_csv

from marquee.data.layout import Layout

_BLANKS = " \t"


def parse_block(block: str, layout: Layout) -> pa.Table | None:
    """A block of lines as text columns, row i being line i.

    Returns:
        None when it is not so simple: quotes that mean something, blank or ragged lines, old Mac line ends,
        or bytes that could not be decoded. Then a parser must go through it line by line.
    """
    is_quoted = layout.form == "csv" and '"' in block
    bare = _without_quotes(block, layout.delimiter) if is_quoted else block
    if not _is_plain(bare, layout):
        return None
    table = _read(bare, layout)
    lines = block.count("\n") + (not block.endswith("\n"))
    if table is None or table.num_rows != lines:
        return None
    # Many programs put quotes around every text. They mean nothing where the cells are the same without.
    return table if not is_quoted or table.equals(_read(block, layout, quotes=True)) else None


def _is_plain(block: str, layout: Layout) -> bool:
    return (
        layout.form != "jsonl"
        and len(layout.delimiter) == 1
        and layout.delimiter.isascii()
        and (layout.form == "split" or '"' not in block)
        and block.count("\r") == block.count("\r\n")
    )


def _without_quotes(block: str, delimiter: str) -> str:
    """The block without quotes that begin or end a cell; as it is where one guards a blank or is alone."""
    if block.count('"') % 2:
        return block
    for blank in _BLANKS.replace(delimiter, ""):
        if f'"{blank}' in block or f'{blank}"' in block:
            return block
    for before in ("\n", delimiter):
        block = block.replace(f'{before}"', before)
    for after in ("\n", "\r", delimiter):
        block = block.replace(f'"{after}', after)
    return block.removeprefix('"').removesuffix('"')


def _read(block: str, layout: Layout, *, quotes: bool = False) -> pa.Table | None:
    names = [str(position) for position in range(len(layout.header))]
    try:
        content = block.encode()
        return arrow_csv.read_csv(
            pa.py_buffer(content),
            arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(content) + 1),
            arrow_csv.ParseOptions(
                delimiter=layout.delimiter,
                quote_char='"' if quotes else False,
                newlines_in_values=quotes,
                ignore_empty_lines=True,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return None
