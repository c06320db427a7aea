"""How much may be said of an item or a person; the same for files, the API and the command line."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

LONGEST_TITLE = 500  # characters
LONGEST_WORD = 100  # characters of a genre, a gender or an occupation
LONGEST_ATTRIBUTE = 2000  # characters of one text in the attributes
MOST_GENRES = 50
YEARS = range(1000, 2101)
AGES = range(151)

# From when until when an item may be added: years that every time zone has, and Python. Postgres keeps others
# too, and nobody could read them again.
FIRST_TIME, END_OF_TIME = (datetime(year, 1, 1, tzinfo=UTC) for year in (2, 9999))

MOST_VALUES = 1000  # in the attributes, all levels together
DEEPEST = 8  # levels of lists and objects in the attributes
LARGEST_NUMBER = 2**63


def fault_of_attributes(attributes: Mapping[str, object]) -> str | None:
    """Why attributes cannot be kept; None when they can.

    Args:
        attributes: what JSON can say.
    """
    waiting: list[tuple[object, int]] = [(attributes, 1)]
    seen = 0
    while waiting:
        value, level = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            return f"attributes hold more than {MOST_VALUES:,} values"
        if isinstance(value, Mapping | list):
            if level > DEEPEST:
                return f"attributes are nested deeper than {DEEPEST} levels"
            inner = [*value.keys(), *value.values()] if isinstance(value, Mapping) else value
            waiting.extend((one, level + 1) for one in inner)
        elif fault := _fault_of_value(value):
            return fault
    return None


def _fault_of_value(value: object) -> str | None:
    if isinstance(value, str):
        if "\0" in value:
            return "attributes hold a NUL character"
        if len(value) > LONGEST_ATTRIBUTE:
            return f"attributes hold a text of more than {LONGEST_ATTRIBUTE:,} characters"
    if isinstance(value, int | float) and not _size(value) <= LARGEST_NUMBER:
        return "attributes hold a number that is too large"
    return None


def _size(number: float) -> float:
    """How large a number is, as a float: the largest comes back from the database with other last digits."""
    try:
        return abs(float(number))
    except OverflowError:
        return math.inf
