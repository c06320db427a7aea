"""How far a version that passed its gates goes without a person, on a real Postgres."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from marquee.domain.errors import Conflict
from marquee.lifecycle.onward import Onward, onward_within, take_up
from marquee.lifecycle.promotion import rollback
from marquee.lifecycle.rollouts import abort, start
from marquee.settings import Policy
from marquee.store import alerts, audit, deployment, rollouts, versions
from tests.support.trial import POLICY, Trial, people


@pytest.fixture
def passed(trial: Trial) -> Iterator[Callable[..., Onward]]:
    """Version 3 has passed its gates, beside version 1: what the policy does with it."""
    with trial.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET state = 'validated' WHERE version = 3"))

    abort(trial.engine, trial.start().rollout_id, actor="ada", reason="a person has started one")

    def go(
        *,
        patch: str | None,
        quiet: str | None = "",
        compared_with: int | None = 1,
        automatic: str = "patch",
    ) -> Onward:
        names = {"patch": patch, "quiet": patch if quiet == "" else quiet, "quiet_lists": 10}
        changes: dict[str, Any] = {
            "rollouts": POLICY.rollouts.model_copy(update=names),
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
        for alert in alerts.list_page(connection, limit=10, only_open=True):
            alerts.resolve(connection, alert.alert_id, "the test")


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


def test_new_data_go_at_once_only_where_nobody_is_there_to_judge_by(
    trial: Trial, passed: Callable[..., Onward]
) -> None:
    trial.start_canary()
    trial.shows("champion", people("q", 10), positive=0.0, lists=1)
    abort(trial.engine, trial.number, actor="ada", reason="enough")
    assert passed(patch="canary", quiet="blue-green").note.endswith("(canary) takes it on.")
    assert trial.champion == 1


def test_new_data_go_at_once_on_a_quiet_platform(trial: Trial, passed: Callable[..., Onward]) -> None:
    with trial.engine.begin() as connection:
        connection.execute(text("DELETE FROM impressions"))
    trial.start_canary()
    trial.shows("champion", people("q", 9), positive=0.0, lists=1)
    abort(trial.engine, trial.number, actor="ada", reason="enough")
    assert passed(patch="canary", quiet="blue-green").deployed


def test_after_a_rollback_by_the_judge_new_data_wait_for_a_person(
    trial: Trial, passed: Callable[..., Onward]
) -> None:
    trial.start_canary()
    trial.tally("champion", 20_000)
    trial.tally("challenger", 20_000, errors=1.0)
    trial.look()
    assert trial.rollout.state == "rolled_back"
    done = passed(patch="blue-green")
    assert (done.state, done.deployed, _state(trial)) == ("approved", False, "approved")
    assert "waits for a person to roll it out: another version was rolled back" in done.note
    with trial.engine.connect() as connection:
        (told,) = alerts.open_about(connection, "new data")
    assert told.offer == {"action": "rollout", "version": 3}
    assert take_up(trial.engine, _policy("canary")) == []
    rollout = start(trial.engine, 3, preset="canary", policy=POLICY, actor="ada", reason="I have looked")
    with trial.engine.connect() as connection:
        assert alerts.open_about(connection, "new data") == []
    abort(trial.engine, rollout.rollout_id, actor="ada", reason="enough")


def test_after_a_rollback_by_a_person_new_data_wait_until_a_person_starts_a_rollout(
    trial: Trial, passed: Callable[..., Onward]
) -> None:
    trial.start("blue-green")
    trial.workers(warm=True)
    trial.look()
    assert trial.champion == 2
    rollback(trial.engine, actor="ada", reason="complaints")
    assert not passed(patch="blue-green").deployed
    with trial.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET state = 'validated' WHERE version = 3"))
    abort(trial.engine, trial.start().rollout_id, actor="ada", reason="enough")
    assert passed(patch="blue-green").deployed


def test_what_waits_is_taken_up_when_no_rollout_goes_any_more(
    trial: Trial, passed: Callable[..., Onward]
) -> None:
    _forget_rollouts_of_3(trial)
    going = trial.start().rollout_id
    passed(patch="canary")
    assert take_up(trial.engine, _policy("canary")) == [], "another one goes"
    abort(trial.engine, going, actor="ada", reason="enough")
    assert take_up(trial.engine, _policy(None)) == [], "a person is to start it"
    (said,) = take_up(trial.engine, _policy("canary"))
    assert said.endswith("(canary) takes version 3 on, which waited.")
    with trial.engine.connect() as connection:
        rollout = rollouts.active(connection)
    assert rollout is not None
    assert (rollout.challenger, rollout.requested_by) == (3, "policy")
    abort(trial.engine, rollout.rollout_id, actor="ada", reason="enough")
    assert take_up(trial.engine, _policy("canary")) == [], "it was tried"


def test_what_waits_is_the_champion_at_once_where_the_policy_says_so(
    trial: Trial, passed: Callable[..., Onward]
) -> None:
    _forget_rollouts_of_3(trial)
    going = trial.start().rollout_id
    passed(patch="blue-green")
    abort(trial.engine, going, actor="ada", reason="enough")
    assert take_up(trial.engine, _policy("blue-green")) == ["Version 3, which waited, is the champion."]
    assert trial.champion == 3


def test_what_a_person_approved_or_has_no_newer_data_is_not_taken_up(trial: Trial) -> None:
    abort(trial.engine, trial.start().rollout_id, actor="ada", reason="a person has started one")
    _forget_rollouts_of_3(trial)
    assert take_up(trial.engine, _policy("canary")) == [], "the policy has not approved it"
    with trial.engine.begin() as connection:
        audit.append(
            connection, actor="policy", action="approve", subject="version 3", reason="", evidence={}
        )
        before = versions.get(connection, 3).trained_through
        connection.execute(_DATA_OF_3, {"until": before - timedelta(days=9)})
    assert take_up(trial.engine, _policy("canary")) == []
    with trial.engine.begin() as connection:
        connection.execute(_DATA_OF_3, {"until": before})
    assert take_up(trial.engine, _policy("blue-green")) == [], "the gates have not seen this champion"
    assert len(take_up(trial.engine, _policy("canary"))) == 1


_DATA_OF_3 = text("UPDATE model_versions SET trained_through = :until WHERE version = 3")


def _policy(patch: str | None) -> Policy:
    names = {"patch": patch, "quiet": patch}
    return POLICY.model_copy(update={"rollouts": POLICY.rollouts.model_copy(update=names)})


def _forget_rollouts_of_3(trial: Trial) -> None:
    """As if nobody had tried version 3, and it had never served, nor been approved by the policy."""
    with trial.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET served_at = NULL WHERE version = 3"))
        connection.execute(text("DELETE FROM rollouts WHERE challenger = 3"))
        connection.execute(text("DELETE FROM audit_log WHERE subject = 'version 3' AND action = 'approve'"))
