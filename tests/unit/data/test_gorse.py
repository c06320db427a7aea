"""Gorse's objects in Marquee's terms, and back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from marquee.data.gorse import (
    GorseFeedback,
    GorseItem,
    GorseUser,
    Unfit,
    event_id,
    event_of,
    gorse_item,
    gorse_user,
    item_of,
    moment,
    user_of,
)
from marquee.domain.records import Event, Item, User

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2022-02-24", datetime(2022, 2, 24, tzinfo=UTC)),
        ("2021-10-24T06:42:20.207Z", datetime(2021, 10, 24, 6, 42, 20, 207000, tzinfo=UTC)),
        ("2021-10-24T06:42:20.123456789Z", datetime(2021, 10, 24, 6, 42, 20, 123456, tzinfo=UTC)),
        ("2021-10-24T06:42:20+02:00", datetime(2021, 10, 24, 4, 42, 20, tzinfo=UTC)),
        ("2021-10-24 06:42:20", datetime(2021, 10, 24, 6, 42, 20, tzinfo=UTC)),
        ("2021-10-24 06:42:20 +0000 UTC", datetime(2021, 10, 24, 6, 42, 20, tzinfo=UTC)),
        ("874965758", datetime(1997, 9, 22, 22, 2, 38, tzinfo=UTC)),
        ("", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("0002-01-01T00:00:00+05:00", None),
        ("0002-01-01T00:00:00Z", datetime(2, 1, 1, tzinfo=UTC)),
        ("9998-12-31T23:59:59Z", datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_gorses_clients_write_them(written: str, at: datetime | None) -> None:
    assert moment(written) == at


@pytest.mark.parametrize(
    "written",
    [
        "yesterday",
        "24/02/2022",
        "2022-13-01",
        "9999-01-01T00:00:00Z",
        "9998-12-31T23:59:59-01:00",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"is neither ISO 8601 nor unix seconds|beyond the calendar"):
        moment(written)


def test_names_are_taken_however_they_are_spelt() -> None:
    spellings = (
        {"FeedbackType": "like", "UserId": "u", "ItemId": "i", "Value": 2, "Timestamp": "2022-02-24"},
        {"feedback_type": "like", "user_id": "u", "item_id": "i", "value": 2, "timestamp": "2022-02-24"},
        {
            "feedbackType": "like",
            "userId": "u",
            "itemId": "i",
            "Value": 2,
            "time_stamp": "2022-02-24",
            "x": 1,
        },
    )
    for spelling in spellings:
        feedback = GorseFeedback.model_validate(spelling)
        assert event_of(feedback, NOW) == Event(
            event_id("like", "u", "i"), "like", "u", "i", datetime(2022, 2, 24, tzinfo=UTC), 2.0
        )


def test_an_event_is_named_by_type_user_and_item_and_nothing_else() -> None:
    assert event_id("like", "u", "i") == event_id("like", "u", "i")
    assert len({event_id("like", "u", "i"), event_id("like", "ui", ""), event_id("likeu", "", "i")}) == 3


def test_feedback_without_a_time_happened_now() -> None:
    feedback = GorseFeedback(FeedbackType="like", UserId="u", ItemId="i")
    assert event_of(feedback, NOW).at == NOW


ITEMS = [
    ({"ItemId": "1"}, Item("1", "1")),
    ({"ItemId": "1", "Categories": None, "Labels": None, "Comment": ""}, Item("1", "1")),
    (
        {
            "ItemId": "50",
            "IsHidden": True,
            "Categories": ["Action", "", "War", "Action"],
            "Labels": {"year": 1977, "director": "Lucas", "tags": ["a", "b"]},
            "Comment": "Star Wars",
        },
        Item(
            "50", "Star Wars", 1977, ("Action", "War"), {"director": "Lucas", "tags": ["a", "b"]}, hidden=True
        ),
    ),
    ({"ItemId": "1", "Labels": ["a", "b"]}, Item("1", "1", attributes={"labels": ["a", "b"]})),
    ({"ItemId": "1", "Labels": {"year": "1977"}}, Item("1", "1", attributes={"year": "1977"})),
    (
        {"ItemId": "1", "Comment": "two\n lines"},
        Item("1", "two lines", attributes={"comment": "two\n lines"}),
    ),
    (
        {"ItemId": "1", "Comment": "x" * 600},
        Item("1", "x" * 500, attributes={"comment": "x" * 600}),
    ),
    ({"ItemId": "1", "Labels": {"embedding": [0.5] * 768, "a": 1}}, Item("1", "1", attributes={"a": 1})),
]


@pytest.mark.parametrize(("sent", "item"), ITEMS)
def test_an_item_keeps_what_gorse_knew_of_it(sent: dict[str, object], item: Item) -> None:
    assert item_of(GorseItem.model_validate(sent)) == item


@pytest.mark.parametrize("item", [item for _, item in ITEMS])
def test_an_item_goes_back_to_gorses_terms_and_comes_again_the_same(item: Item) -> None:
    written = gorse_item(item, NOW)
    assert written["Timestamp"] == NOW
    again = GorseItem.model_validate({**written, "Timestamp": written["Timestamp"].isoformat()})
    assert item_of(again) == item
    assert again.at == NOW


@pytest.mark.parametrize(
    ("sent", "user"),
    [
        ({"UserId": "u"}, User("u")),
        (
            {"UserId": "u", "Labels": {"age": 24, "gender": "M", "city": "Oslo"}, "Comment": "hi"},
            User("u", 24, "M", None, {"city": "Oslo", "comment": "hi"}),
        ),
        ({"UserId": "u", "Labels": {"age": "24"}}, User("u", attributes={"age": "24"})),
        ({"UserId": "u", "Labels": ["a"]}, User("u", attributes={"labels": ["a"]})),
    ],
)
def test_a_user_keeps_what_gorse_knew_of_them_and_goes_back(sent: dict[str, object], user: User) -> None:
    assert user_of(GorseUser.model_validate(sent)) == user
    assert user_of(GorseUser.model_validate(gorse_user(user))) == user


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"Categories": ["x" * 101]}, "Categories: longer than 100 characters"),
        ({"Categories": [str(number) for number in range(51)]}, "Categories: more than 50 categories"),
        ({"Labels": {"a": "x" * 2001}}, "Labels: attributes hold a text of more than 2,000 characters"),
    ],
)
def test_what_cannot_be_kept_is_told(sent: dict[str, object], told: str) -> None:
    with pytest.raises(Unfit) as caught:
        item_of(GorseItem.model_validate({"ItemId": "1", **sent}))
    assert str(caught.value) == told


@pytest.mark.parametrize(
    "sent",
    [{}, {"ItemId": ""}, {"ItemId": 5}, {"ItemId": "a\0"}, {"ItemId": "1", "Timestamp": "soon"}, []],
)
def test_what_is_no_item_is_refused(sent: object) -> None:
    with pytest.raises(ValidationError):
        GorseItem.model_validate(sent)


def test_offsets_come_to_utc() -> None:
    at = datetime(2022, 2, 24, 12, tzinfo=timezone(timedelta(hours=5)))
    assert moment(at.isoformat()) == datetime(2022, 2, 24, 7, tzinfo=UTC)
