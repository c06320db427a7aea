"""Versions in memory beside the one that serves."""

import threading
from pathlib import Path

import numpy as np
import pytest
from app.serving.audience import Person
from app.serving.bundles import BundleStore
from app.serving.catalogue import Catalogue
from app.serving.histories import RATED
from app.serving.versions import KEPT, VersionShelf

from marquee.domain.errors import Unavailable
from marquee.domain.records import Item
from marquee.models.bundle import Bundle
from marquee.settings import Serving
from tests.support.service import eventually
from tests.support.world import write_world_bundle

CATALOGUE = Catalogue.of([Item("i000", "One"), Item("new", "Two")])


class Store(BundleStore):
    """Bundles on disk that can be slow; counts how often each was opened."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, threading.Event())
        self.opened: list[int] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def open(self, version: int) -> Bundle:
        self.may_go_on.wait(10)
        self.opened.append(version)
        return super().open_copy(version)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    for version in (1, 2, 3):
        write_world_bundle(folder / str(version))
    return folder


def test_a_version_is_loaded_once_while_it_is_kept_and_the_last_few_are(folder: Path) -> None:
    store = Store(folder)
    versions = VersionShelf(store, Serving())
    assert KEPT == 2
    for version in (1, 2, 1, 3, 1, 2):  # when 3 comes 2 goes, and then 3 for 2
        assert versions.get(version, CATALOGUE).version == version
    assert store.opened == [1, 2, 3, 2]
    versions.close()


def test_a_version_follows_the_catalogue(folder: Path) -> None:
    store = Store(folder)
    versions = VersionShelf(store, Serving())
    assert "new" in versions.get(1, CATALOGUE).ids
    more = CATALOGUE.changed([Item("newer", "Three")])
    shelf = versions.get(1, more)
    assert shelf.catalogue is more
    assert "newer" in shelf.ids
    assert store.opened == [1]
    versions.close()


def test_a_request_does_not_wait_for_ever_and_the_loading_goes_on(folder: Path) -> None:
    store = Store(folder)
    store.may_go_on.clear()
    versions = VersionShelf(store, Serving(), patience=0.05)
    for _ in range(2):
        with pytest.raises(Unavailable, match="still loading"):
            versions.get(1, CATALOGUE)
    store.may_go_on.set()
    eventually(lambda: bool(versions._kept), within=10)
    assert versions.get(1, CATALOGUE).version == 1
    assert store.opened == [1]
    versions.close()


def test_a_version_that_cannot_be_had_is_tried_again(folder: Path) -> None:
    store = Store(folder)
    versions = VersionShelf(store, Serving())
    for _ in range(2):
        with pytest.raises(Unavailable, match="Version 9 cannot be loaded"):
            versions.get(9, CATALOGUE)
    assert store.opened == [9, 9]
    versions.close()


def test_a_person_is_forgotten(folder: Path) -> None:
    versions = VersionShelf(Store(folder), Serving())
    shelf = versions.get(1, CATALOGUE)
    for name in ("ada", "bob"):
        Person(name, np.zeros(1, RATED)).state(shelf)
    versions.forget_person("ada")
    assert [shelf.model.states.holds(name) for name in ("ada", "bob")] == [False, True]
    versions.close()
