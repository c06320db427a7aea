"""How far a version that passed its gates goes without a person, on a real Postgres."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from marquee.domain.errors import Conflict
from marquee.lifecycle.onward import Onward, onward_within
from marquee.settings import Policy
from marquee.store import deployment, rollouts, versions
from tests.support.trial import POLICY, Trial


@pytest.fixture
def passed(trial: Trial) -> Iterator[Callable[..., Onward]]:
    """Version 3 has passed its gates, beside version 1: what the policy does with it."""
    with trial.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET state = 'validated' WHERE version = 3"))

    def go(*, patch: str | None, compared_with: int | None = 1, automatic: str = "patch") -> Onward:
        changes: dict[str, Any] = {
            "rollouts": POLICY.rollouts.model_copy(update={"patch": patch}),
            "review": POLICY.review.model_copy(update={"automatic": automatic}),
        }
        policy: Policy = POLICY.model_copy(update=changes)
        with trial.engine.begin() as connection:
            return onward_within(
                connection, 3, policy=policy, trigger="test", evidence={}, compared_with=compared_with
            )

    yield go
    with trial.engine.begin() as connection:
        connection.execute(
            text("UPDATE model_versions SET state = 'approved', semantic_version = '1.0.3' WHERE version = 3")
        )


def _state(trial: Trial) -> str:
    with trial.engine.connect() as connection:
        return versions.get(connection, 3).state


def test_new_data_go_through_shadow_and_canary_where_the_policy_says_so(
    trial: Trial, passed: Callable[..., Onward]
) -> None:
    done = passed(patch="canary")
    with trial.engine.connect() as connection:
        going, now = rollouts.active(connection), deployment.get(connection)
    assert going is not None
    assert done == Onward("approved", False, f"Rollout {going.rollout_id} (canary) takes it on.")
    assert (going.challenger, going.requested_by, going.state) == (3, "policy", "planned")
    assert (now.champion, now.challenger, now.mode) == (1, 3, "warming")
    assert _state(trial) == "approved"


def test_new_data_are_the_champion_at_once_where_the_policy_says_so(
    trial: Trial, passed: Callable[..., Onward]
) -> None:
    assert passed(patch="blue-green") == Onward("approved", True, "")
    assert trial.champion == 3


def test_a_rollout_that_goes_is_not_disturbed(trial: Trial, passed: Callable[..., Onward]) -> None:
    number = trial.start().rollout_id
    done = passed(patch="blue-green")
    assert done.note == f"It is approved, and waits: rollout {number} of version 2 goes."
    assert trial.rollout.is_active
    assert (trial.champion, _state(trial)) == (1, "approved")


def test_a_person_starts_the_rollout_where_the_policy_names_no_preset(
    trial: Trial, passed: Callable[..., Onward]
) -> None:
    assert passed(patch=None).note == "It is approved, and waits for a person to roll it out."
    assert _state(trial) == "approved"


def test_what_the_policy_may_not_approve_waits_for_a_review(
    trial: Trial, passed: Callable[..., Onward]
) -> None:
    assert passed(patch="canary", automatic="none").state == "validated"
    with trial.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET semantic_version = '1.1.0' WHERE version = 3"))
    assert passed(patch="canary").state == "validated"
    assert _state(trial) == "validated"


def test_a_version_that_was_compared_with_another_champion_goes_nowhere(
    trial: Trial, passed: Callable[..., Onward]
) -> None:
    with pytest.raises(Conflict, match="Version 1 became the champion meanwhile"):
        passed(patch="canary", compared_with=2)
    assert _state(trial) == "validated"


def test_a_finished_rollout_in_the_meantime_does_no_harm(trial: Trial, passed: Callable[..., Onward]) -> None:
    """The deployment's revision has grown, but the champion is the one that it was compared with."""
    trial.start_canary()
    trial.wait(121)
    trial.look()
    assert passed(patch="blue-green").deployed
