"""configs/card.yaml: the owner's words, in place of what is true of every model."""

from pathlib import Path

import pytest

from marquee.domain.errors import ConfigurationError
from marquee.settings.card import CardWords, load_card_words


def test_without_a_file_the_words_are_the_defaults(tmp_path: Path) -> None:
    assert load_card_words(tmp_path / "card.yaml") == CardWords()
    assert CardWords().limits
    assert CardWords().risks


def test_what_the_owner_says_stands_in_place_of_the_default(tmp_path: Path) -> None:
    path = tmp_path / "card.yaml"
    path.write_text("owner: the film desk\nlimits: [It knows no series.]\n")
    words = load_card_words(path)
    assert (words.owner, words.limits) == ("the film desk", ("It knows no series.",))
    assert words.risks == CardWords().risks


@pytest.mark.parametrize("wrong", ["limit: [x]", "limits: x", "risks: ['']", "intended_use: ''", ""])
def test_a_file_that_is_wrong_is_named(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "card.yaml"
    path.write_text(wrong)
    with pytest.raises(ConfigurationError, match=r"card\.yaml"):
        load_card_words(path)
