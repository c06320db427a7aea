"""Which texts may name a person, an item or a key: one rule for the API, the loader and the store.

An id that is only looked up must be one that Postgres can hold. One that is to name something new must also
be one that a person can see, read and type: see `fault_of_new`.
"""

import re
import unicodedata

from marquee.domain.errors import InvalidInput

LONGEST_ID = 255  # characters
LONGEST_KEY_NAME = 100

EMPTY = "id is empty"
LONG = f"id is longer than {LONGEST_ID} characters"
NUL = "id holds a NUL character"
NOT_TEXT = "id holds bytes that are not text in this encoding"
EDGE_SPACE = "id begins or ends with white space"
UNSEEN = "id holds a control character or one that cannot be seen"
BLANK = "id shows nothing"

# A whole id of printable ASCII that is not blank at an end: nothing else to look at.
PLAIN = r"[!-~]([ -~]*[!-~])?"
_PLAIN = re.compile(PLAIN)
_SURROGATE = re.compile("[\ud800-\udfff]")
_KEY_NAME = re.compile(r"[\w .-]+")

_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp"})
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # not by category, but blank on the screen
# Zero-width joiners make one emoji of several, and shape Arabic and Indic letters: between such characters
# they may stand. The flags of England, Scotland and Wales are spelt with tag characters.
_JOINERS = "\u200c\u200d"
_JOINED_CATEGORIES = frozenset({"So", "Sk", "Lo", "Mn", "Mc"})
_TAGGED_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f")


def fault_of(value: str) -> str | None:
    """Why Postgres cannot hold a text as an id; None when it can."""
    if not value:
        return EMPTY
    if "\0" in value:
        return NUL
    if len(value) > LONGEST_ID:
        return LONG
    return NOT_TEXT if not value.isascii() and _SURROGATE.search(value) else None


def fault_of_new(value: str) -> str | None:
    """Why a text cannot become the id of something new; None when it can.

    Beyond `fault_of`: no white space at the ends, no control, format or line separating characters
    (Unicode's Cc, Cf, Zl, Zp) but the joiners of emoji and scripts, and something to see. Spaces within,
    slashes, quotes and emoji are fine.
    """
    fault = fault_of(value)
    if fault is not None or _PLAIN.fullmatch(value):
        return fault
    if value.isspace():
        return BLANK
    if _holds_unseen(_TAGGED_FLAG.sub("\U0001f3f4", value)):
        return UNSEEN
    if value != value.strip():
        return EDGE_SPACE
    return BLANK if all(unicodedata.category(character)[0] in "MZ" for character in value) else None


def require_new(value: str, what: str) -> None:
    """Raises InvalidInput, naming what is wrong, when `fault_of_new` finds a fault.

    Args:
        what: "user" or "item".
    """
    fault = fault_of_new(value)
    if fault is not None:
        raise InvalidInput(
            f"{value!r} cannot name a new {what}: the {fault}.",
            hint="An id may hold anything that can be seen, and spaces within.",
        )


def require_key_name(name: str) -> None:
    """Raises InvalidInput unless a key's name can stand in a path: letters, digits, space, `-`, `_`, `.`."""
    if not name or len(name) > LONGEST_KEY_NAME or not name.strip("."):
        fault = f"has 1 to {LONGEST_KEY_NAME} characters, not only dots"
    elif name != name.strip() or not _KEY_NAME.fullmatch(name):
        fault = "is of letters, digits, spaces, '-', '_' and '.', with no space at an end"
    else:
        return
    raise InvalidInput(f"{name!r} cannot name a key.", hint=f"A key's name {fault}.")


def _holds_unseen(value: str) -> bool:
    return any(
        character in _FILLERS
        or (unicodedata.category(character) in _UNSEEN_CATEGORIES and not _joins(value, place))
        for place, character in enumerate(value)
    )


def _joins(value: str, place: int) -> bool:
    """Whether a joiner stands there between two characters that are joined in writing."""
    if value[place] not in _JOINERS or not 0 < place < len(value) - 1:
        return False
    neighbours = (value[place - 1], value[place + 1])
    return all(unicodedata.category(character) in _JOINED_CATEGORIES for character in neighbours)
