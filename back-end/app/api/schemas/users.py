"""People."""

from pydantic import Field, JsonValue

from app.api.schemas.fields import Answer, NextCursor


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
