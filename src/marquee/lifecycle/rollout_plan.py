"""What a rollout goes by: the preset and the judge's section of `policy.yaml`, frozen at its start."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from marquee.domain.errors import Conflict, InvalidInput
from marquee.settings.policy import Judge, Policy, Preset, Step
from marquee.store.rollouts import Rollout


class Unreadable(Conflict):
    """A plan that another release has frozen."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one rollout.

    Attributes:
        rollback_days: for so long the champion that it replaces can be returned to.
    """

    preset: Preset
    judge: Judge
    rollback_days: float

    @classmethod
    def of(cls, policy: Policy, preset: str) -> Self:
        """Raises InvalidInput when the policy has no such preset."""
        known = policy.rollouts.presets
        if preset not in known:
            raise InvalidInput(
                f"There is no preset {preset!r}.", hint=f"policy.yaml has: {', '.join(sorted(known))}."
            )
        return cls(known[preset], policy.judge, policy.retention.rollback_days)

    @classmethod
    def read(cls, rollout: Rollout) -> Self:
        """As it was frozen; raises Unreadable where that was by a release that wrote other plans."""
        plan = rollout.plan
        try:
            return cls(
                Preset.model_validate(plan["preset"]),
                Judge.model_validate(
                    {"early_seconds": None, **plan["judge"]}
                ),  # older ones knew no such thing
                float(plan["rollback_days"]),
            )
        except (KeyError, TypeError, ValueError) as error:  # pydantic's is a ValueError
            raise Unreadable(
                f"The plan of rollout {rollout.rollout_id} cannot be read by this release: {error}",
                hint="Abort it, and start another: `marquee rollout abort`.",
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "preset": self.preset.model_dump(mode="json"),
            "judge": self.judge.model_dump(mode="json"),
            "rollback_days": self.rollback_days,
        }

    def step(self, number: int) -> Step:
        """The canary's steps count from 1."""
        return self.preset.steps[number - 1]

    def is_last(self, number: int) -> bool:
        return number >= len(self.preset.steps)

    @property
    def longest(self) -> timedelta:
        return timedelta(hours=self.preset.longest_hours)

    @property
    def attribution(self) -> timedelta:
        return timedelta(minutes=self.judge.attribution_minutes)

    @property
    def early(self) -> timedelta | None:
        """In which early answers come; None where they are not looked at."""
        seconds = self.judge.early_window
        return None if seconds is None else timedelta(seconds=seconds)
