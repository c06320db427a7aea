"""The data of a version brought back, and the version trained again from it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine

from marquee.domain.errors import Conflict, DataError, NotFound
from marquee.models.bundle import Bundle
from marquee.models.manifest import read_manifest
from marquee.store import items, ratings, users
from marquee.training.again import snapshot_of, train_again
from marquee.training.job import Order, run_now
from marquee.training.queue import new_run_id
from marquee.training.registration import Registered
from marquee.training.snapshot import hash_of_rows, read_tables, take_snapshot
from tests.running import MlflowServer
from tests.support.platform import Platform, load_checkerboard, make_platform

MARQUEE = [sys.executable, "-P", "-m", "marquee"]


@pytest.fixture(scope="module")
def platform(
    tmp_path_factory: pytest.TempPathFactory, database_url: str, engine: Engine, mlflow_server: MlflowServer
) -> Platform:
    return make_platform(tmp_path_factory.mktemp("platform"), database_url, engine, mlflow_server)


@pytest.fixture(scope="module")
def trained(platform: Platform) -> Registered:
    """A version whose data has since changed; nobody has rated the first of its items."""
    load_checkerboard(platform.engine)
    with platform.engine.begin() as connection:
        described = pd.DataFrame(
            {
                "item_id": ["i000", "i001", "a000"],
                "title": ["Été, the 1st", "No year", "Not Yet Seen"],
                "year": pd.array([1990, None, 2020], dtype="Int64"),
                "genres": [["Drama", "Film-Noir"], [], ["Drama"]],
                "attributes": [{"director": "Ada"}, {}, {}],
            }
        )
        items.upsert_frame(connection, described)
        users.upsert_frame(
            connection,
            pd.DataFrame({"user_id": ["u000"], "age": [40], "gender": ["F"], "occupation": [None]}),
        )
    order = Order(trigger="test", requested_by="ada")
    registered = run_now(
        platform.settings, platform.engine, order, lambda _line, _share: None, run_id=new_run_id()
    )
    with platform.engine.begin() as connection:
        first = ratings.load_frame(connection).iloc[0]
        ratings.remove(connection, first["user_id"], first["item_id"])
    return registered


def marquee(platform: Platform, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [*MARQUEE, *words]
    return subprocess.run(
        command, env=dict(platform.environment), capture_output=True, text=True, check=False
    )


def test_the_data_of_a_version_comes_back_with_its_hash(
    platform: Platform, trained: Registered, tmp_path: Path
) -> None:
    ended = marquee(
        platform, "data", "checkout", str(trained.version), "--to", str(tmp_path / "old"), "--json"
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["hash"] == trained.snapshot
    assert hash_of_rows(read_tables(tmp_path / "old")) == trained.snapshot
    assert take_snapshot(platform.engine, platform.settings.home).hash != trained.snapshot


def test_it_can_be_loaded_into_another_platform_and_is_the_same_data(
    platform: Platform,
    trained: Registered,
    tmp_path: Path,
    new_database,
    mlflow_server: MlflowServer,  # type: ignore[no-untyped-def]
) -> None:
    assert (
        marquee(platform, "data", "checkout", str(trained.version), "--to", str(tmp_path / "old")).returncode
        == 0
    )
    from marquee.store.engine import connect

    (tmp_path / "other").mkdir()
    url = new_database()
    engine = connect(url, application_name="tests")
    other = make_platform(tmp_path / "other", url, engine, mlflow_server)
    loaded = marquee(other, "data", "load", str(tmp_path / "old"))
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    assert take_snapshot(engine, other.settings.home).hash == trained.snapshot
    engine.dispose()


def test_a_folder_that_is_there_is_left_alone(
    platform: Platform, trained: Registered, tmp_path: Path
) -> None:
    ended = marquee(platform, "data", "checkout", str(trained.version), "--to", str(tmp_path))
    assert ended.returncode == Conflict.exit_code
    assert "exists already" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_training_it_again_gives_the_same_files(
    platform: Platform, trained: Registered, tmp_path: Path
) -> None:
    ended = marquee(
        platform, "models", "retrain", str(trained.version), "--to", str(tmp_path / "again"), "--json"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    again = json.loads(ended.stdout)
    assert (again["same"], again["snapshot"]) == (True, trained.snapshot)
    manifest = read_manifest(tmp_path / "again" / "bundle")
    assert len(manifest.files) == again["files"] > 5
    ids = Bundle.open(tmp_path / "again" / "bundle").items.ids
    assert (ids[-1], list(ids[:-1])) == ("a000", sorted(ids[:-1]))  # what nobody has rated comes last


def test_a_difference_is_named(platform: Platform, trained: Registered, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Planted: the manifest says another seed than the one that trained it."""
    from marquee.training import again

    sound = again._manifest(platform.settings.mlflow(), trained.version)
    rating = {**sound.hyperparameters["rating"], "seed": 1}
    changed = sound.model_copy(update={"hyperparameters": {**sound.hyperparameters, "rating": rating}})
    monkeypatch.setattr(again, "_manifest", lambda _mlflow, _version: changed)
    done = train_again(
        platform.engine,
        platform.settings.home,
        platform.settings.mlflow(),
        trained.version,
        tmp_path / "again",
        say=lambda _line: None,
    )
    assert "rating.item_factors.npy" in done.differing
    assert "ranking.weights.npy" not in done.differing


def test_rows_that_were_changed_are_not_taken_for_the_snapshot(
    platform: Platform, trained: Registered
) -> None:
    home = platform.settings.home / "changed"
    shutil.copytree(platform.settings.home / "snapshots", home / "snapshots")
    kept = home / "snapshots" / trained.snapshot
    stars = pd.read_parquet(kept / "ratings.parquet")
    stars.loc[0, "rating"] = 3.0
    other = home / "other.parquet"
    stars.to_parquet(other, index=False)
    # Everywhere that DVC could bring a sound one back from.
    sound = (kept / "ratings.parquet").read_bytes()
    for file in [path for path in home.rglob("*") if path.is_file() and path.read_bytes() == sound]:
        file.chmod(0o644)
        file.write_bytes(other.read_bytes())
    with pytest.raises(DataError, match="its files were changed"):
        snapshot_of(platform.engine, home, trained.version)


def test_data_that_is_elsewhere_is_said_to_be(
    platform: Platform, trained: Registered, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match=f"No snapshot {trained.snapshot} is kept"):
        snapshot_of(platform.engine, tmp_path, trained.version)


def test_a_version_that_is_not_there_has_no_data(platform: Platform, trained: Registered) -> None:
    assert marquee(platform, "data", "checkout", "999").returncode == NotFound.exit_code
    assert marquee(platform, "models", "retrain", "999").returncode == NotFound.exit_code
