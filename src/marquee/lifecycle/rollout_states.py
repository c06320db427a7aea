"""The states of a rollout, and which may follow which."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from marquee.domain.errors import Conflict

RolloutState: TypeAlias = Literal[
    "planned", "shadow", "canary", "promoted", "rolled_back", "inconclusive", "aborted"
]

_ENDS: frozenset[RolloutState] = frozenset({"promoted", "rolled_back", "inconclusive", "aborted"})

FOLLOWING: Mapping[str, frozenset[RolloutState]] = {
    "planned": frozenset({"shadow", "canary", *_ENDS}),  # promoted at once: blue-green, after warming
    "shadow": frozenset({"canary", *_ENDS}),
    "canary": frozenset({"canary", *_ENDS}),  # the next step
    **{end: frozenset() for end in _ENDS},
}


def check_move(rollout_id: int, before: str, after: RolloutState) -> None:
    """Raise Conflict unless a rollout in the state `before` may move to `after`."""
    if after in FOLLOWING[before]:
        return
    if before in _ENDS:
        raise Conflict(
            f"Rollout {rollout_id} has ended ({before}) and cannot {_DEEDS.get(after, 'go on')}.",
            hint="Start another one: `marquee rollout start`.",
        )
    allowed = ", ".join(sorted(FOLLOWING[before]))
    raise Conflict(
        f"Rollout {rollout_id} is {before} and cannot become {after}.", hint=f"It can become: {allowed}."
    )


_DEEDS: Mapping[RolloutState, str] = {"aborted": "be aborted", "promoted": "be promoted"}
