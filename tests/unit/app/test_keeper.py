"""Which model a worker takes into service, and which it refuses."""

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from app.serving.bundles import BundleStore
from app.serving.keeper import ModelKeeper
from app.serving.stage import Stage

from marquee.models.bundle import Bundle
from marquee.settings import Serving
from marquee.store.deployment import Deployment
from tests.support.service import eventually
from tests.support.world import write_world_bundle


class Follows:
    """A keeper, and what it has put into service."""

    def __init__(self, folder: Path, store: type[BundleStore] = BundleStore) -> None:
        self.folder = folder
        self.served: list[int] = []
        self.stopping = threading.Event()
        self.stage = Stage(self._note)
        self.keeper = ModelKeeper(store(folder, self.stopping), Serving(), self.stage, self.stopping)
        self.keeper.start()

    def _note(self) -> None:
        champion = self.stage.lineup.champion
        if champion is not None and self.served[-1:] != [champion.version]:
            self.served.append(champion.version)

    def want(
        self, champion: int | None, previous: int | None = None, approved: Sequence[int] = (), **trial: Any
    ) -> None:
        self.keeper.want(Deployment(champion, previous, 1, None, None, **trial), approved)

    def on_trial(self) -> int | None:
        trial = self.stage.lineup.trial
        return None if trial is None else trial.shelf.version

    def stop(self) -> None:
        self.stopping.set()
        self.keeper.wake()
        self.keeper.join(20)


@pytest.fixture
def follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("MARQUEE_HOME", str(tmp_path / "no stack here"))  # so that nothing can be fetched
    followed = Follows(tmp_path / "bundles")
    yield followed
    followed.stop()


def test_it_serves_what_it_is_told_to_and_nothing_when_told_so(follows: Follows) -> None:
    for version in (1, 2):
        write_world_bundle(follows.folder / str(version))
        follows.want(version, None)
        eventually(lambda version=version: follows.served[-1:] == [version])  # type: ignore[misc]
    follows.want(None, None)
    eventually(lambda: follows.stage.lineup.champion is None)
    assert follows.served == [1, 2]
    assert follows.keeper.problem is None


def test_a_damaged_copy_that_cannot_be_replaced_is_refused_until_it_is_mended(follows: Follows) -> None:
    write_world_bundle(follows.folder / "1")
    follows.want(1, None)
    eventually(lambda: follows.served == [1])

    write_world_bundle(follows.folder / "2")
    (follows.folder / "2" / "items.json").write_text("[]")
    follows.want(2, 1)
    eventually(lambda: follows.keeper.problem is not None)
    assert follows.served == [1]
    assert "items.json" in str(follows.keeper.problem)

    follows.want(1, 2)
    eventually(lambda: follows.keeper.problem is None)
    assert follows.served == [1]


def _damage(folder: Path) -> None:
    (folder / "items.json").write_text("[]")


def test_a_version_with_a_sound_copy_stands_in_for_one_that_cannot_be_had(follows: Follows) -> None:
    for version in (1, 2, 3, 4):
        write_world_bundle(follows.folder / str(version))
    _damage(follows.folder / "4")
    _damage(follows.folder / "3")
    follows.want(4, 3, [4, 3, 2, 1])
    eventually(lambda: follows.keeper.problem is not None)
    assert follows.served == [2], "the previous champion's copy is damaged too; the next best is version 2"
    assert "items.json" in str(follows.keeper.problem)
    assert "error:" not in str(follows.keeper.problem)

    follows.want(2, 4)
    eventually(lambda: follows.keeper.problem is None)
    assert follows.served == [2]


def test_without_any_sound_copy_nothing_serves_and_the_reason_is_known(follows: Follows) -> None:
    follows.want(1, None, [1])
    eventually(lambda: follows.keeper.tried.is_set())
    assert follows.served == []
    assert "no copy on this machine" in str(follows.keeper.problem)


TRIAL = {"challenger": 2, "rollout": 7, "mode": "warming", "salt": "salt"}


def test_a_challenger_comes_beside_the_champion_and_goes_with_its_trial(follows: Follows) -> None:
    for version in (1, 2):
        write_world_bundle(follows.folder / str(version))
    follows.want(1, **TRIAL)
    eventually(lambda: follows.on_trial() == 2)
    assert follows.served == [1]
    follows.want(1)
    assert follows.on_trial() is None, "at once"
    assert not follows.stage.holds(2)


def test_a_challenger_that_cannot_be_loaded_is_reported_and_touches_nothing(follows: Follows) -> None:
    for version in (1, 2):
        write_world_bundle(follows.folder / str(version))
    _damage(follows.folder / "2")
    follows.want(1, **TRIAL)
    eventually(lambda: follows.keeper.challenger_problem is not None)
    assert str(follows.keeper.challenger_problem).startswith("Version 2 is not in memory")
    assert "items.json" in str(follows.keeper.challenger_problem)
    assert (follows.served, follows.keeper.problem, follows.on_trial()) == ([1], None, None)
    follows.want(1)
    eventually(lambda: follows.keeper.challenger_problem is None)


class DamagedAtTheSource(BundleStore):
    """Bundles on disk, as if the registry held none but damaged ones."""

    def open(self, version: int) -> Bundle:
        return self.open_copy(version)


def test_a_challenger_is_given_up_when_it_is_found_broken_each_time(tmp_path: Path) -> None:
    follows = Follows(tmp_path / "bundles", DamagedAtTheSource)
    for version in (1, 2):
        write_world_bundle(follows.folder / str(version))
    _damage(follows.folder / "2")
    try:
        follows.want(1, **TRIAL)
        eventually(lambda: follows.keeper.challenger_problem is not None)
        assert follows.keeper.refusal is None, "once is no proof"
        eventually(lambda: follows.keeper.refusal is not None)
        assert "items.json" in str(follows.keeper.refusal)
        follows.want(1)
        assert follows.keeper.refusal is None, "at once"
    finally:
        follows.stop()


def test_a_challenger_that_cannot_be_had_is_not_given_up(follows: Follows) -> None:
    write_world_bundle(follows.folder / "1")
    (follows.folder / ".2.lock").mkdir()  # so that the disk refuses
    follows.want(1, **TRIAL)
    for _ in range(4):
        follows.keeper.challenger_problem = None
        follows.keeper.wake()
        eventually(lambda: follows.keeper.challenger_problem is not None)
    assert "cannot be used" in str(follows.keeper.challenger_problem)
    assert follows.keeper.refusal is None


def test_what_is_in_memory_changes_places_at_once(follows: Follows) -> None:
    """A promotion, and a rollback to a champion whose files are gone by then."""
    for version in (1, 2):
        write_world_bundle(follows.folder / str(version))
    follows.want(1, **TRIAL)
    eventually(lambda: follows.on_trial() == 2)
    shutil.rmtree(follows.folder)
    follows.folder.mkdir()
    for champion, previous in ((2, 1), (1, 2), (2, 1)):
        began = time.perf_counter()
        follows.want(champion, previous)
        assert follows.served[-1] == champion
        assert time.perf_counter() - began < 0.5
    assert follows.served == [1, 2, 1, 2]


def test_a_challenger_that_takes_long_to_come_holds_up_no_rollback(tmp_path: Path) -> None:
    follows = Follows(tmp_path / "bundles")
    for version in (1, 2, 3):
        write_world_bundle(follows.folder / str(version))
    follows.want(1)
    eventually(lambda: follows.served == [1])
    lock = os.open(follows.folder / ".2.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # as while another worker fetches it
    try:
        follows.want(1, **TRIAL)
        time.sleep(0.2)
        follows.want(3, 1)
        eventually(lambda: follows.served == [1, 3], within=5)
    finally:
        os.close(lock)
        follows.stop()


def test_there_is_no_trial_while_another_version_stands_in_for_the_champion(follows: Follows) -> None:
    for version in (1, 2):
        write_world_bundle(follows.folder / str(version))
    follows.want(4, 1, **TRIAL)
    eventually(lambda: follows.served == [1] and follows.stage.holds(2))
    assert follows.on_trial() is None


def test_old_versions_are_deleted_but_not_those_to_go_back_to(tmp_path: Path) -> None:
    store = BundleStore(tmp_path, threading.Event())
    for version in range(1, 9):
        (tmp_path / str(version)).mkdir()
    (tmp_path / ".fetching").mkdir()
    store.prune({8, 2})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".fetching", "2", "6", "7", "8"]
