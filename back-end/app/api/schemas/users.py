"""People."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue, Strict

from app.api.schemas.fields import Answer, Attributes, Message, NextCursor, Word
from marquee.domain.limits import AGES


class UserSummary(Answer):
    user_id: str = Field(examples=["42"])
    age: int | None = Field(examples=[30])
    gender: str | None = Field(examples=["M"])
    occupation: str | None = Field(examples=["administrator"])
    rating_count: int = Field(examples=[183])


class UserDetail(UserSummary):
    attributes: dict[str, JsonValue] = Field(description="whatever else is known", examples=[{}])


class UserPage(Answer):
    users: list[UserSummary]
    next_cursor: NextCursor
    total: int = Field(description="people that match, on all pages", examples=[943])


class StoredUser(Answer):
    """A person, as written."""

    user_id: str = Field(examples=["42"])
    age: int | None = Field(examples=[30])
    gender: str | None = Field(examples=["M"])
    occupation: str | None = Field(examples=["administrator"])
    attributes: dict[str, JsonValue] = Field(description="whatever else is known", examples=[{}])


class UserBody(Message):
    """All that is to be known of a person; what is left out is not known."""

    age: Annotated[int, Strict(), Field(ge=AGES[0], le=AGES[-1], examples=[30])] | None = None
    gender: Word | None = Field(None, examples=["M"])
    occupation: Word | None = Field(None, examples=["administrator"])
    attributes: Attributes = Field(default_factory=dict)


class UserPatch(Message):
    """What is to change, as a JSON merge patch (RFC 7386): null takes a field or an attribute out."""

    age: int | None = Field(None, examples=[31])
    gender: str | None = Field(None, examples=["F"])
    occupation: str | None = Field(None, examples=["writer"])
    attributes: dict[str, JsonValue] | None = Field(None, examples=[{"newsletter": None}])


class HeldProfile(Answer):
    """What the table of people has of one."""

    user_id: str
    age: int | None
    gender: str | None
    occupation: str | None
    attributes: dict[str, JsonValue]
    created_at: AwareDatetime
    updated_at: AwareDatetime


class HeldRating(Answer):
    user_id: str
    item_id: str
    rating: float
    rated_at: AwareDatetime
    received_at: AwareDatetime


class HeldEvent(Answer):
    event_id: str
    kind: str
    user_id: str
    item_id: str
    value: float | None
    at: AwareDatetime
    received_at: AwareDatetime
    request_id: UUID | None
    model_version: int | None
    variant: str | None


class HeldImpression(Answer):
    at: AwareDatetime
    request_id: UUID
    user_id: str
    model_version: int | None
    variant: str
    source: str
    item_ids: list[str]
    propensities: list[float] | None
    rollout: int | None
    step: int | None


class HeldOutcome(Answer):
    """What became of the lists that they were shown in one step of a rollout."""

    rollout_id: int
    step: int
    variant: str
    user_id: str
    early: bool = Field(description="whether it is what came within the first seconds")
    lists: int
    positive: int
    rated: int
    stars: float
    stars_squared: float


class HeldScore(Answer):
    """A rating of theirs, beside what two versions had predicted."""

    rollout_id: int
    user_id: str
    item_id: str
    step: int
    stars: float
    champion: float
    challenger: float
    at: AwareDatetime


class PersonalData(Answer):
    """Everything that is held on a person; rows are oldest first."""

    profile: HeldProfile | None = Field(description="null for somebody who was only shown lists")
    ratings: list[HeldRating]
    events: list[HeldEvent]
    impressions: list[HeldImpression] = Field(description="the lists that they were shown")
    rollout_outcomes: list[HeldOutcome] = Field(description="kept while a rollout goes")
    scored_ratings: list[HeldScore] = Field(description="likewise")
