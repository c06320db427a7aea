"""Encodings, compression, and files that are no text."""

import encodings
import encodings.aliases
import gzip
import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from marquee.data.opening import DataFile, encoding_of, open_text
from marquee.domain.errors import DataError, InvalidInput
from tests.support.data_files import write

NOISE = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(150))
TEXT = "user_id,title\n1,Amélie 🎬\n"


def content_of(path: Path, encoding: str | None = None, *, legacy: bool = False) -> str:
    with open_text(DataFile(path), encoding, legacy=legacy) as opened:
        return opened.text.read()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_told_apart_by_its_mark_or_its_zero_bytes(tmp_path: Path, encoding: str) -> None:
    assert content_of(write(tmp_path / "a.csv", TEXT.encode(encoding))) == TEXT


def test_a_legacy_file_is_latin_1_only_when_it_is_not_utf_8(tmp_path: Path) -> None:
    latin = write(tmp_path / "latin", "Cérémonie".encode("latin-1"))
    utf8 = write(tmp_path / "utf8", "Cérémonie".encode())
    assert content_of(latin, legacy=True) == content_of(utf8, legacy=True) == "Cérémonie"


def test_bytes_outside_the_encoding_come_as_lone_surrogates(tmp_path: Path) -> None:
    assert content_of(write(tmp_path / "a.csv", b"caf\xe9")) == "caf\udce9"


def test_a_named_encoding_is_used(tmp_path: Path) -> None:
    assert content_of(write(tmp_path / "a.csv", "prix,€\n".encode("cp1252")), "cp1252") == "prix,€\n"


def test_an_unknown_encoding_is_said_to_be_unknown(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'klingon'"):
        content_of(write(tmp_path / "a.csv", TEXT), "klingon")


@pytest.mark.parametrize("encoding", sorted(set(encodings.aliases.aliases.values()) | {"idna", "undefined"}))
def test_every_encoding_that_python_knows_is_one_of_text_or_refused(tmp_path: Path, encoding: str) -> None:
    file = write(tmp_path / "a.csv", b"user_id,title\n\0\0")
    try:
        content_of(file, encoding)
    except InvalidInput as error:  # or it is read
        assert repr(encoding) in error.message or "is not in" in error.message  # noqa: PT017


def test_a_file_that_is_not_in_the_named_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not in utf-16"):
        content_of(write(tmp_path / "a.csv", b"\xff\xfea\x00b"), "utf-16")


@pytest.mark.parametrize("content", [b"", b"\n\n  \n"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"a\.csv is empty"):
        content_of(write(tmp_path / "a.csv", content))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (NOISE, "is not text"),
        (b"PAR1" + bytes(range(256)) * 9, "looks like Parquet"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "PNG"),
        (bytes(1000), "is not text"),
    ],
)
def test_a_binary_file_is_refused_with_what_it_looks_like(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        content_of(write(tmp_path / "a.csv", content))


def test_a_stray_zero_byte_does_not_make_a_text_binary() -> None:
    assert encoding_of(b"user,item,rating\n1,\x00,\xff\n") == "utf-8"


def test_gzip_is_unpacked_whatever_the_file_is_called(tmp_path: Path) -> None:
    assert content_of(write(tmp_path / "a.csv", gzip.compress(TEXT.encode()))) == TEXT


def test_a_cut_gzip_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    whole = gzip.compress(NOISE.hex().encode())
    with pytest.raises(DataError, match="damaged"):
        content_of(write(tmp_path / "a.csv.gz", whole[:-500]))


def test_a_member_of_an_archive_is_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("folder/ratings.csv", TEXT)
    with open_text(DataFile(tmp_path / "a.zip", "folder/ratings.csv")) as opened:
        assert opened.text.read() == TEXT
        assert opened.position() == opened.size == len(TEXT.encode())


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        content_of(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a folder"):
        content_of(tmp_path)


def test_line_ends_are_left_as_they_are(tmp_path: Path) -> None:
    text = "a\r\nb\rc\n"
    with open_text(DataFile(write(tmp_path / "a.csv", text))) as opened:
        assert list(opened.text) == list(io.StringIO(text, newline=""))
