"""What `marquee doctor` says of the audit, the open alerts and the champion."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text, update

from marquee.domain.errors import Conflict, Unavailable
from marquee.stack.checks import audit_whole, champion_sound, no_open_alert
from marquee.store.alerts import raise_alert
from marquee.store.tables import model_versions
from tests.support.trial import Trial


@pytest.fixture
def connection(trial: Trial) -> Iterator[Connection]:
    """Nothing that is written to it stays."""
    trial.start()
    with trial.engine.connect() as connection:
        yield connection
        connection.rollback()


def test_all_is_well(connection: Connection) -> None:
    assert champion_sound(connection) == "version 1, approved"
    assert no_open_alert(connection) == "none is open"
    assert audit_whole(connection).endswith(", whole")


def test_a_changed_row_of_the_audit_is_found(connection: Connection) -> None:
    connection.execute(text("UPDATE audit_log SET reason = 'forged' WHERE id = 1"))
    with pytest.raises(Conflict, match="Row 1 was changed"):
        audit_whole(connection)


def test_an_open_alert_is_told(connection: Connection) -> None:
    raise_alert(connection, kind="alias moved", subject="version 2", message="Somebody moved it.")
    with pytest.raises(Conflict, match="version 2, alias moved: Somebody moved it"):
        no_open_alert(connection)
    connection.execute(text("UPDATE alerts SET resolved_at = now(), resolved_by = 'ada'"))
    assert no_open_alert(connection) == "none is open"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "declined"}, "Version 1 serves, and it is declined."),
        (
            {"gates": [{"name": "rmse", "passed": False, "reason": "rmse is 1.9, above 1."}]},
            "it did not pass a gate: rmse is 1.9, above 1",
        ),
    ],
)
def test_a_champion_that_should_not_serve_is_told(
    connection: Connection, change: dict[str, Any], said: str
) -> None:
    connection.execute(update(model_versions).where(model_versions.c.version == 1).values(**change))
    with pytest.raises(Conflict, match=said):
        champion_sound(connection)


def test_without_a_champion_the_way_to_one_is_told(connection: Connection) -> None:
    connection.execute(text("UPDATE deployment SET champion = NULL"))
    with pytest.raises(Unavailable, match="marquee train"):
        champion_sound(connection)
