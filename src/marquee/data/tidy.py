"""The form in which data sets lie in `data/raw`: three sorted CSV files: equal data is equal bytes."""

import csv
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from marquee.domain import columns as col
from marquee.domain.errors import ConfigurationError
from marquee.domain.records import Item, User

RATINGS, ITEMS, USERS = "ratings.csv", "items.csv", "users.csv"
FILES = (RATINGS, ITEMS, USERS)


def tidy(ratings: pd.DataFrame, items: Iterable[Item], users: Iterable[User]) -> dict[str, bytes]:
    """The files' contents: ratings by (timestamp, user, item), the others by id; numbers by value."""
    return {
        RATINGS: _csv(col.RATING_COLUMNS, _rating_rows(ratings)),
        ITEMS: items_csv(items),
        USERS: users_csv(users),
    }


def items_csv(items: Iterable[Item]) -> bytes:
    """item_id, title, year, genres (by name, `|` between them), sorted by id."""
    return _csv(
        col.ITEM_COLUMNS,
        (
            (item.item_id, item.title, "" if item.year is None else item.year, "|".join(sorted(item.genres)))
            for item in sorted(items, key=lambda item: id_order(item.item_id))
        ),
    )


def users_csv(users: Iterable[User]) -> bytes:
    """user_id, age, gender, occupation, sorted by id."""
    return _csv(
        col.USER_COLUMNS,
        (
            (user.user_id, "" if user.age is None else user.age, user.gender or "", user.occupation or "")
            for user in sorted(users, key=lambda user: id_order(user.user_id))
        ),
    )


def id_order(value: str) -> tuple[int, int, str]:
    """Sorts whole numbers by value, before all other ids."""
    return (0, int(value), value) if value.isascii() and value.isdigit() else (1, 0, value)


def _rating_rows(ratings: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    rows = zip(*(ratings[name].tolist() for name in col.RATING_COLUMNS), strict=True)
    for user, item, stars, time in sorted(rows, key=lambda row: (row[3], id_order(row[0]), id_order(row[1]))):
        yield user, item, f"{stars:g}", time


def _csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def sha256(content: bytes) -> str:
    """The hash by which contents are known, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each of the three files that is there."""
    return {name: sha256((folder / name).read_bytes()) for name in FILES if (folder / name).is_file()}


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put a folder with these files in place of whatever was there, at once.

    Raises:
        ConfigurationError: the place cannot be written.
    """
    with _writable(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            fresh.chmod(0o755)
            for name, content in files.items():
                (fresh / name).write_bytes(content)
            _swap(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; raises ConfigurationError as `write_folder` does."""
    with _writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        fresh = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            fresh.chmod(0o644)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)


def _swap(fresh: Path, folder: Path) -> None:
    """Rename `fresh` to `folder`; a folder that is there already steps aside first, and then goes."""
    if not folder.exists():
        fresh.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(old / folder.name)
    fresh.rename(folder)
    shutil.rmtree(old)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error.strerror or error}).",
            hint="Choose another folder: MARQUEE_DATA_DIR.",
        ) from error
