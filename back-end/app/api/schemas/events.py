"""Events."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from app.api.schemas.fields import CHECKED_TEXT, Answer, Id, Message, NextCursor
from app.serving.tokens import LONGEST

LARGEST_BATCH = 1_000


class EventBody(Message):
    """Something a person did with an item."""

    event_id: Id = Field(
        description="the sender's own, such as a UUID: the first event with an id stands, so that a batch "
        "can be sent again",
        examples=["0197c1f3-5a0e-7c44-b1a5-6f0f4f0a8e11"],
    )
    kind: Annotated[
        str,
        Field(
            min_length=1,
            max_length=100,
            description="one of `feedback.kinds` in configs/serving.yaml, which says what it counts",
            examples=["click"],
        ),
        CHECKED_TEXT,
    ]
    user_id: Id = Field(description="somebody new becomes a person", examples=["42"])
    item_id: Id = Field(examples=["50"])
    value: float | None = Field(
        default=None, description="whatever was measured; kept, not interpreted", examples=[37.5]
    )
    at: Annotated[
        AwareDatetime | None,
        Field(
            description="when it happened, with its offset from UTC; default: now",
            examples=["2026-03-01T20:15:00Z"],
        ),
    ] = None
    token: Annotated[
        Annotated[str, Field(max_length=LONGEST), CHECKED_TEXT] | None,
        Field(description="of the list that it answers", examples=[None]),
    ] = None


class EventBatch(Message):
    events: list[EventBody] = Field(min_length=1, max_length=LARGEST_BATCH)


class EventOutcome(Answer):
    """What became of one event."""

    event_id: str = Field(examples=["0197c1f3-5a0e-7c44-b1a5-6f0f4f0a8e11"])
    status: Literal["accepted", "duplicate", "refused"]
    reason: str | None = Field(description="why it was refused", examples=[None])


class EventReceipt(Answer):
    """What became of a batch: one outcome an event, in the order in which they were sent."""

    accepted: int = Field(examples=[1])
    duplicate: int = Field(examples=[0])
    refused: int = Field(examples=[0])
    outcomes: list[EventOutcome]


class StoredEvent(Answer):
    event_id: str = Field(examples=["0197c1f3-5a0e-7c44-b1a5-6f0f4f0a8e11"])
    kind: str = Field(examples=["click"])
    user_id: str = Field(examples=["42"])
    item_id: str = Field(examples=["50"])
    value: float | None = Field(examples=[37.5])
    at: AwareDatetime
    request_id: UUID | None = Field(description="of the list that it answers, by its token")
    model_version: int | None = Field(description="that made that list", examples=[3])
    variant: str | None = Field(description="of that list", examples=["champion"])


class EventPage(Answer):
    """Newest first."""

    events: list[StoredEvent]
    next_cursor: NextCursor
