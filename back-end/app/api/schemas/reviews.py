"""Reviews of versions, and their deployment checklist."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from app.api.schemas.deployments import VersionState
from app.api.schemas.fields import CHECKED_TEXT, CHECKED_WORDS, Answer, Message, Reason

Part = Literal["technical", "business"]


class ReviewRequest(Message):
    part: Part = Field(description="what the reviewer answers for", examples=["technical"])
    decision: Literal["approve", "decline"] = Field(examples=["approve"])
    comment: Annotated[
        str,
        Field(
            min_length=1,
            max_length=4000,
            description="what was looked at, and why it is decided so; not blank",
            examples=["New people gain, nobody loses more than the margin."],
        ),
        CHECKED_TEXT,
        CHECKED_WORDS,
    ]


class VersionReview(Answer):
    """One person's word on a version."""

    review_id: int
    version: int = Field(examples=[3])
    part: Part
    decision: Literal["approve", "decline"]
    comment: str
    reviewer: str = Field(examples=["operator:ann"])
    audit_head: str = Field(description="hash of the audit log's last row, as the reviewer found it")
    at: AwareDatetime


class Reviewed(Answer):
    """What a review came to."""

    review: VersionReview
    state: VersionState = Field(description="of the version now", examples=["approved"])
    missing: list[Part] = Field(description="the parts that nobody has signed yet")


class VersionReviews(Answer):
    """The reviews of a version, oldest first."""

    version: int
    state: VersionState
    sign_offs: list[Part] = Field(description="the parts that policy.yaml wants signed")
    missing: list[Part] = Field(description="those of them that nobody has signed yet")
    reviews: list[VersionReview]


class ChecklistItem(Answer):
    name: str = Field(examples=["Way back"])
    state: Literal["ok", "not yet", "failed"] = Field(
        description="not yet: it may come to hold, or could not be looked at from here"
    )
    evidence: str = Field(examples=["`marquee rollback` returns to version 2, until 2026-12-25 09:00 UTC."])


class Checklist(Answer):
    """What must hold before, and while, a version serves; computed at the moment of the request."""

    version: int = Field(examples=[3])
    items: list[ChecklistItem]


class ArchiveRequest(Message):
    reason: Annotated[Reason, Field(examples=["an experiment that led nowhere"])]


class Archived(Answer):
    version: int = Field(examples=[3])
    state: VersionState
