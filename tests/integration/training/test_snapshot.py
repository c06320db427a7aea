"""Snapshots of a real database, in a real DVC repository."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from marquee.domain.columns import GENRES, RATING_COLUMNS
from marquee.domain.errors import DataError
from marquee.store import ratings, snapshots
from marquee.training.snapshot import read_tables, take_snapshot
from tests.support.platform import load_checkerboard


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def test_without_ratings_there_is_nothing_to_take(engine: Engine, home: Path) -> None:
    with pytest.raises(DataError, match="There are no ratings to train on"):
        take_snapshot(engine, home)


def test_a_snapshot_keeps_every_row_and_is_recorded(engine: Engine, home: Path) -> None:
    expected = load_checkerboard(engine).sort_values(list(RATING_COLUMNS[:2]), ignore_index=True)
    snapshot = take_snapshot(engine, home)
    kept = read_tables(snapshot.path)
    assert kept.ratings.to_dict("list") == expected.to_dict("list")
    assert kept.items[GENRES].tolist() == [["Drama"]] * 20
    with engine.connect() as connection:
        record = snapshots.get(connection, snapshot.hash)
    assert record is not None
    assert (record.ratings, record.users, record.items) == (len(expected), 40, 20)
    assert record.trained_through == snapshot.trained_through


def test_the_same_rows_are_kept_once(engine: Engine, home: Path) -> None:
    first = take_snapshot(engine, home)
    before = _objects(home)
    assert take_snapshot(engine, home).hash == first.hash
    assert _objects(home) == before


def test_another_rating_makes_another_snapshot(engine: Engine, home: Path) -> None:
    first = take_snapshot(engine, home)
    with engine.begin() as connection:
        frame = ratings.load_frame(connection).head(1)
        ratings.remove(connection, frame["user_id"][0], frame["item_id"][0])
    assert take_snapshot(engine, home).hash != first.hash


def test_rows_that_were_lost_come_back_from_the_remote(engine: Engine, home: Path) -> None:
    snapshot = take_snapshot(engine, home)
    shutil.rmtree(snapshot.path)
    shutil.rmtree(home / "snapshots" / ".dvc" / "cache")
    again = take_snapshot(engine, home)
    assert len(read_tables(again.path).ratings) == len(snapshot.tables.ratings)


def _objects(home: Path) -> dict[Path, float]:
    kept = home / "snapshots" / "store" / "files"
    return {file: file.stat().st_mtime for file in kept.rglob("*") if file.is_file()}
