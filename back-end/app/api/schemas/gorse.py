"""What goes over the wire under /gorse/api: Gorse's names, and its shapes."""

from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue

from app.api.schemas.fields import Answer, Id
from marquee.data.gorse import (
    GorseFeedback,
    GorseItem,
    GorseKind,
    GorseMessage,
    GorseText,
    GorseTime,
    GorseUser,
)

MOST_AT_ONCE = 10_000

Items = Annotated[list[GorseItem], Field(max_length=MOST_AT_ONCE)]
Users = Annotated[list[GorseUser], Field(max_length=MOST_AT_ONCE)]
Feedbacks = Annotated[list[GorseFeedback], Field(max_length=MOST_AT_ONCE)]


class GorseItemPatch(GorseMessage):
    """What is to change of an item; null leaves it as it is."""

    IsHidden: bool | None = None
    Categories: list[GorseText] | None = None
    Timestamp: GorseTime | None = None
    Labels: JsonValue = None
    Comment: GorseText | None = None


class GorseUserPatch(GorseMessage):
    """What is to change of a user; null leaves it as it is."""

    Labels: JsonValue = None
    Comment: GorseText | None = None


class SessionFeedback(GorseMessage):
    """What somebody did just now; it is not kept."""

    FeedbackType: GorseKind = Field(examples=["like"])
    ItemId: Id = Field(examples=["50"])
    Timestamp: GorseTime | None = None


Session = Annotated[list[SessionFeedback], Field(max_length=1_000)]


class Success(Answer):
    RowAffected: int = Field(examples=[1])


class Score(Answer):
    Id: str = Field(examples=["50"])
    Score: float = Field(examples=[1.0932])


class HeldItem(Answer):
    ItemId: str = Field(examples=["50"])
    IsHidden: bool
    Categories: list[str]
    Timestamp: AwareDatetime = Field(description="since when there is one")
    Labels: JsonValue
    Comment: str = Field(description="its title", examples=["Star Wars"])


class HeldUser(Answer):
    UserId: str = Field(examples=["42"])
    Labels: JsonValue
    Comment: str


class HeldFeedback(Answer):
    FeedbackType: str = Field(examples=["like"])
    UserId: str = Field(examples=["42"])
    ItemId: str = Field(examples=["50"])
    Value: float
    Timestamp: AwareDatetime
    Comment: str = Field(description="always empty: comments of feedback are not kept")


class ItemIterator(Answer):
    Cursor: str = Field(description="of the next page; empty on the last")
    Items: list[HeldItem]


class UserIterator(Answer):
    Cursor: str = Field(description="of the next page; empty on the last")
    Users: list[HeldUser]


class FeedbackIterator(Answer):
    Cursor: str = Field(description="of the next page; empty on the last")
    Feedback: list[HeldFeedback]
