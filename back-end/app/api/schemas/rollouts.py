"""Rollouts, and the policy that they go by."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue

from app.api.schemas.fields import Answer, Message, NextCursor, Reason
from app.api.schemas.reviews import Part

RolloutState = Literal["planned", "shadow", "canary", "promoted", "rolled_back", "inconclusive", "aborted"]


class RolloutRequest(Message):
    version: int = Field(strict=True, ge=1, le=2**31 - 1, description="an approved version", examples=[3])
    preset: Annotated[
        str | None,
        Field(
            min_length=1, max_length=100, description="of policy.yaml; null: its default", examples=["canary"]
        ),
    ] = None
    reason: Annotated[Reason, Field(examples=["the new recipe, for the people who asked for it"])]


_Revision = Annotated[
    int, Field(strict=True, ge=0, le=2**31 - 1, description="refuse when the rollout has changed since")
]


class RolloutAdvance(Message):
    """Why a rollout is to go on, and what it was seen as."""

    reason: Annotated[Reason, Field(examples=["the shadow has shown enough"])]
    expected_revision: Annotated[_Revision, Field(examples=[2])]
    overrule: Annotated[
        bool,
        Field(
            strict=True,
            description="to champion though the verdict is neither `better` nor `not worse`; it is recorded",
        ),
    ] = False


class RolloutAbort(Message):
    """Why a rollout is to end."""

    reason: Annotated[Reason, Field(examples=["clicks fell by a third"])]
    expected_revision: _Revision | None = None


class Rollout(Answer):
    """A challenger's way to champion, or back."""

    rollout_id: int = Field(examples=[7])
    challenger: int = Field(description="the version under trial", examples=[3])
    champion: int = Field(description="the version it is compared with", examples=[2])
    preset: str = Field(examples=["canary"])
    state: RolloutState
    step: int = Field(description="0 before the first share of the people")
    revision: int = Field(description="grows with each change")
    requested_by: str
    reason: str
    created_at: AwareDatetime
    judged_at: AwareDatetime | None = Field(description="when the judge looked last")
    ended_at: AwareDatetime | None
    outcome: str | None = Field(description="why it ended; null while it goes")


class RolloutStep(Answer):
    """A stretch of a rollout in which nothing changed."""

    step: int
    state: str
    share: float = Field(description="of the people who had the challenger, from 0 to 1")
    began_at: AwareDatetime
    ended_at: AwareDatetime | None


class RolloutDetail(Rollout):
    plan: dict[str, JsonValue] = Field(description="preset and judge of policy.yaml, as they were then")
    steps: list[RolloutStep] = Field(description="in their order")
    verdict: dict[str, JsonValue] | None = Field(
        description="the judge's last: `verdict`, `reason`, and `findings`, each with its interval"
    )
    shadow: dict[str, float] = Field(
        description="how the challenger's lists compared with the champion's for the same requests, so far; "
        "sums over all workers, `seconds.0.005` being how many took up to that long; empty before the first"
    )


class RolloutPage(Answer):
    """Newest first."""

    rollouts: list[Rollout]
    next_cursor: NextCursor


class PolicyReview(Answer):
    """Who must sign before a version may serve."""

    sign_offs: list[Part] = Field(examples=[["technical"]])
    own: Literal["allow", "refuse"] = Field(description="may those approve who had it made?")
    automatic: Literal["patch", "none"] = Field(description="what needs no person when every gate passes")
    overrule: Literal["allow", "refuse"] = Field(description="may a person pass over gates and reviews?")


class PolicyStep(Answer):
    share: float = Field(description="of the people, from 0 to 1", examples=[0.05])
    minutes: float = Field(description="at least so long")
    people: int = Field(description="at least so many of each variant")


class PolicyShadow(Answer):
    """The challenger is asked what the champion is asked, and nobody sees its lists."""

    minutes: float
    lists: int
    most_errors: float
    slowest: float
    least_overlap: float


class PolicyPreset(Answer):
    """How a rollout goes."""

    name: str = Field(examples=["canary"])
    shadow: PolicyShadow | None
    steps: list[PolicyStep] = Field(description="empty: everybody at once, when the workers are warm")
    longest_hours: float = Field(description="after which an inconclusive rollout ends")
    patch_on_guardrails: bool


class PolicyInForce(Answer):
    """What policy.yaml says now."""

    review: PolicyReview
    presets: list[PolicyPreset]
    default_preset: str = Field(examples=["canary"])
    patch_preset: str | None = Field(description="by which versions are rolled out that policy approves")
    quiet_preset: str | None = Field(description="the same, where too few lists are shown to judge by")
    quiet_lists: int = Field(description="shown to people in 24 hours, below which it is quiet")
    judge: dict[str, float] = Field(description="margins and patience of the judge; see docs/rollouts.md")
    rollback_days: float = Field(description="so long a version that served can be returned to")
