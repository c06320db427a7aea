"""The states of a version, and which may follow which."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from marquee.domain.errors import Conflict

State: TypeAlias = Literal[
    "candidate", "validated", "rejected", "approved", "declined", "retired", "archived"
]

FOLLOWING: Mapping[str, frozenset[State]] = {
    "candidate": frozenset({"validated", "rejected"}),  # the gates judge
    "validated": frozenset({"approved", "declined"}),  # a person, or the policy, signs
    "approved": frozenset({"retired"}),
    "rejected": frozenset({"archived"}),
    "declined": frozenset({"archived"}),
    "retired": frozenset({"archived"}),
    "archived": frozenset(),
}


def check_move(version: int, before: str, after: State) -> None:
    """Raise Conflict unless a version in the state `before` may move to `after`."""
    if after in FOLLOWING[before]:
        return
    allowed = ", ".join(sorted(FOLLOWING[before])) or "nothing"
    raise Conflict(
        f"Version {version} is {before} and cannot become {after}.", hint=f"It can become: {allowed}."
    )
