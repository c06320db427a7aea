"""Health."""

from typing import Literal

from pydantic import Field

from app.api.schemas.fields import Answer


class Live(Answer):
    status: Literal["ok"]


class Check(Answer):
    ok: bool
    detail: str = Field(description="what is the matter, or what is there")


class Ready(Answer):
    """Whether this worker should get requests.

    `ready`: all is well. `degraded`: lists are answered, but a part is away, or the deployed model does not
    serve (200). `unready`: it is not loaded, or no model is deployed (503).
    """

    status: Literal["ready", "degraded", "unready"]
    model_version: int | None
    checks: dict[str, Check] = Field(description="by part: postgres, catalogue, histories, model, feed")
