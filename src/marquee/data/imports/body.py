"""The lines of a body that comes through a pipe, and how they are laid out."""

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from marquee.data.imports.job import ImportJob
from marquee.data.layout import (
    JSON_LINES_LOOKED_AT,
    NOTHING_LATE,
    Header,
    Layout,
    Table,
    csv_header,
    json_header,
)
from marquee.data.lines import Lines
from marquee.data.opening import GZIP, HEAD, DataFile, encoding_missed, known_encoding, required_encoding
from marquee.data.rejects import shown
from marquee.domain.errors import DataError, InvalidInput

BODY = "The body"
LONGEST_LINE = 2**20  # characters
_HEAD_CHARACTERS = 2**22
_MOST_TOLD = 50
_TEXT_WANTED = "A body is CSV or JSONL text, plain or compressed with gzip."


class _Resumed(io.RawIOBase):
    """A stream whose first bytes have been looked at."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what the base class takes is wider
        piece = self._head or self._rest.read1(len(buffer))  # type: ignore[attr-defined]  # of buffered readers
        taken = piece[: len(buffer)]
        self._head = piece[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)


class Counted(io.RawIOBase):
    """A stream that knows how many bytes were read from it."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self.bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as above
        count = self._raw.readinto(buffer)
        self.bytes += count
        return count


def lines_of(stream: BinaryIO, job: ImportJob) -> Lines:
    """The lines of a body, its bytes decompressed and decoded.

    Raises:
        DataError: there is nothing, or it is not text.
        InvalidInput: nobody knows its encoding.
    """
    head, stream = _looked_at(stream, len(GZIP))
    if job.compressed or head == GZIP:
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=stream))
    head, stream = _looked_at(stream, HEAD)
    encoding = required_encoding(head, BODY, _TEXT_WANTED)
    if job.encoding is not None:
        encoding = known_encoding(job.encoding)
    text = io.TextIOWrapper(stream, encoding=encoding, errors="surrogateescape", newline="")
    return Lines(text, BODY, LONGEST_LINE)


@contextmanager
def readable() -> Iterator[None]:
    """Turns what decompressing and decoding raise into `DataError`."""
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(f"The gzip stream is damaged ({error}).", hint="Compress it again.") from error
    except UnicodeError as error:
        if isinstance(error, UnicodeEncodeError):  # that is of our own making
            raise
        raise DataError(
            f"The body is not in {encoding_missed(error)}.",
            hint="Name its encoding: `Content-Type: text/csv; charset=…`.",
        ) from error


def header_of(lines: Lines, job: ImportJob) -> Header:
    """The columns of a body, from its first lines, which will be read again.

    Raises:
        DataError: there is no first line, or it is of another form.
    """
    if job.form == "jsonl":
        return json_header(lines.head(JSON_LINES_LOOKED_AT, _HEAD_CHARACTERS), BODY)
    for line in lines.head(100, _HEAD_CHARACTERS):
        if line.strip():
            if line.lstrip().startswith("{"):
                raise DataError(
                    "The body begins like JSON.", hint="Send JSONL with Content-Type: application/x-ndjson."
                )
            return csv_header(line)
    raise DataError(f"{BODY} has no header.", hint="The first line of CSV names its columns.")


def table_of(header: Header, columns: Mapping[str, int], late: Mapping[str, str] = NOTHING_LATE) -> Table:
    """The body as a table, for the parsers; `late` as in `Layout`."""
    layout = Layout(
        form=header.form, header=header.names, columns=columns, delimiter=header.delimiter, late=late
    )
    return Table(DataFile(Path(BODY)), layout)


def ignored_columns(header: Header, columns: Mapping[str, int]) -> list[str]:
    """Names that mean nothing here, short enough to be told; the first fifty of them."""
    names = [name for place, name in enumerate(header.names) if place not in columns.values()]
    return [shown(name) for name in names[:_MOST_TOLD]]


@contextmanager
def advising(hint: str) -> Iterator[None]:
    """Errors about columns say what a client can do: it has no command line."""
    try:
        yield
    except (DataError, InvalidInput) as error:
        raise DataError(error.message, hint=hint) from error


def _looked_at(stream: BinaryIO, count: int) -> tuple[bytes, BinaryIO]:
    """(the first bytes, a stream that begins with them)."""
    head = stream.read(count)
    return head, cast("BinaryIO", io.BufferedReader(_Resumed(head, stream), HEAD))
