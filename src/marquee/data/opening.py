"""From bytes on disk to text: compression, archives, encodings, and files that are not text at all."""

import codecs
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from marquee.domain.errors import DataError, InvalidInput

HEAD = 64 * 1024  # bytes looked at to tell what a file is
BINARY_SHARE = 0.02  # of control bytes in the head; text has next to none, compressed bytes about 10 %
STRAY_BYTES = 8  # control bytes that even a short text may hold
UTF16_SHARE = 0.3  # of NUL bytes at one parity: UTF-16 of mostly Latin text

GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_TEXT = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"
_TEXT_WANTED = "A data file is CSV or JSONL text, plain or as .gz or .zip."


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a data set; `member` is its name inside the zip archive at `path`."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """As reports call it."""
        return self.path.name if self.member is None else f"{self.path.name}/{self.member}"

    @property
    def base(self) -> str:
        """The bare file name in lower case, without `.gz`."""
        return Path(self.member or self.path.name).name.lower().removesuffix(".gz")


@dataclass(frozen=True, slots=True)
class OpenText:
    """An open file's text, and how far into the bytes on disk the reading is."""

    text: io.TextIOWrapper
    size: int
    _raw: IO[bytes]

    def position(self) -> int:
        return self._raw.tell()


@contextmanager
def open_text(file: DataFile, encoding: str | None = None, *, legacy: bool = False) -> Iterator[OpenText]:
    """Open a data file as text, its line ends untouched.

    Bytes that the encoding has no character for come as lone surrogates, so that the rows that hold
    them can be rejected one by one.

    Args:
        encoding: what the file is in; None finds out (UTF-8, or UTF-16 and UTF-32 by their marks).
        legacy: a file of the 1990s, which is Latin-1 when it is not UTF-8.

    Raises:
        DataError: missing, unreadable, empty, damaged, or not text.
        InvalidInput: nobody knows an encoding of that name.
    """
    with readable(file), ExitStack() as stack:
        chosen = known_encoding(encoding) if encoding else _encoding(file, legacy=legacy)
        raw, content = _open_bytes(file, stack)
        size = file.path.stat().st_size if file.member is None else _member_size(file)
        text = io.TextIOWrapper(content, encoding=chosen, errors="surrogateescape", newline="")
        yield OpenText(stack.enter_context(text), size, raw)


@contextmanager
def readable(file: DataFile) -> Iterator[None]:
    """Turns what the file system and the decompressors raise into `DataError`."""
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(f"{file.name} is damaged ({error}).", hint="Copy or download it again.") from error
    except UnicodeError as error:
        raise DataError(
            f"{file.name} is not in {encoding_missed(error)}.", hint="Name its encoding with --encoding."
        ) from error
    except FileNotFoundError as error:
        raise DataError(f"{file.path} does not exist.", hint="Check the path.") from error
    except IsADirectoryError as error:
        raise DataError(f"{file.path} is a folder, not a file.") from error
    except OSError as error:
        raise DataError(f"{file.path} cannot be read ({error.strerror or error}).") from error


def is_zip(path: Path) -> bool:
    """Whether the file at `path` is a zip archive."""
    with readable(DataFile(path)), path.open("rb") as raw:
        return raw.read(len(_ZIP)) == _ZIP


def _open_bytes(file: DataFile, stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """(what lies on disk, for its position; the decompressed bytes)."""
    raw: IO[bytes]
    if file.member is not None:
        archive = stack.enter_context(zipfile.ZipFile(file.path))
        raw = stack.enter_context(_open_member(archive, file.member))
    else:
        raw = stack.enter_context(file.path.open("rb"))
    start = raw.read(len(GZIP))
    raw.seek(0)
    if start != GZIP:
        return raw, raw
    unpacked = gzip.GzipFile(fileobj=raw)
    stack.callback(unpacked.close)
    return raw, cast("IO[bytes]", unpacked)


def _open_member(archive: zipfile.ZipFile, member: str) -> IO[bytes]:
    try:
        return archive.open(member)
    except (RuntimeError, NotImplementedError) as error:  # encrypted, or an exotic compression
        raise DataError(f"{member} in {archive.filename} cannot be unpacked ({error}).") from error


def _member_size(file: DataFile) -> int:
    with zipfile.ZipFile(file.path) as archive:
        return archive.getinfo(file.member or "").file_size


def known_encoding(encoding: str) -> str:
    """Python's name of an encoding; raises InvalidInput."""
    try:
        codec = codecs.lookup(encoding)
        b"\0\0\0\0".decode(codec.name, "surrogateescape")  # some of Python's are no encodings of text
    except (LookupError, UnicodeError) as error:
        raise InvalidInput(
            f"There is no encoding called {encoding!r}.", hint="Try utf-8, latin-1, cp1252 or utf-16."
        ) from error
    return "utf-8-sig" if codec.name == "utf-8" else codec.name


def encoding_missed(error: UnicodeError) -> str:
    """Which encoding something turned out not to be in, and why."""
    if isinstance(error, UnicodeDecodeError):
        return f"{error.encoding} ({error.reason})"
    return f"the encoding that was named ({error})"  # UTF-16 without its mark


def _encoding(file: DataFile, *, legacy: bool) -> str:
    with ExitStack() as stack:
        _, content = _open_bytes(file, stack)
        head = content.read(HEAD)
        encoding = required_encoding(head, file.name)
        if legacy and encoding == "utf-8" and not _is_utf8(head, content):
            return "latin-1"
    return encoding


def required_encoding(head: bytes, name: str, wanted: str = _TEXT_WANTED) -> str:
    """As `encoding_of`; raises DataError, with what is `wanted`, where there is nothing, or no text."""
    if not head.strip():
        raise DataError(f"{name} is empty.", hint=wanted)
    encoding = encoding_of(head)
    if encoding is None:
        raise DataError(f"{name} is not text{_guess(head)}.", hint=wanted)
    return encoding


def encoding_of(head: bytes) -> str | None:
    """The encoding that a file's first bytes speak for; None when they are not text.

    A stray NUL byte or one in another encoding does not make a file binary: its row is rejected later.
    """
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > UTF16_SHARE * len(head) / 2 > even:
        return "utf-16-le"
    if even > UTF16_SHARE * len(head) / 2 > odd:
        return "utf-16-be"
    controls = len(head) - len(head.translate(None, _NOT_TEXT))
    is_binary = controls > STRAY_BYTES + BINARY_SHARE * len(head) and (
        b"\0" in head or not _begins_as_utf8(head)
    )
    return None if is_binary else "utf-8"


def _begins_as_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # not final: the head may cut a character
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(head: bytes, rest: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
        while block := rest.read(HEAD):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guess(head: bytes) -> str:
    kinds = (
        (b"PAR1", "Parquet"),
        (b"SQLite format 3", "a SQLite database"),
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"%PDF", "a PDF document"),
        (b"\xd0\xcf\x11\xe0", "an old Excel sheet"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
        (b"BZh", "compressed with bzip2"),
        (b"\xfd7zXZ", "compressed with xz"),
        (b"\x7fELF", "a program"),
    )
    return next((f": it looks like {kind}" for magic, kind in kinds if head.startswith(magic)), "")
