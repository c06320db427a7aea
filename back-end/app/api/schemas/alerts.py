"""What a person should look at."""

from pydantic import AwareDatetime, Field, JsonValue

from app.api.schemas.fields import Answer, NextCursor


class Alert(Answer):
    """Something that is wrong; said once, until it is resolved."""

    alert_id: int = Field(examples=[4])
    kind: str = Field(examples=["alias moved"])
    subject: str = Field(description="what it is about", examples=["version 3"])
    message: str
    offer: dict[str, JsonValue] | None = Field(
        description="what may be done about it", examples=[{"action": "rollout", "version": 3}]
    )
    at: AwareDatetime
    resolved_at: AwareDatetime | None
    resolved_by: str | None


class AlertPage(Answer):
    """Newest first."""

    alerts: list[Alert]
    next_cursor: NextCursor
