"""Errors, as RFC 9457 problem documents."""

from pydantic import ConfigDict, Field

from app.api.schemas.fields import Answer


class FieldError(Answer):
    """One wrong value of a request."""

    location: str = Field(description="where the value stands", examples=["body.rating"])
    message: str = Field(description="what is wrong with it", examples=["Input should be a valid number"])


class Problem(Answer):
    """What went wrong, why, and what to do (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:marquee:problem:not-found",
                    "title": "Not found",
                    "status": 404,
                    "detail": "There is no item '9999'.",
                    "instance": "/api/v1/items/9999",
                    "request_id": "019a8b2e-6c1f-7d3a-9f52-0b6f3c1d2e4f",
                }
            ]
        }
    )

    type: str = Field(description="names the kind of problem")
    title: str = Field(description="the kind of problem, in words")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what happened this time, and what to do about it")
    instance: str = Field(description="the path that was asked for")
    request_id: str = Field(description="also in the header X-Request-ID and in the log")
    errors: list[FieldError] | None = Field(None, description="each wrong value, where there are any")
