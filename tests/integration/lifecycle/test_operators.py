"""What people do with rollouts, on a real Postgres: of two exactly one wins, and nothing is half done."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, text

from marquee.domain.errors import Conflict, InvalidInput, MarqueeError, NotFound
from marquee.lifecycle.promotion import promote, rollback
from marquee.lifecycle.rollouts import abort, advance, start
from marquee.settings import Policy
from marquee.settings.policy import Gates, Preset, Rollouts, Shadow, Step
from marquee.store import audit, deployment, rollouts, versions
from marquee.store.rollouts import Rollout
from marquee.store.tables import audit_log, changes
from tests.support.world import record_version

POLICY = Policy(
    gates=Gates(),
    rollouts=Rollouts(
        presets={
            "blue-green": Preset(),
            "canary": Preset(shadow=Shadow(), steps=(Step(share=0.1), Step(share=0.5))),
        },
        default="canary",
    ),
)


pytestmark = pytest.mark.usefixtures("quiet")


def _start(engine: Engine, version: int = 2, *, preset: str | None = None, actor: str = "ada") -> Rollout:
    return start(engine, version, preset=preset, policy=POLICY, actor=actor, reason="a better one")


def _to_shadow(engine: Engine, rollout: Rollout) -> Rollout:
    """As the conductor does when every worker is warm."""
    from marquee.lifecycle.rollout_moves import Decision, onward
    from marquee.lifecycle.rollout_plan import Plan

    with engine.begin() as connection:
        audit.lock(connection)
        decision = Decision("policy", "warm", datetime.now(UTC))
        return onward(connection, rollout, Plan.read(rollout), decision)


def _last_audit(engine: Engine) -> audit.AuditEntry:
    with engine.connect() as connection:
        return audit.latest(connection, limit=1)[0]


def _size(engine: Engine) -> tuple[int, int]:
    """How many rows the audit and the change feed have."""
    with engine.connect() as connection:
        counts = [
            connection.scalar(select(func.count()).select_from(table)) for table in (audit_log, changes)
        ]
    return counts[0] or 0, counts[1] or 0


def test_a_start_plans_the_rollout_and_has_workers_load_the_version(engine: Engine) -> None:
    audits, feed = _size(engine)
    rollout = _start(engine)
    with engine.connect() as connection:
        now = deployment.get(connection)
    assert (rollout.state, rollout.preset, rollout.challenger, rollout.champion) == (
        "planned",
        "canary",
        2,
        1,
    )
    assert rollout.plan["preset"]["steps"][1]["share"] == 0.5
    assert rollout.plan["judge"]["alpha"] == 0.05
    assert (now.mode, now.challenger, now.rollout, now.share) == ("warming", 2, rollout.rollout_id, 0.0)
    assert now.salt == rollout.salt != ""
    assert _size(engine) == (audits + 1, feed + 1)
    entry = _last_audit(engine)
    assert (entry.actor, entry.action, entry.subject) == (
        "ada",
        "start rollout",
        f"rollout {rollout.rollout_id}",
    )


def test_an_operator_goes_on_without_waiting_and_at_last_to_champion(engine: Engine) -> None:
    shadow = _to_shadow(engine, _start(engine))
    first = advance(engine, shadow.rollout_id, actor="bob", reason="seen enough")
    second = advance(engine, shadow.rollout_id, actor="bob", reason="", expected_revision=first.revision)
    with engine.connect() as connection:
        now, steps = deployment.get(connection), rollouts.steps(connection, shadow.rollout_id)
    assert [(r.state, r.step) for r in (shadow, first, second)] == [
        ("shadow", 0),
        ("canary", 1),
        ("canary", 2),
    ]
    assert (now.mode, now.step, now.share) == ("canary", 2, 0.5)
    assert [(step.step, step.share, step.ended_at is None) for step in steps] == [
        (0, 0.0, False),
        (1, 0.1, False),
        (2, 0.5, True),
    ]
    with pytest.raises(Conflict, match="is not there yet, which makes nothing the champion") as refused:
        advance(engine, shadow.rollout_id, actor="bob", reason="good")
    assert "overrule" in (refused.value.hint or "")
    ended = advance(engine, shadow.rollout_id, actor="bob", reason="good", overrule=True)
    with engine.connect() as connection:
        end = next(one for one in audit.latest(connection, limit=3) if one.action == "end rollout")
    assert end.evidence["overruled"] == "not there yet"
    with engine.connect() as connection:
        now, old, new = deployment.get(connection), versions.get(connection, 1), versions.get(connection, 2)
    assert (ended.state, ended.outcome) == (
        "promoted",
        "good (bob overruled the judge: the verdict was not there yet.)",
    )
    assert ended.ended_at is not None
    assert (now.champion, now.previous, now.challenger, now.mode) == (2, 1, None, "none")
    assert old.purge_after is not None
    assert timedelta(days=29) < old.purge_after - datetime.now(UTC) < timedelta(days=31)
    assert new.purge_after is None
    with pytest.raises(Conflict, match=r"has ended \(promoted\) and cannot be promoted"):
        advance(engine, shadow.rollout_id, actor="bob", reason="")


@pytest.mark.parametrize(
    ("version", "preset", "error", "why"),
    [
        (1, None, Conflict, "the champion already"),
        (9, None, NotFound, "no model version 9"),
        (2, "nonsense", InvalidInput, "no preset 'nonsense'"),
    ],
)
def test_what_cannot_be_rolled_out_is_refused_with_the_reason(
    engine: Engine, version: int, preset: str | None, error: type[MarqueeError], why: str
) -> None:
    before = _size(engine)
    with pytest.raises(error, match=why):
        _start(engine, version, preset=preset)
    assert _size(engine) == before


def test_what_is_not_approved_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        record_version(connection, 4)
        versions.set_state(connection, 4, expected="approved", state="declined")
    with pytest.raises(Conflict, match="Version 4 is declined; only an approved one"):
        _start(engine, 4)


def test_a_planned_rollout_is_not_advanced_before_the_workers_are_warm(engine: Engine) -> None:
    rollout = _start(engine)
    with pytest.raises(Conflict, match="still load version 2"):
        advance(engine, rollout.rollout_id, actor="ada", reason="")


def test_an_operator_who_saw_an_older_state_is_told(engine: Engine) -> None:
    rollout = _start(engine)
    _to_shadow(engine, rollout)
    with pytest.raises(Conflict, match="it is shadow, at revision 1, not 0"):
        abort(engine, rollout.rollout_id, actor="ada", reason="", expected_revision=rollout.revision)


def test_an_abort_leaves_the_champion_with_everybody(engine: Engine) -> None:
    rollout = _start(engine)
    aborted = abort(engine, rollout.rollout_id, actor="ada", reason="a mistake")
    with engine.connect() as connection:
        now = deployment.get(connection)
    assert (aborted.state, aborted.outcome) == ("aborted", "a mistake")
    assert (now.champion, now.challenger, now.mode, now.rollout) == (1, None, "none", None)


def test_a_rollback_ends_the_rollout_that_goes(engine: Engine) -> None:
    promote(engine, 3, actor="ada", reason="", evidence={}, expected_revision=_revision(engine))
    rollout = _start(engine)
    now = rollback(engine, actor="bob", reason="complaints")
    with engine.connect() as connection:
        ended = rollouts.get(connection, rollout.rollout_id)
    assert (now.champion, now.challenger) == (1, None)
    assert (ended.state, ended.outcome) == ("aborted", "Version 1 became the champion meanwhile.")


def test_a_second_rollback_does_not_undo_the_first(engine: Engine) -> None:
    revision = _revision(engine)
    promote(engine, 3, actor="ada", reason="", evidence={}, expected_revision=revision)
    now = rollback(engine, actor="bob", reason="complaints")
    assert now.champion == 1
    assert now.previous != 3, "the version just left is no way back"
    with engine.connect() as connection:
        assert versions.get(connection, 3).sent_back == "by a rollback of bob: complaints"
        assert 3 not in versions.approved(connection)
    named = rollback(engine, actor="bob", reason="by name", to=3)
    with engine.connect() as connection:
        assert (named.champion, versions.get(connection, 3).sent_back) == (3, None)


def test_of_two_rollbacks_at_once_one_wins_and_the_other_is_told_that_there_is_no_way_back(
    engine: Engine,
) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET purge_after = NULL, served_at = NULL"))
    promote(engine, 3, actor="ada", reason="", evidence={}, expected_revision=_revision(engine))
    with engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET served_at = now() WHERE version = 1"))
    outcomes = _at_once(*[lambda: rollback(engine, actor="bob", reason="complaints")] * 2)
    (told,) = [one for one in outcomes if isinstance(one, Conflict)]
    assert "no previous champion" in str(told)
    with engine.connect() as connection:
        assert (deployment.get(connection).champion, deployment.get(connection).previous) == (1, None)


def test_what_was_sent_back_starts_again_only_by_comparison_and_for_a_reason(engine: Engine) -> None:
    promote(engine, 3, actor="ada", reason="", evidence={}, expected_revision=_revision(engine))
    rollback(engine, actor="bob", reason="complaints.", to=1)
    with pytest.raises(Conflict, match=r"back by a rollback of bob: complaints\. The preset 'blue-green'"):
        _start(engine, 3, preset="blue-green")
    with pytest.raises(InvalidInput, match="shows nothing"):
        start(engine, 3, preset="canary", policy=POLICY, actor="ada", reason=" \u200b")
    assert _start(engine, 3, preset="canary").challenger == 3


def test_a_rollback_past_the_purge_deadline_is_refused(engine: Engine) -> None:
    promote(engine, 3, actor="ada", reason="", evidence={}, expected_revision=_revision(engine))
    before = _size(engine)
    with pytest.raises(Conflict, match="Version 1 could be returned to until"):
        rollback(engine, actor="bob", reason="late", at=datetime.now(UTC) + timedelta(days=31))
    assert _size(engine) == before


def _revision(engine: Engine) -> int:
    with engine.connect() as connection:
        return deployment.get(connection).revision


def _at_once(*deeds: Callable[[], object]) -> list[object]:
    """Do things at the same moment, each in a thread and with a connection of its own."""
    outcomes: list[object] = [None] * len(deeds)
    barrier = threading.Barrier(len(deeds))

    def run(place: int) -> None:
        barrier.wait()
        try:
            outcomes[place] = deeds[place]()
        except Conflict as conflict:
            outcomes[place] = conflict

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_two_operators_who_start_at_once_exactly_one_wins(engine: Engine) -> None:
    for _ in range(30):
        outcomes = _at_once(
            lambda: _start(engine, 2, actor="ada"),
            lambda: _start(engine, 3, actor="bob"),
        )
        won = [outcome for outcome in outcomes if isinstance(outcome, Rollout)]
        lost = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
        assert (len(won), len(lost)) == (1, 1), outcomes
        assert "goes already" in str(lost[0])
        with engine.connect() as connection:
            assert deployment.get(connection).challenger == won[0].challenger
        abort(engine, won[0].rollout_id, actor="ada", reason="the next round")


def test_of_two_operators_who_decide_at_once_exactly_one_wins(engine: Engine) -> None:
    for _ in range(30):
        seen = _to_shadow(engine, _start(engine))
        keywords = {"actor": "ada", "reason": "", "expected_revision": seen.revision}
        outcomes = _at_once(
            lambda: advance(engine, seen.rollout_id, **keywords),  # noqa: B023 - it is run in this round
            lambda: abort(engine, seen.rollout_id, **keywords),  # noqa: B023
        )
        won = [outcome for outcome in outcomes if isinstance(outcome, Rollout)]
        assert len(won) == 1, outcomes
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
        with engine.connect() as connection:
            now = rollouts.get(connection, seen.rollout_id)
        assert (now.state, now.revision) == (won[0].state, seen.revision + 1)
        if now.is_active:
            abort(engine, now.rollout_id, actor="ada", reason="the next round")


def test_of_two_who_promote_at_once_exactly_one_wins(engine: Engine) -> None:
    for _ in range(30):
        revision = _revision(engine)
        outcomes = _at_once(
            lambda: promote(
                engine,
                2,
                actor="ada",
                reason="",
                evidence={},
                expected_revision=revision,  # noqa: B023
            ),
            lambda: promote(
                engine,
                3,
                actor="bob",
                reason="",
                evidence={},
                expected_revision=revision,  # noqa: B023
            ),
        )
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
        assert _revision(engine) == revision + 1


def test_the_audit_is_whole_after_all_that(engine: Engine) -> None:
    with engine.connect() as connection:
        assert audit.first_broken(connection) is None
