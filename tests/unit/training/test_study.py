"""What a study's file says when it fails."""

import signal
from pathlib import Path

import pytest
from optuna.exceptions import StorageInternalError

from marquee.domain.errors import Unavailable
from marquee.training.tuning.study import _readable


def _commit_interrupted() -> None:
    """As SQLAlchemy and Optuna do it: Ctrl-C comes within a commit, and then the session cannot be closed."""
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        _commit_failed()


def _commit_failed() -> None:
    raise StorageInternalError("An exception is raised during the commit.") from OSError("disk full")


def test_ctrl_c_within_a_commit_is_ctrl_c(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), _readable(tmp_path / "study.db"):
        _commit_interrupted()


def test_a_commit_that_fails_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"study\.db cannot be used"), _readable(tmp_path / "study.db"):
        _commit_failed()
