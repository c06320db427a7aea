"""Cursors."""

import pytest
from app.api.cursors import decode_cursor, encode_cursor
from app.api.schemas.fields import Text
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from marquee.domain.errors import InvalidInput

POSITION = TypeAdapter(tuple[int, Text])
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.integers(-(2**31), 2**31), TEXT)
def test_a_cursor_leads_back_to_its_position(number: int, text: str) -> None:
    assert decode_cursor(encode_cursor((number, text)), POSITION) == (number, text)


@pytest.mark.parametrize("cursor", ["", "!", "a", "nonsense", "WzFd", "é", "WzEsIlx1MDAwMCJd", "W" * 1000])
def test_what_is_no_cursor_is_invalid_input(cursor: str) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(cursor, POSITION)
