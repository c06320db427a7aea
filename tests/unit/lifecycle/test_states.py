import pytest

from marquee.domain.errors import Conflict
from marquee.lifecycle.states import FOLLOWING, State, check_move


@pytest.mark.parametrize(
    ("before", "after"), [("candidate", "validated"), ("validated", "approved"), ("approved", "retired")]
)
def test_a_version_moves_along_its_life(before: str, after: State) -> None:
    check_move(1, before, after)


@pytest.mark.parametrize(
    ("before", "after"), [("rejected", "approved"), ("archived", "approved"), ("candidate", "approved")]
)
def test_nothing_that_was_not_validated_is_approved(before: str, after: State) -> None:
    with pytest.raises(Conflict, match=f"Version 7 is {before} and cannot become {after}"):
        check_move(7, before, after)


def test_every_state_that_can_follow_is_a_state() -> None:
    assert {after for following in FOLLOWING.values() for after in following} <= set(FOLLOWING)
