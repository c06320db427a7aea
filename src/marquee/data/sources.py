"""What lies at a path: which files are the ratings, the items and the users, and how each is laid out."""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from marquee.data.columns import (
    ATTRIBUTE,
    GENRE_FLAG,
    ITEM_SYNONYMS,
    RATING_SYNONYMS,
    USER_SYNONYMS,
    catalogue_columns,
    late,
    rating_columns,
)
from marquee.data.layout import FOUND_OUT, Columns, Header, Layout, Table, fixed, read_header
from marquee.data.opening import DataFile, is_zip, readable
from marquee.domain import columns as col
from marquee.domain.errors import DataError

# The order of u.item's flags, as u.genre gives it.
_ML_100K_GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary"),
    *("Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller"),
    *("War", "Western"),
)

# The files without headers: MovieLens 100K, then 1M and 10M. ZIP codes are left out: nothing needs them.
_LEGACY: Mapping[str, Layout] = {
    "u.data": fixed((col.USER, col.ITEM, col.RATING, col.TIME), "\t"),
    "u.item": fixed(
        (
            col.ITEM,
            col.TITLE,
            f"{ATTRIBUTE}release_date",
            "",
            f"{ATTRIBUTE}imdb_url",
            *(GENRE_FLAG + genre for genre in _ML_100K_GENRES),
        ),
        "|",
    ),
    "u.user": fixed((col.USER, col.AGE, col.GENDER, col.OCCUPATION, ""), "|"),
    "ratings.dat": fixed((col.USER, col.ITEM, col.RATING, col.TIME), "::"),
    "movies.dat": fixed((col.ITEM, col.TITLE, col.GENRES), "::"),
    "users.dat": fixed((col.USER, col.GENDER, col.AGE, col.OCCUPATION, ""), "::"),
}

# (ratings, items, users): names of files that belong together; the first family with its ratings is taken.
_FAMILIES: Sequence[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = (
    (("u.data",), ("u.item",), ("u.user",)),
    (("ratings.dat",), ("movies.dat",), ("users.dat",)),
    (("ratings.csv",), ("movies.csv", "items.csv"), ("users.csv",)),
    (("ratings.jsonl",), ("movies.jsonl", "items.jsonl"), ("users.jsonl",)),
    ((".inter",), (".item",), (".user",)),
)
_FETCH = "Fetch MovieLens 100K with `marquee data fetch ml-100k`, or name a file."
_MOST_KEYS = 1000  # of the objects of a catalogue together


@dataclass(frozen=True, slots=True)
class DataSet:
    """The tables of a data set; at least one is there."""

    name: str
    ratings: Table | None = None
    items: Table | None = None
    users: Table | None = None


def locate(
    path: Path | None, columns: Columns = FOUND_OUT, items: Path | None = None, users: Path | None = None
) -> DataSet:
    """Find the tables.

    Args:
        path: a folder or zip archive of a MovieLens data set, or one file of ratings with named columns;
            None when only `items` or `users` are to be read.
        columns: what is known of the ratings file; its encoding holds for all files.
        items: a file of items, in place of the one found beside the ratings.
        users: likewise.

    Raises:
        DataError: nothing usable there; the message says what was found and what was expected.
    """
    found = _found(path, columns) if path else DataSet(name=(items or users or Path()).stem)
    catalogue = Columns(named=columns.named, encoding=columns.encoding)
    if items:
        found = replace(found, items=_item_table(DataFile(items), catalogue))
    if users:
        found = replace(found, users=_user_table(DataFile(users), catalogue))
    return found


def _found(path: Path, columns: Columns) -> DataSet:
    if not path.exists():
        raise DataError(f"{path} does not exist.", hint=_FETCH)
    name = path.name.split(".")[0] or path.name
    if path.is_dir():
        return _family(
            path, name, [DataFile(entry) for entry in sorted(path.iterdir()) if entry.is_file()], columns
        )
    if is_zip(path):
        members = _members(path)
        if len(members) > 1:
            return _family(path, name, members, columns)
        return DataSet(name, ratings=_rating_table(members[0], columns))
    return DataSet(name, ratings=_rating_table(DataFile(path), columns))


def _members(path: Path) -> list[DataFile]:
    with readable(DataFile(path)), zipfile.ZipFile(path) as archive:
        names = sorted(entry.filename for entry in archive.infolist() if not entry.is_dir())
    members = [DataFile(path, name) for name in names if not name.startswith("__MACOSX/")]
    if not members:
        raise DataError(f"{path} is an empty archive.")
    return members


def _family(path: Path, name: str, files: Sequence[DataFile], columns: Columns) -> DataSet:
    for ratings, items, users in _FAMILIES:
        rating_file = _pick(files, ratings)
        if rating_file:
            item_file, user_file = _pick(files, items), _pick(files, users)
            catalogue = Columns(encoding=columns.encoding)
            return DataSet(
                name,
                ratings=_rating_table(rating_file, columns),
                items=_item_table(item_file, catalogue) if item_file else None,
                users=_user_table(user_file, catalogue) if user_file else None,
            )
    there = ", ".join(file.base for file in files[:8]) or "nothing"
    raise DataError(
        f"{path} holds no ratings that Marquee knows: it has {there}.",
        hint="Expected are u.data (MovieLens 100K), ratings.csv or ratings.dat; or name one file.",
    )


def _pick(files: Sequence[DataFile], names: Sequence[str]) -> DataFile | None:
    """The first file of one of the names; a name that is only a suffix takes any file that ends so."""
    for name in names:
        for file in files:
            if file.base == name or (name.startswith(".") and file.base.endswith(name)):
                return file
    return None


def _rating_table(file: DataFile, columns: Columns) -> Table:
    if file.base in _LEGACY and not columns.named:
        return Table(file, replace(_LEGACY[file.base], encoding=columns.encoding))
    header = read_header(file, columns)
    places = rating_columns(header.names, columns.named, file.name)
    return Table(
        file, replace(_layout(header, places, columns), late=late(header.names, places, RATING_SYNONYMS))
    )


def _item_table(file: DataFile, columns: Columns) -> Table:
    if file.base in _LEGACY:
        return Table(file, replace(_LEGACY[file.base], encoding=columns.encoding))
    header = _catalogue_header(file, columns)
    places = catalogue_columns(header.names, col.ITEM, ITEM_SYNONYMS, columns.named, file.name)
    layout = _layout(header, places, columns)
    genres = header.names[places[col.GENRES]] if col.GENRES in places else ""
    # RecBole's sequences are separated by blanks.
    return Table(file, replace(layout, genre_separators=" ") if genres.endswith(":token_seq") else layout)


def _user_table(file: DataFile, columns: Columns) -> Table:
    if file.base in _LEGACY:
        return Table(file, replace(_LEGACY[file.base], encoding=columns.encoding))
    header = _catalogue_header(file, columns)
    places = catalogue_columns(header.names, col.USER, USER_SYNONYMS, columns.named, file.name)
    return Table(file, _layout(header, places, columns))


def _catalogue_header(file: DataFile, columns: Columns) -> Header:
    """The header of a file in which every column says something, be it in one row alone."""
    header = read_header(file, columns, json_lines=None)
    if header.form == "jsonl" and len(header.names) > _MOST_KEYS:
        raise DataError(
            f"{file.name} has {len(header.names):,} different keys, more than {_MOST_KEYS:,}.",
            hint='What only some objects have goes into one key: "attributes": {"name": "value"}.',
        )
    return header


def _layout(header: Header, places: Mapping[str, int], columns: Columns) -> Layout:
    return Layout(
        form=header.form,
        header=header.names,
        columns=places,
        delimiter=header.delimiter,
        encoding=columns.encoding,
    )
