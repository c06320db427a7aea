"""Which column is which."""

from collections.abc import Callable

import pytest

from marquee.data.columns import ITEM_SYNONYMS, USER_SYNONYMS, catalogue_columns, key, rating_columns
from marquee.domain.errors import DataError, InvalidInput


def _catalogue(header: list[str], named: dict[str, str], file: str) -> object:
    return catalogue_columns(header, "item_id", ITEM_SYNONYMS, named, file)


@pytest.mark.parametrize(
    "header",
    [
        ["user_id", "item_id", "rating", "timestamp"],
        ["userId", "movieId", "rating", "timestamp"],
        ["User ID", "Item", "Stars", "Date"],
        ["user_id:token", "item_id:token", "rating:float", "timestamp:float"],
        [" reviewerID ", "asin", "overall", "unixReviewTime"],
    ],
)
def test_usual_names_are_recognised(header: list[str]) -> None:
    assert rating_columns(header, {}, "f") == {"user_id": 0, "item_id": 1, "rating": 2, "timestamp": 3}


def test_an_id_is_preferred_to_a_name() -> None:
    assert rating_columns(["user", "user_id", "movie", "movie_id", "score"], {}, "f") == {
        "user_id": 1,
        "item_id": 3,
        "rating": 4,
    }


def test_a_named_column_wins_over_the_usual_one() -> None:
    assert rating_columns(["user", "reader", "item", "rating"], {"user_id": "reader"}, "f")["user_id"] == 1


def test_a_wrong_header_says_what_is_there_what_is_expected_and_how_to_name_it() -> None:
    with pytest.raises(DataError) as caught:
        rating_columns(["a", "b", "rating"], {}, "mine.csv")
    message = str(caught.value)
    for part in ("mine.csv", "'a', 'b', 'rating'", "user_id", "item_id", "--user-column", "--item-column"):
        assert part in message
    assert "--rating-column" not in message


@pytest.mark.parametrize("read", [rating_columns, _catalogue])
def test_two_columns_of_one_name_are_refused(read: Callable[..., object]) -> None:
    with pytest.raises(DataError, match="f has 2 columns named 'userId'"):
        read(["userId", "userId ", "item", "rating"], {}, "f")
    read(["userId", "", "item", "rating", ""], {}, "f")  # columns without a name are nobody's


def test_two_spellings_of_one_column_must_be_told_apart() -> None:
    header = ["userId", "user_id", "item", "rating"]
    with pytest.raises(DataError, match=r"more than one user_id: 'userId', 'user_id'.*--user-column"):
        rating_columns(header, {}, "f")
    assert rating_columns(header, {"user_id": "user_id"}, "f")["user_id"] == 1


def test_a_missing_header_is_told_from_a_wrong_one() -> None:
    with pytest.raises(DataError, match="has no header"):
        rating_columns(["196", "242", "3", "881250949"], {}, "u")


def test_a_named_column_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InvalidInput, match=r"no column 'reader' \(--user-column\)"):
        rating_columns(["user", "item", "rating"], {"user_id": "reader"}, "f")


def test_a_catalogue_keeps_other_columns_as_attributes() -> None:
    places = catalogue_columns(
        ["movieId", "title", "director", "genres", ""], "item_id", ITEM_SYNONYMS, {}, "f"
    )
    assert places == {"item_id": 0, "title": 1, "genres": 3, "attribute:director": 2}


def test_id_is_enough_in_a_catalogue() -> None:
    assert catalogue_columns(["id", "age"], "user_id", USER_SYNONYMS, {}, "f") == {"user_id": 0, "age": 1}


def test_a_catalogue_without_ids_is_an_error() -> None:
    with pytest.raises(DataError, match="no column for the item"):
        catalogue_columns(["name", "year"], "item_id", ITEM_SYNONYMS, {}, "f")


def test_case_spaces_and_punctuation_do_not_matter() -> None:
    assert key(" User-ID ") == key("user_id") == key("userId") == "userid"
