"""Quality checks: one broken thing each, found by name, column and row."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from marquee.data.quality import ENOUGH, CheckResult, Quality, check_quality
from marquee.domain.errors import DataError
from marquee.settings import RatingScale
from tests.support.ratings import checkerboard, frame_of

NOW = datetime(2000, 1, 1, tzinfo=UTC)
STARS = RatingScale(min=1, max=5, step=1)


def catalogue(*ids: str, **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({"item_id": list(ids), "title": [f"The {name}" for name in ids]})
    frame = frame.assign(year=pd.array([1990] * len(ids), dtype="Int64"), genres=[["Drama"] for _ in ids])
    return frame.assign(**columns)


def people(*ids: str, **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame({"user_id": list(ids), "gender": [None] * len(ids), "occupation": [None] * len(ids)})
    return frame.assign(age=pd.array([30] * len(ids), dtype="Int64")).assign(**columns)


SOUND = frame_of(("ann", "a", 5, 100), ("ann", "b", 4, 200), ("bob", "a", 1, 300))


def check(
    ratings: pd.DataFrame = SOUND, items: pd.DataFrame | None = None, users: pd.DataFrame | None = None
) -> Quality:
    items = catalogue("a", "b") if items is None else items
    users = people("ann", "bob") if users is None else users
    return check_quality(ratings, items, users, STARS, NOW)


def only(quality: Quality) -> CheckResult:
    (found,) = quality.errors
    return found


def test_sound_data_passes_every_check() -> None:
    quality = check()
    assert quality.errors == []
    assert quality.warnings == []
    assert quality.to_dict()["passed"] is True
    assert len(quality.checks) > 20
    quality.require()


@pytest.mark.parametrize(
    ("change", "name", "column", "row"),
    [
        ({"rating": [5.0, 6.0, 1.0]}, "rating_on_scale", "rating", "row 1"),
        ({"rating": [5.0, 4.5, 1.0]}, "rating_on_scale", "rating", "row 1"),
        ({"timestamp": [100, 200, -1]}, "timestamp_after_1970", "timestamp", "row 2"),
        ({"timestamp": [100, 2**40, 300]}, "timestamp_not_in_future", "timestamp", "row 1"),
        ({"item_id": ["a", "nothing", "a"]}, "item_known", "item_id", "row 1"),
        ({"user_id": ["ann", "ann", "nobody"]}, "user_known", "user_id", "row 2"),
    ],
)
def test_a_broken_rating_is_found_by_check_column_and_row(
    change: dict[str, list[object]], name: str, column: str, row: str
) -> None:
    found = only(check(SOUND.assign(**change)))
    assert (found.name, found.table, found.column, found.rows) == (name, "ratings", column, 1)
    assert found.examples[0].startswith(row)


def test_a_rating_that_is_no_number_is_found() -> None:
    quality = check(SOUND.assign(rating=[5.0, float("nan"), 1.0]))
    assert only(quality).name == "rating_finite"


def test_two_ratings_of_one_pair_are_found() -> None:
    found = only(check(frame_of(("ann", "a", 5, 1), ("ann", "b", 5, 2), ("ann", "a", 4, 3))))
    assert (found.name, found.column, found.rows) == ("one_rating_a_pair", "", 2)
    assert found.examples == ("row 0 (user_id ann, item_id a)", "row 2 (user_id ann, item_id a)")


def test_broken_items_and_people_are_found() -> None:
    assert only(check(items=catalogue("a", "b", "b"))).name == "item_unique"
    assert only(check(items=catalogue("a", "b", title=["", "B"]))).name == "title_length"
    assert only(check(users=people("ann", "bob", "bob"))).name == "user_unique"


def test_a_missing_column_is_an_error_not_a_crash() -> None:
    quality = check(items=catalogue("a", "b").drop(columns="title"))
    assert {(found.column, found.meaning) for found in quality.errors} == {("title", "the column is missing")}


def test_broken_data_is_refused_with_everything_a_person_needs() -> None:
    with pytest.raises(DataError) as raised:
        check(SOUND.assign(rating=[5.0, 9.0, 1.0])).require()
    assert raised.value.message == (
        "The data is broken: rating_on_scale (ratings.rating): stars run from 1 to 5 in steps of 1: 1 row, "
        "row 1 (user_id ann, item_id b, rating 9.0)."
    )


def test_odd_data_warns_and_is_taken() -> None:
    same = checkerboard().assign(rating=5.0)
    items = catalogue(*sorted(same["item_id"].unique()), *(f"unrated{n}" for n in range(ENOUGH)))
    quality = check(same, items, people(*sorted(same["user_id"].unique()), age=1))
    quality.require()
    assert [warning.name for warning in quality.warnings] == ["stars_vary", "times_vary", "items_are_rated"]


def test_a_share_of_a_few_rows_says_nothing() -> None:
    quality = check(frame_of(("ann", "a", 5, 1), ("bob", "a", 5, 1)))
    assert quality.warnings == []


def test_years_and_ages_that_cannot_be_warn() -> None:
    items = catalogue("a", "b", year=pd.array([1066, None], dtype="Int64"))
    quality = check(items=items, users=people("ann", "bob", age=pd.array([200, None], dtype="Int64")))
    assert [(found.name, found.rows) for found in quality.warnings] == [
        ("year_plausible", 1),
        ("age_plausible", 1),
    ]
