"""`dvc repro` from raw ratings to report, in a checkout of its own."""

import json
import os
import re
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


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pipeline needs of a checkout, under git, with a small data set and a quick recipe."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("configs", ".dvc", "src/marquee"):
        shutil.copytree(
            CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "cache", "tmp")
        )
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(CHECKOUT / name, folder / name)
    params = read(folder)
    params["data"]["name"] = "board"
    params["rating"] |= {"n_factors": 4, "n_epochs": 5}
    change(folder, params)
    raw = folder / "data" / "raw" / "board"
    raw.mkdir(parents=True)
    write(raw / "ratings.csv", checkerboard().to_csv(index=False))
    git(folder, "init", "--quiet")
    return folder


def read(checkout: Path) -> dict[str, dict[str, object]]:
    params: dict[str, dict[str, object]] = yaml.safe_load((checkout / "configs/params.yaml").read_text())
    return params


def change(checkout: Path, params: dict[str, dict[str, object]]) -> None:
    (checkout / "configs/params.yaml").write_text(yaml.safe_dump(params))


def git(checkout: Path, *words: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=checkout, check=True, capture_output=True)


def environment_of(checkout: Path) -> dict[str, str]:
    """Of this environment's programs, in the checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")}
    return environment | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
        "PYTHONPATH": str(checkout / "src"),
        "DVC_SITE_CACHE_DIR": str(checkout / ".dvc" / "tmp" / "site"),
    }


def offline(checkout: Path, stage: str) -> "subprocess.CompletedProcess[str]":
    """One stage by itself, without DVC."""
    return subprocess.run(
        [sys.executable, "-m", "marquee.training.offline", stage],
        cwd=checkout,
        env=environment_of(checkout),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def dvc(checkout: Path) -> Dvc:
    """Runs DVC in the checkout with this environment's programs; returns what it prints."""

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *words],
            cwd=checkout,
            env=environment_of(checkout),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def reproduced(checkout: Path, dvc: Dvc) -> Path:
    """The checkout after its first `dvc repro`, committed."""
    dvc("add", "data/raw/board")
    dvc("repro")
    git(checkout, "add", "-A")
    git(checkout, "commit", "--quiet", "-m", "The first recipe")
    return checkout


def test_the_pipeline_goes_from_raw_data_to_figures_and_reports(reproduced: Path, dvc: Dvc) -> None:
    rows = {
        name: len((reproduced / "data/processed" / name).read_text().splitlines()) - 1
        for name in ("train.csv", "test.csv", "items.csv")
    }
    n_ratings = len(checkerboard())
    assert rows["train.csv"] + rows["test.csv"] == n_ratings
    assert rows["test.csv"] == round(0.2 * n_ratings)
    assert rows["items.csv"] == 20
    assert len(Bundle.open(reproduced / "outputs/bundle").items) == 20
    figures = json.loads((reproduced / "outputs/metrics.json").read_text())
    assert figures["recipe"]["all"]["ratings"] == figures["baselines"]["all"]["ratings"] == rows["test.csv"]
    assert "<svg" in (reproduced / "outputs/data-report/report.html").read_text(encoding="utf-8")
    report = (reproduced / "outputs/report/report.md").read_text(encoding="utf-8")
    assert report.startswith("# recipe against baselines, on board")
    assert "| baselines.known.ndcg | ✓ passed |" in report
    assert (
        "| baselines.new.ndcg | ✗ no figure | none | none |" in report
    )  # nobody is new on the board: said, not hidden
    assert "up to date" in dvc("repro")


def test_the_report_refuses_a_bundle_of_other_ratings(reproduced: Path, dvc: Dvc) -> None:
    """The training side is cut elsewhere, and the bundle is still of the one before."""
    train, test = (reproduced / "data/processed" / name for name in ("train.csv", "test.csv"))
    before = train.read_bytes(), test.read_bytes()
    header, *rows = test.read_text().splitlines()
    train.write_text(train.read_text() + rows[0] + "\n")
    test.write_text("\n".join([header, *rows[1:]]) + "\n")
    try:
        done = offline(reproduced, "report")
        assert done.returncode == 3
        assert "A leak: outputs/bundle was trained on other ratings" in done.stderr
    finally:
        train.write_bytes(before[0])
        test.write_bytes(before[1])


@pytest.mark.parametrize(
    ("section", "name", "value", "stages"),
    [
        ("rating", "n_factors", 5, {"rating"}),
        ("ranking", "regularization", 5.0, {"ranking"}),
        ("evaluation", "k", 5, {"evaluate", "report"}),
        ("evaluation", "test_share", 0.3, {"prepare", "report"}),
    ],
)
def test_a_changed_parameter_touches_only_the_stage_that_reads_it(
    reproduced: Path, dvc: Dvc, section: str, name: str, value: object, stages: set[str]
) -> None:
    before = read(reproduced)
    change(reproduced, {**before, section: {**before[section], name: value}})
    try:
        assert set(json.loads(dvc("status", "--json"))) == stages
    finally:
        change(reproduced, before)


def test_what_the_pipeline_does_not_read_of_serving_yaml_touches_nothing(reproduced: Path, dvc: Dvc) -> None:
    serving = reproduced / "configs/serving.yaml"
    before = serving.read_text()
    serving.write_text(yaml.safe_dump({**yaml.safe_load(before), "lists": {"default_size": 11}}))
    try:
        assert json.loads(dvc("status", "--json")) == {}
    finally:
        serving.write_text(before)


def test_another_rating_recipe_runs_what_depends_and_the_differences_are_shown(
    reproduced: Path, dvc: Dvc
) -> None:
    before = read(reproduced)
    change(reproduced, {**before, "rating": {**before["rating"], "n_epochs": 60, "lr_all": 0.02}})
    ran = dvc("repro")
    assert re.findall(r"Running stage '(.*?)'", ran) == ["rating", "bundle", "evaluate", "report"]
    for stage in ("prepare", "ranking", "data-report"):
        assert f"Stage '{stage}' didn't change" in ran
    changed = json.loads(dvc("metrics", "diff", "--json"))["outputs/metrics.json"]
    assert changed["recipe.all.rmse"]["diff"] < -0.1  # learns more than in five epochs
    assert "recipe.all.ndcg" not in changed  # the ranking model is the same
    assert not [name for name in changed if name.startswith("baselines")]
    dvc("plots", "diff", "--out", "plots")
    page = (reproduced / "plots" / "index.html").read_text(encoding="utf-8")
    for title in (
        "Calibration of the stars",
        "Error by how much a person has rated",
        "Who gets the recommendations",
    ):
        assert title in page


def test_the_committed_hash_is_that_of_movielens_100k(checkout: Path, dvc: Dvc) -> None:
    """A clone that fetches the data has what the .dvc file in git says."""
    from marquee.data.fetch import fetch_ml_100k

    fetch_ml_100k(checkout / "data")
    dvc("add", "data/raw/ml-100k")
    added = yaml.safe_load((checkout / "data/raw/ml-100k.dvc").read_text())
    committed = yaml.safe_load((CHECKOUT / "data/raw/ml-100k.dvc").read_text())
    assert added["outs"][0]["md5"] == committed["outs"][0]["md5"]
