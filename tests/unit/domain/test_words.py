import pytest

from marquee.domain.errors import InvalidInput
from marquee.domain.words import check_reason, shows_something


@pytest.mark.parametrize(
    "text", ["", "  ", "\t\n", "\u200b", "\u202e \u200f", "\u00ad", "\ufeff", "\u3164", "\u2800", "\u0301"]
)
def test_what_shows_nothing_is_no_reason(text: str) -> None:
    assert not shows_something(text)
    with pytest.raises(InvalidInput, match="shows nothing"):
        check_reason(text)


@pytest.mark.parametrize("text", ["x", " 7 ", "?", "好", "\u200bwhy", "👍"])
def test_what_shows_something_is(text: str) -> None:
    check_reason(text)
