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
    raise Conflict(f"Version {version} is {before} and cannot become {after}.", hint=_NEXT[before])


_NEXT: Mapping[str, str] = {
    "candidate": "The gates judge it first: `marquee models judge`.",
    "validated": "A review comes first: `marquee models review`.",
    "approved": "It may be rolled out; it is retired by itself when nobody can return to it any more.",
    "rejected": "It can be archived: `marquee models archive`.",
    "declined": "It can be archived: `marquee models archive`.",
    "retired": "It can be archived: `marquee models archive`.",
    "archived": "It is put away for good.",
}
