"""What commands say of an embedded platform that was killed."""

import fcntl
from pathlib import Path

import pytest

from marquee.cli.database import require_running
from marquee.domain.errors import ConfigurationError
from marquee.settings import Settings, load_settings


@pytest.fixture
def killed(tmp_path: Path) -> Settings:
    """A platform's state folder as `kill -9` leaves it: its record and its lock file, which nobody holds."""
    settings = load_settings({}, home=tmp_path)
    settings.stack_file.parent.mkdir()
    settings.stack_file.write_text('{"database_url": "postgresql://marquee@127.0.0.1:9/marquee"}')
    (tmp_path / "run" / "up.lock").write_text("1")
    return settings


def test_a_platform_that_was_killed_does_not_run(killed: Settings) -> None:
    with pytest.raises(ConfigurationError, match=r"does not run.*`make up` starts it"):
        require_running(killed)


def test_a_platform_that_is_held_runs(killed: Settings) -> None:
    with (killed.home / "run" / "up.lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        require_running(killed)


def test_a_database_of_ones_own_is_nobody_elses_matter(killed: Settings) -> None:
    require_running(killed.model_copy(update={"database_url": "postgresql://marquee@db/marquee"}))
