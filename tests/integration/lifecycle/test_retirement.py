"""The end of versions on a real Postgres: retired after their deadline, archived by a person."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from marquee.domain.errors import Conflict, NotFound
from marquee.lifecycle.promotion import promote, rollback
from marquee.lifecycle.retirement import archive, retire_due
from marquee.lifecycle.rollouts import abort
from marquee.store import audit, deployment, versions
from tests.support.trial import Trial


def _state(trial: Trial, version: int) -> str:
    with trial.engine.connect() as connection:
        return versions.get(connection, version).state


def test_a_version_that_was_sent_back_is_retired_and_nobody_can_roll_back_to_it(trial: Trial) -> None:
    trial.start()
    abort(trial.engine, trial.number, actor="ada", reason="enough")
    with pytest.raises(Conflict, match="Version 3 has never served") as refused:
        rollback(trial.engine, actor="ada", reason="", to=3)
    assert refused.value.hint == "`marquee rollout start 3` tries it beside the champion."
    with pytest.raises(Conflict, match="Version 2 has never served"):
        rollback(trial.engine, actor="ada", reason="", to=2)
    assert retire_due(trial.engine, lambda: trial.now + timedelta(days=29)) == []
    assert retire_due(trial.engine, lambda: trial.now + timedelta(days=31)) == [2]
    with trial.engine.connect() as connection:
        entry = audit.latest(connection, limit=1)[0]
    assert "did not make it the champion" in entry.reason
    with trial.engine.begin() as connection:
        versions.set_state(connection, 2, expected="retired", state="approved")


def test_a_version_is_retired_when_its_time_is_over_and_not_before(trial: Trial) -> None:
    with trial.engine.connect() as connection:
        revision = deployment.get(connection).revision
    promote(trial.engine, 3, actor="ada", reason="", evidence={}, expected_revision=revision, rollback_days=7)
    assert retire_due(trial.engine, lambda: trial.now + timedelta(days=6)) == []
    later = trial.now + timedelta(days=8)
    assert retire_due(trial.engine, lambda: later) == [1]
    assert retire_due(trial.engine, lambda: later) == []
    assert (_state(trial, 1), _state(trial, 2), _state(trial, 3)) == ("retired", "approved", "approved")
    with trial.engine.connect() as connection:
        entry = audit.latest(connection, limit=1)[0]
    assert (entry.actor, entry.action, entry.subject) == ("policy", "retire", "version 1")
    with pytest.raises(Conflict, match="Version 1 is retired, not approved to serve"):
        rollback(trial.engine, actor="ada", reason="", to=1)
    with trial.engine.begin() as connection:
        versions.set_state(connection, 1, expected="retired", state="approved")


def test_the_champion_and_what_is_being_tried_are_not_retired(trial: Trial) -> None:
    trial.start()
    with trial.engine.begin() as connection:
        for version in (1, 2):
            versions.set_purge_after(connection, version, trial.now)
    assert retire_due(trial.engine, lambda: trial.now + timedelta(days=1)) == []


@pytest.mark.parametrize("state", ["rejected", "declined", "retired"])
def test_what_will_not_serve_can_be_archived(trial: Trial, state: str) -> None:
    with trial.engine.begin() as connection:
        connection.execute(
            text("UPDATE model_versions SET state = :state WHERE version = 3"), {"state": state}
        )
    archive(trial.engine, 3, actor="ada", reason="superseded")
    assert _state(trial, 3) == "archived"
    with pytest.raises(Conflict, match="Version 3 is archived and cannot become archived"):
        archive(trial.engine, 3, actor="ada", reason="")
    with trial.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET state = 'approved' WHERE version = 3"))


def test_what_may_serve_cannot_be_archived(trial: Trial) -> None:
    with pytest.raises(Conflict, match="Version 3 is approved and cannot become archived") as refused:
        archive(trial.engine, 3, actor="ada", reason="")
    assert refused.value.hint == (
        "It may be rolled out; it is retired by itself when nobody can return to it any more."
    )
    with pytest.raises(NotFound):
        archive(trial.engine, 99, actor="ada", reason="")
