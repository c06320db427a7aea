"""Both state machines under random walks: nothing leaves the table, nothing comes back from an end."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.domain.errors import Conflict
from marquee.lifecycle import rollout_states, states
from marquee.lifecycle.rollout_states import RolloutState
from marquee.lifecycle.states import State

VERSION_STATES: tuple[State, ...] = get_args(State)
ROLLOUT_STATES: tuple[RolloutState, ...] = get_args(RolloutState)


def test_the_tables_name_every_state_and_no_other() -> None:
    assert set(states.FOLLOWING) == set(VERSION_STATES)
    assert set(rollout_states.FOLLOWING) == set(ROLLOUT_STATES)


@given(st.lists(st.sampled_from(VERSION_STATES), max_size=12))
def test_a_version_is_never_approved_without_having_been_validated(wanted: list[State]) -> None:
    state: str = "candidate"
    been = [state]
    for after in wanted:
        if after in states.FOLLOWING[state]:
            states.check_move(1, state, after)
            state = after
            been.append(state)
        else:
            with pytest.raises(Conflict, match=f"is {state} and cannot become {after}"):
                states.check_move(1, state, after)
    assert "approved" not in been or been.index("validated") < been.index("approved")
    assert "retired" not in been or been.index("approved") < been.index("retired")
    assert "archived" not in been[:-1], "nothing comes back from the archive"
    assert len(been) == len(set(been)), "no version goes round in circles"


@given(st.lists(st.sampled_from(ROLLOUT_STATES), max_size=12))
def test_a_rollout_ends_once_and_goes_no_way_back(wanted: list[RolloutState]) -> None:
    order = {"planned": 0, "shadow": 1, "canary": 2}
    state: str = "planned"
    been = [state]
    for after in wanted:
        if after in rollout_states.FOLLOWING[state]:
            rollout_states.check_move(1, state, after)
            state = after
            been.append(state)
        else:
            with pytest.raises(
                Conflict, match=rf"(is {state} and cannot become {after}|has ended \({state}\) and cannot)"
            ):
                rollout_states.check_move(1, state, after)
    ranks = [order.get(each, 3) for each in been]
    assert ranks == sorted(ranks)
    assert ranks.count(3) <= 1
    assert ranks.count(0) == 1
    assert ranks.count(1) <= 1


@pytest.mark.parametrize("end", ["promoted", "rolled_back", "inconclusive", "aborted"])
def test_nothing_follows_an_end(end: RolloutState) -> None:
    with pytest.raises(Conflict, match="has ended"):
        rollout_states.check_move(7, end, "canary")
