"""Ratings."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from app.api.schemas.fields import Answer, Message, NextCursor, Stars
from app.api.schemas.items import ItemSummary


class RatingBody(Message):
    """A person's stars for an item, over whatever stood, whenever that was rated."""

    rating: Stars
    rated_at: Annotated[
        AwareDatetime | None,
        Field(description="when, with its offset from UTC; default: now", examples=["2026-03-01T20:15:00Z"]),
    ] = None


class StoredRating(Answer):
    user_id: str = Field(examples=["42"])
    item_id: str = Field(examples=["50"])
    rating: float = Field(examples=[4.5])
    rated_at: AwareDatetime


class RatedItem(ItemSummary):
    rating: float = Field(examples=[4.5])
    rated_at: AwareDatetime


class RatingPage(Answer):
    """Newest first."""

    ratings: list[RatedItem]
    next_cursor: NextCursor
