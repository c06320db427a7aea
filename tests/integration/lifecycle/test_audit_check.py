"""What `marquee audit verify` finds: a changed row, a missing one, and rows cut off at the end."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from marquee.lifecycle.rollouts import abort
from marquee.store import audit, reviews
from marquee.store.audit_check import check
from tests.support.trial import Trial


@pytest.fixture
def log(trial: Trial) -> Iterator[Connection]:
    """A log with a start, an end and a review; whatever a test does to it is taken back."""
    trial.start()
    abort(trial.engine, trial.number, actor="ada", reason="enough")
    with trial.engine.connect() as connection:
        head = audit.latest(connection, limit=1)[0].hash
        reviews.add(
            connection,
            version=2,
            reviewer="ada",
            part="technical",
            decision="approve",
            comment="good",
            audit_head=head,
        )
        signed = {"part": "technical", "decision": "approve"}
        audit.append(
            connection, actor="ada", action="approve", subject="version 2", reason="good", evidence=signed
        )
        yield connection
        connection.rollback()


def _faults(connection: Connection, head: str | None = None) -> list[str]:
    return list(check(connection, head=head).faults)


def test_a_whole_log_has_no_faults_and_names_its_head(log: Connection) -> None:
    newest = audit.latest(log, limit=1)[0]
    found = check(log, head=newest.previous_hash)
    assert (found.rows, found.head, found.faults) == (newest.id, newest.hash, ())
    assert found.is_whole


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_log SET reason = 'another' WHERE id = 2",
        "UPDATE audit_log SET actor = 'eve' WHERE id = 2",
        "UPDATE audit_log SET evidence = '{}' WHERE id = 2",
        "UPDATE audit_log SET at = at + interval '1 microsecond' WHERE id = 2",
        "DELETE FROM audit_log WHERE id = 2",
        "DELETE FROM audit_log WHERE id = 1",
    ],
)
def test_a_changed_or_missing_row_is_found(log: Connection, change: str) -> None:
    log.execute(text(change))
    assert any("was changed, or stands behind a missing one" in fault for fault in _faults(log))
    assert check(log).first_broken == audit.first_broken(log) is not None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE reviews SET comment = 'forged'", "changed or added"),
        ("UPDATE reviews SET decision = 'decline'", "changed or added"),
        ("UPDATE reviews SET reviewer = 'eve'", "changed or taken out"),
        ("DELETE FROM reviews", "changed or taken out"),
        (
            "INSERT INTO reviews (version, reviewer, part, decision, comment, audit_head) "
            "SELECT version, 'eve', 'business', decision, comment, audit_head FROM reviews",
            "A business review of version 2 by eve was changed or added",
        ),
    ],
)
def test_a_review_that_no_row_tells_of_is_found(log: Connection, change: str, fault: str) -> None:
    log.execute(text(change))
    assert any(fault in one for one in _faults(log))


def test_rows_cut_off_at_the_end_show_by_what_was_noted_elsewhere(log: Connection) -> None:
    log.execute(text("DELETE FROM audit_log WHERE id >= (SELECT max(id) - 1 FROM audit_log)"))
    faults = _faults(log)
    assert "The log that the reviewer of version 2 saw is not there any more." in faults
    assert any("no row `end rollout` about rollout" in fault for fault in faults)


def test_an_empty_log_beside_a_champion_is_found(log: Connection) -> None:
    log.execute(text("DELETE FROM audit_log"))
    assert "Version 1 is the champion, and the last row about that says: nothing." in _faults(log)


def test_a_kept_head_shows_that_the_end_is_cut_off(log: Connection, engine: Engine) -> None:
    audit.append(log, actor="ada", action="note", subject="x", reason="", evidence={})
    head = check(log).head
    assert _faults(log, head) == []
    log.execute(text("DELETE FROM audit_log WHERE id = (SELECT max(id) FROM audit_log)"))
    assert _faults(log) == [], "nothing else knows of that row"
    assert _faults(log, head) == [f"No row has the hash {head}: it was changed, or cut off."]


def test_a_log_that_was_written_anew_does_not_hold_the_kept_head(log: Connection) -> None:
    """Whoever rewrites a row and every hash after it ends up with another head."""
    head = check(log).head
    rows = log.execute(text("SELECT * FROM audit_log ORDER BY id")).mappings().all()
    log.execute(text("DELETE FROM audit_log"))
    for row in rows:
        audit.append(
            log,
            actor="eve",
            action=row["action"],
            subject=row["subject"],
            reason=row["reason"],
            evidence=row["evidence"],
            at=row["at"],
        )
    assert audit.first_broken(log) is None
    assert any(head in fault for fault in _faults(log, head))


def test_a_version_whose_state_no_row_carries_is_found(log: Connection) -> None:
    states = {"state": "approved"}
    audit.append(log, actor="ada", action="register", subject="version 3", reason="", evidence=states)
    assert _faults(log) == []
    log.execute(text("UPDATE model_versions SET state = 'rejected' WHERE version = 3"))
    assert _faults(log) == ["Version 3 is rejected, and its last row says: approved."]
    log.execute(text("UPDATE model_versions SET state = 'approved' WHERE version = 3"))
    audit.append(log, actor="ada", action="register", subject="version 1", reason="", evidence=states)
    assert _faults(log) == ["There is no row `register` about version 2."]
