"""`dvc repro` from raw ratings to figures, in a checkout of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from marquee.models.bundle import Bundle
from marquee.settings.environment import CHECKOUT
from tests.support.data_files import write
from tests.support.ratings import checkerboard

Dvc = Callable[..., str]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the pipeline needs of a checkout, with a small data set and a quick recipe."""
    for name in ("configs", ".dvc", "src/marquee"):
        shutil.copytree(
            CHECKOUT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "cache", "tmp")
        )
    for name in ("dvc.yaml", ".dvcignore"):
        shutil.copy(CHECKOUT / name, tmp_path / name)
    params = yaml.safe_load((tmp_path / "configs/params.yaml").read_text())
    params["data"]["name"] = "board"
    params["rating"] |= {"n_factors": 4, "n_epochs": 5}
    change(tmp_path, params)
    raw = tmp_path / "data" / "raw" / "board"
    raw.mkdir(parents=True)
    write(raw / "ratings.csv", checkerboard().to_csv(index=False))
    return tmp_path


def change(checkout: Path, params: dict[str, object]) -> None:
    (checkout / "configs/params.yaml").write_text(yaml.safe_dump(params))


@pytest.fixture
def dvc(checkout: Path) -> Dvc:
    """Runs DVC in the checkout, without git, with this environment's programs; returns what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
        "PYTHONPATH": str(checkout / "src"),
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *words],
            cwd=checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("config", "--local", "core.no_scm", "true")
    return run


def test_the_pipeline_goes_from_raw_to_figures_and_repeats_only_what_depends(
    checkout: Path, dvc: Dvc
) -> None:
    dvc("add", "data/raw/board")
    dvc("repro")
    rows = {name: len((checkout / "data/processed" / name).read_text().splitlines()) - 1 for name in
            ("train.csv", "test.csv", "items.csv")}  # fmt: skip
    n_ratings = len(checkerboard())
    assert rows["train.csv"] + rows["test.csv"] == n_ratings
    assert rows["test.csv"] == round(0.2 * n_ratings)
    assert rows["items.csv"] == 20
    assert len(Bundle.open(checkout / "outputs/bundle").items) == 20
    first = json.loads((checkout / "outputs/metrics.json").read_text())
    assert first["recipe"]["all"]["ratings"] == first["baselines"]["all"]["ratings"] == rows["test.csv"]
    assert "up to date" in dvc("repro")

    params = yaml.safe_load((checkout / "configs/params.yaml").read_text())
    change(checkout, {**params, "evaluation": {**params["evaluation"], "k": 5}})
    ran = dvc("repro")
    assert "Stage 'train' didn't change" in ran
    assert "Running stage 'evaluate'" in ran
    assert json.loads((checkout / "outputs/metrics.json").read_text()) != first
    assert "recipe.all.rmse" in dvc("metrics", "show")


def test_the_committed_hash_is_that_of_movielens_100k(checkout: Path, dvc: Dvc) -> None:
    """A clone that fetches the data has what the .dvc file in git says."""
    from marquee.data.fetch import fetch_ml_100k

    fetch_ml_100k(checkout / "data")
    dvc("add", "data/raw/ml-100k")
    added = yaml.safe_load((checkout / "data/raw/ml-100k.dvc").read_text())
    committed = yaml.safe_load((CHECKOUT / "data/raw/ml-100k.dvc").read_text())
    assert added["outs"][0]["md5"] == committed["outs"][0]["md5"]
