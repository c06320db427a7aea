"""The arms of a deployment: whose list it is, and whether chance chose."""

from typing import Literal, NamedTuple, TypeAlias

Variant: TypeAlias = Literal["champion", "challenger", "requested"]


class Arm(NamedTuple):
    """What lists, tokens and the log say that a list is of.

    Attributes:
        rollout, step: in which chance chose; None: it did not.
    """

    variant: Variant
    rollout: int | None = None
    step: int | None = None


CHAMPION = Arm("champion")  # where nobody chose: there is no trial, or the list is nobody's own
CHALLENGER = Arm("challenger")  # by request
REQUESTED = Arm("requested")  # a version, by its number
