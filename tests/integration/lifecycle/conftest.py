from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from marquee.lifecycle.promotion import promote, rollback
from marquee.lifecycle.rollouts import abort
from marquee.store import deployment, rollouts, versions
from tests.support.trial import Trial
from tests.support.world import load_world, record_version


@pytest.fixture(scope="module")
def world(engine: Engine) -> None:
    """Versions 1 (the champion), 2 and 3, all approved; each has newer data than the one before."""
    with engine.begin() as connection:
        load_world(connection)
        for version in (1, 2, 3):
            record_version(connection, version)
        connection.execute(
            text("UPDATE model_versions SET trained_through = trained_through + version * interval '1 day'")
        )
    promote(engine, 1, actor="ada", reason="the first", evidence={}, expected_revision=0)


@pytest.fixture
def quiet(engine: Engine, world: None) -> None:
    """No rollout goes, and version 1 is the champion."""
    with engine.connect() as connection:
        going, now = rollouts.active(connection), deployment.get(connection)
    if going is not None:
        abort(engine, going.rollout_id, actor="ada", reason="the next test")
    if now.champion != 1:
        rollback(engine, actor="ada", reason="the next test", to=1)
    with engine.begin() as connection:
        for version in (1, 2, 3):
            versions.set_sent_back(connection, version, None)


@pytest.fixture
def trial(engine: Engine, quiet: None) -> Iterator[Trial]:
    """Version 2 beside version 1; nothing is started yet."""
    yield Trial(engine)
    with engine.begin() as connection:
        for version in (1, 2, 3):  # a test may have let a deadline pass
            versions.set_purge_after(connection, version, None)
            versions.set_sent_back(connection, version, None)
