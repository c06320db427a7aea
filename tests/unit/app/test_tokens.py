"""Tokens: what a list carries, and an event hands back."""

from uuid import UUID

import pytest
from app.serving.tokens import LONGEST, Attribution, Tokens

from marquee.domain.errors import InvalidInput

REQUEST = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize(("version", "variant"), [(1, "champion"), (None, "champion"), (2**32 - 1, "défi")])
def test_a_token_says_what_list_it_was_of(version: int | None, variant: str) -> None:
    token = Tokens("key").make(REQUEST, version, variant)
    assert len(token) <= LONGEST
    assert Tokens("key").read(token) == Attribution(UUID(REQUEST), version, variant)


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises(InvalidInput, match="The token is not one that a list of this platform carried"):
        Tokens("other").read(Tokens("key").make(REQUEST, 1, "champion"))


def test_a_token_with_any_character_changed_is_refused() -> None:
    tokens = Tokens("key")
    token = tokens.make(REQUEST, 1, "champion")
    for place, character in enumerate(token):
        forged = token[:place] + ("A" if character != "A" else "B") + token[place + 1 :]
        with pytest.raises(InvalidInput):
            tokens.read(forged)


@pytest.mark.parametrize(
    "token", ["", "=", "a", "AAAA", "🎬", "A" * LONGEST, "not base64!", "A" * 48 + "=", "a\0b", "\ud800"]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidInput):
        Tokens("key").read(token)


def test_a_token_with_something_added_is_refused() -> None:
    tokens = Tokens("key")
    token = tokens.make(REQUEST, 1, "champion")
    for forged in (f"{token}=", f" {token}", f"{token}\n", f"{token}A", f"{token}!", token[:-1]):
        with pytest.raises(InvalidInput):
            tokens.read(forged)
