"""Which model a worker takes into service, and which it refuses."""

import threading
from pathlib import Path

import pytest
from app.serving.bundles import BundleStore
from app.serving.keeper import ModelKeeper
from app.serving.shelf import ServedModel

from marquee.settings import Serving
from tests.support.service import eventually
from tests.support.world import write_world_bundle


class Follows:
    """A keeper, and what it has put into service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.served: list[int | None] = []
        self.stopping = threading.Event()
        self.keeper = ModelKeeper(BundleStore(folder, self.stopping), Serving(), self._swap, self.stopping)
        self.keeper.start()

    def _swap(self, model: ServedModel | None) -> None:
        self.served.append(None if model is None else model.version)

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
        follows.keeper.want(version, None)
        eventually(lambda version=version: follows.served[-1:] == [version])  # type: ignore[misc]
    follows.keeper.want(None, None)
    eventually(lambda: follows.served == [1, 2, None])
    assert follows.keeper.problem is None


def test_a_damaged_copy_that_cannot_be_replaced_is_refused_until_it_is_mended(follows: Follows) -> None:
    write_world_bundle(follows.folder / "1")
    follows.keeper.want(1, None)
    eventually(lambda: follows.served == [1])

    write_world_bundle(follows.folder / "2")
    (follows.folder / "2" / "items.json").write_text("[]")
    follows.keeper.want(2, 1)
    eventually(lambda: follows.keeper.problem is not None)
    assert follows.served == [1]
    assert "items.json" in str(follows.keeper.problem)

    follows.keeper.want(1, 2)
    eventually(lambda: follows.keeper.problem is None)
    assert follows.served == [1]


def _damage(folder: Path) -> None:
    (folder / "items.json").write_text("[]")


def test_a_version_with_a_sound_copy_stands_in_for_one_that_cannot_be_had(follows: Follows) -> None:
    for version in (1, 2, 3, 4):
        write_world_bundle(follows.folder / str(version))
    _damage(follows.folder / "4")
    _damage(follows.folder / "3")
    follows.keeper.want(4, 3, [4, 3, 2, 1])
    eventually(lambda: follows.keeper.problem is not None)
    assert follows.served == [2], "the previous champion's copy is damaged too; the next best is version 2"
    assert "items.json" in str(follows.keeper.problem)
    assert "error:" not in str(follows.keeper.problem)

    follows.keeper.want(2, 4)
    eventually(lambda: follows.keeper.problem is None)
    assert follows.served == [2]


def test_without_any_sound_copy_nothing_serves_and_the_reason_is_known(follows: Follows) -> None:
    follows.keeper.want(1, None, [1])
    eventually(lambda: follows.keeper.tried.is_set())
    assert follows.served == []
    assert "no copy on this machine" in str(follows.keeper.problem)


def test_old_versions_are_deleted_but_not_those_to_go_back_to(tmp_path: Path) -> None:
    store = BundleStore(tmp_path, threading.Event())
    for version in range(1, 9):
        (tmp_path / str(version)).mkdir()
    (tmp_path / ".fetching").mkdir()
    store.prune({8, 2})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".fetching", "2", "6", "7", "8"]
