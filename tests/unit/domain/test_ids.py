"""Which ids may name something new."""

import re

import pytest

from marquee.domain import ids
from marquee.domain.errors import InvalidInput

GOOD = [
    "50",
    "a b",
    "a/b",
    "'; DROP TABLE ratings; --",
    'say "hello"',
    "percent % and %2F",
    "back\\slash",
    "ünïcodé",
    "عربى",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian needs the non-joiner
    "क्\u200dष",
    "🎬",
    "👩\u200d🚀",
    "👩🏽\u200d🚀",
    "❤\ufe0f\u200d🔥",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
    "x" * 255,
    "...",
    ".a",
    "..-",
    ". .",
    "a.",
]
BAD = [
    ("", ids.EMPTY),
    (" ", ids.BLANK),
    ("\n", ids.BLANK),
    ("\t", ids.BLANK),
    ("\u00a0", ids.BLANK),
    ("\u2003\u3000", ids.BLANK),
    ("\u0301", ids.BLANK),  # an accent on nothing
    ("\u202e", ids.UNSEEN),  # turns the text that follows around
    ("\u200b", ids.UNSEEN),
    ("\ufeff50", ids.UNSEEN),
    ("\u3164", ids.UNSEEN),
    ("a\u00adb", ids.UNSEEN),
    ("a\u200db", ids.UNSEEN),  # looks like ab
    ("a\u200d", ids.UNSEEN),
    ("👩\u200d", ids.UNSEEN),
    ("new\nline", ids.UNSEEN),
    ("x\ty", ids.UNSEEN),
    ("a\u2028b", ids.UNSEEN),
    ("\x01", ids.UNSEEN),
    ("50 ", ids.EDGE_SPACE),
    (" 50", ids.EDGE_SPACE),
    ("50\u00a0", ids.EDGE_SPACE),
    ("50\n", ids.UNSEEN),
    (".", ids.DOTS),
    ("..", ids.DOTS),
    (" .", ids.EDGE_SPACE),
    ("a\0b", ids.NUL),
    ("\udce9", ids.NOT_TEXT),
    ("x" * 256, ids.LONG),
]


@pytest.mark.parametrize("value", GOOD)
def test_what_can_be_seen_may_name_something_new(value: str) -> None:
    assert ids.fault_of_new(value) is None


@pytest.mark.parametrize(("value", "fault"), BAD)
def test_what_cannot_be_seen_or_told_apart_names_nothing_new(value: str, fault: str) -> None:
    assert ids.fault_of_new(value) == fault


def test_what_is_there_already_can_be_looked_up_whatever_it_looks_like() -> None:
    for value in (" ", "\n", "\u202e", "50 ", ".", ".."):
        assert ids.fault_of(value) is None


def test_the_pattern_of_plain_ids_lets_no_bad_one_through() -> None:
    assert [value for value, _ in BAD if len(value) < 256 and re.fullmatch(ids.PLAIN, value)] == []


def test_a_refusal_shows_the_id_and_what_is_wrong() -> None:
    with pytest.raises(InvalidInput, match=r"'50 ' cannot name a new user: the id begins or ends with white"):
        ids.require_new("50 ", "user")


@pytest.mark.parametrize("name", ["nightly-import", "My shop 2.0", "étagère_1", "a"])
def test_a_plain_name_may_name_a_key(name: str) -> None:
    ids.require_key_name(name)


@pytest.mark.parametrize("name", ["", "..", ".", " a", "a ", "a/b", "a\nb", "\u202e", "x" * 101, "a%b", "🔑"])
def test_a_name_that_cannot_stand_in_a_path_names_no_key(name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot name a key"):
        ids.require_key_name(name)
