"""Which column of a file is which: synonyms, and names that a person gives."""

import re
from collections.abc import Mapping, Sequence

from marquee.domain import columns as col
from marquee.domain.errors import DataError, InvalidInput

ATTRIBUTE = "attribute:"  # prefix of columns that are kept as they are
GENRE_FLAG = "genre:"  # prefix of columns that hold 1 where the item is of that genre

# Compared without case, spaces and punctuation; earlier names win over later ones.
RATING_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    col.USER: ("userid", "user", "uid", "userno", "customerid", "customer", "reviewerid", "reviewer",
               "memberid", "member", "viewerid", "viewer", "visitorid", "accountid", "profileid"),
    col.ITEM: ("itemid", "item", "iid", "movieid", "movie", "filmid", "film", "productid", "product", "asin",
               "parentasin", "bookid", "isbn", "songid", "trackid", "gameid", "businessid", "contentid"),
    col.RATING: ("rating", "ratings", "stars", "star", "score", "overall", "userrating", "ratingvalue"),
    col.TIME: ("timestamp", "ratedat", "ratedon", "time", "unixreviewtime", "unixtimestamp", "datetime",
               "createdat", "ts", "reviewtime", "date", "when"),
}  # fmt: skip
ITEM_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    col.ITEM: (*RATING_SYNONYMS[col.ITEM], "id"),
    col.TITLE: ("title", "movietitle", "itemtitle", "name", "itemname", "label"),
    col.YEAR: ("year", "releaseyear", "released"),
    col.GENRES: ("genres", "genre", "categories", "category", "class"),
}
USER_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    col.USER: (*RATING_SYNONYMS[col.USER], "id"),
    col.AGE: ("age",),
    col.GENDER: ("gender", "sex"),
    col.OCCUPATION: ("occupation", "job", "profession"),
}

_REQUIRED: Mapping[str, str] = {col.USER: "the user", col.ITEM: "the item", col.RATING: "the rating"}
_OPTION: Mapping[str, str] = {
    col.USER: "--user-column",
    col.ITEM: "--item-column",
    col.RATING: "--rating-column",
    col.TIME: "--time-column",
}
_EXPECTED: Mapping[str, str] = {
    col.USER: "user_id",
    col.ITEM: "item_id (or movieId)",
    col.RATING: "rating",
    col.TIME: "timestamp",
}
_TYPE_SUFFIX = re.compile(r":(token|token_seq|float|float_seq)$")  # the headers of RecBole's atomic files


def key(name: str) -> str:
    """A column's name as synonyms are compared: `"User ID"`, `userId` and `user_id:token` are one."""
    return re.sub(r"[\W_]", "", _TYPE_SUFFIX.sub("", name.strip().lower()))


def roles(header: Sequence[str], synonyms: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The position of each role's column, for those roles that the header has."""
    place = {key(name): position for position, name in reversed(list(enumerate(header)))}
    found = {role: next((word for word in words if word in place), None) for role, words in synonyms.items()}
    return {role: place[word] for role, word in found.items() if word is not None}


def late(
    header: Sequence[str], found: Mapping[str, int], synonyms: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """What names mean that come later than the header: role by name.

    Those are all the names of roles that were not found, and of the others the name that was, however spelt.
    """
    missing = {word: role for role, words in synonyms.items() if role not in found for word in words}
    return {**missing, **{key(header[place]): role for role, place in found.items() if role in synonyms}}


def rating_columns(header: Sequence[str], named: Mapping[str, str], file: str) -> dict[str, int]:
    """Where the user, the item, the rating and perhaps the time stand.

    Args:
        named: role to column name, as a person gave them; they win over the synonyms.

    Raises:
        InvalidInput: a named column is not in the header.
        DataError: no column for the user, the item or the rating, or two for one of them.
    """
    refuse_twins(header, file)
    found = {**roles(header, RATING_SYNONYMS), **_named(header, named, file)}
    missing = [role for role in _REQUIRED if role not in found]
    if missing:
        raise _no_column(header, missing, file)
    refuse_choice(header, found, named, file)
    return found


def catalogue_columns(
    header: Sequence[str],
    required: str,
    synonyms: Mapping[str, tuple[str, ...]],
    named: Mapping[str, str],
    file: str,
) -> dict[str, int]:
    """Columns of an items or users file: its roles, and every other column as an attribute.

    Raises:
        DataError: no column holds the id, or two columns have one name.
    """
    refuse_twins(header, file)
    given = {role: name for role, name in named.items() if role == required and name in header}
    found = {**roles(header, synonyms), **_named(header, given, file)}
    if required not in found:
        raise _no_column(header, [required], file)
    refuse_choice(header, found, given, file)
    taken = set(found.values())
    others = {
        ATTRIBUTE + name.strip(): position
        for position, name in enumerate(header)
        if position not in taken and name.strip()
    }
    return {**found, **others}


def refuse_twins(header: Sequence[str], file: str) -> None:
    """Raises DataError where two columns have one name."""
    names = [name.strip() for name in header if name.strip()]
    for name in names:
        if names.count(name) > 1:
            raise DataError(
                f"{file} has {names.count(name)} columns named {name!r}.",
                hint="Give each column a name of its own.",
            )


def refuse_choice(
    header: Sequence[str], found: Mapping[str, int], named: Mapping[str, str], file: str
) -> None:
    """Raises DataError where one name is spelt in two ways, as userId and user_id: we do not guess."""
    for role, place in found.items():
        twins = [name.strip() for name in header if key(name) == key(header[place])]
        if len(twins) > 1 and role not in named:
            option = f"Say which it is with {_OPTION[role]}." if role in _OPTION else "Rename one of them."
            raise DataError(f"{file} has more than one {role}: {listed(twins)}.", hint=option)


def _named(header: Sequence[str], named: Mapping[str, str], file: str) -> dict[str, int]:
    names = [name.strip() for name in header]
    for role, name in named.items():
        if name not in names:
            raise InvalidInput(
                f"{file} has no column {name!r} ({_OPTION[role]}); it has {listed(header)}.",
                hint="Column names are case-sensitive here.",
            )
    return {role: names.index(name) for role, name in named.items()}


def _no_column(header: Sequence[str], missing: Sequence[str], file: str) -> DataError:
    wanted = ", ".join(_REQUIRED[role] for role in missing)
    expected = ", ".join(_EXPECTED[role] for role in missing)
    if any(_is_number(name) for name in header):
        return DataError(
            f"{file} has no header: its first line is {listed(header)}.",
            hint="Put the columns' names in the first line, such as user_id,item_id,rating,timestamp.",
        )
    options = ", ".join(_OPTION[role] for role in missing)
    return DataError(
        f"{file} has no column for {wanted}: found {listed(header)}; expected {expected}.",
        hint=f"Say which it is with {options}; or the delimiter with --delimiter.",
    )


def listed(header: Sequence[str]) -> str:
    """The columns' names for a message, the first dozen of them."""
    names = ", ".join(repr(name[:40]) for name in header[:12])
    return f"{names} and {len(header) - 12} more" if len(header) > 12 else names or "nothing"


def _is_number(name: str) -> bool:
    return re.fullmatch(r"\s*[-+]?\d+(\.\d+)?\s*", name) is not None
