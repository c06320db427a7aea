"""`marquee evaluate`, as somebody types it, on a checkerboard in a database, and on files without one."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from mlflow import MlflowClient
from sqlalchemy import Engine

from marquee.cli.main import main
from marquee.domain.columns import ITEM
from marquee.settings import load_settings
from marquee.training.job import Order, run_now
from marquee.training.queue import new_run_id
from tests.running import MlflowServer
from tests.support.data_files import write
from tests.support.platform import Platform, load_checkerboard, make_platform
from tests.support.ratings import checkerboard

GATE_FAILED = 11


class Ended(NamedTuple):
    status: int
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def platform(
    tmp_path_factory: pytest.TempPathFactory, database_url: str, engine: Engine, mlflow_server: MlflowServer
) -> Platform:
    platform = make_platform(tmp_path_factory.mktemp("platform"), database_url, engine, mlflow_server)
    load_checkerboard(engine)
    return platform


@pytest.fixture
def marquee(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Runs a command in this process, with the platform's environment."""
    for name, value in platform.environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["marquee", *words])
        with pytest.raises(SystemExit) as end:
            main()
        return Ended(int(end.value.code or 0), *capfd.readouterr())

    return run


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw data set: ratings, items with genres, users."""
    folder = tmp_path_factory.mktemp("raw") / "board"
    folder.mkdir()
    frame = checkerboard()
    write(folder / "ratings.csv", frame.to_csv(index=False))
    items = pd.DataFrame(
        {ITEM: sorted(frame[ITEM].unique()), "title": "A title", "year": 1990, "genres": "War|Drama"}
    )
    write(folder / "items.csv", items.to_csv(index=False))
    people = [
        (user, 20 + place, "FM"[place % 2], "artist")
        for place, user in enumerate(sorted(set(frame["user_id"])))
    ]
    write(
        folder / "users.csv",
        pd.DataFrame(people, columns=["user_id", "age", "gender", "occupation"]).to_csv(index=False),
    )
    return folder


def test_files_are_enough(marquee: Callable[..., Ended], board: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    ended = marquee(
        *(
            "evaluate",
            "--compare",
            "svd+ease",
            "--compare",
            "baselines",
            "--data",
            str(board),
            "--out",
            str(out),
        ),
        *("--protocol", "temporal,holdout75,cv5,coldstart", "--no-mlflow"),
    )
    assert ended.status == 0, ended.stderr
    assert "gate passed: baselines.known.rmse" in ended.stdout
    for name in ("temporal", "holdout75", "cv5", "coldstart"):
        assert name in ended.stdout
    assert "training and judging baselines" in ended.stderr
    page = (out / "report.html").read_text()
    for heading in (
        "Quality and cost",
        "Protocol coldstart",
        "Slices, temporal",
        "Fairness of exposure",
        "Long tail",
    ):
        assert heading in page
    assert "RMSE by slice of people" in page
    assert (out / "plots" / "pareto.svg").exists()
    assert "# svd+ease against baselines, on board" in (out / "report.md").read_text()


def test_a_gate_that_fails_is_an_exit_code(
    marquee: Callable[..., Ended], board: Path, tmp_path: Path
) -> None:
    """The wrong way round, the baselines are to take the recipe's place."""
    words = (
        "evaluate",
        "--compare",
        "baselines",
        "--compare",
        "svd+ease",
        "--data",
        str(board),
        "--no-mlflow",
    )
    options = ("--no-cost", "--out", str(tmp_path), "--json", "--gate", "known.rmse")
    ended = marquee(*words, *options)
    assert ended.status == GATE_FAILED
    result = json.loads(ended.stdout)
    (gate,) = result["gates"]
    assert (gate["name"], gate["passed"]) == ("known.rmse", False)
    figures = {who: found["all"]["rmse"] for who, found in result["figures"]["temporal"].items()}
    assert figures["svd+ease"]["high"] < figures["baselines"]["low"]
    tests = {(test["group"], test["figure"]): test for test in result["tests"]["temporal"]}
    assert tests["all", "rmse"]["p_corrected"] < 0.05


def test_the_champions_recipe_is_judged_on_the_platforms_data_and_logged(
    marquee: Callable[..., Ended], platform: Platform, mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    settings = load_settings(platform.environment)
    run_now(settings, platform.engine, Order("test", "a test"), lambda *_: None, run_id=new_run_id())
    ended = marquee(
        *("evaluate", "--compare", "champion", "--compare", "baselines", "--out", str(tmp_path), "--json")
    )
    assert ended.status == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert re.fullmatch(r"champion \(version \d+\)", result["candidate"])
    client = MlflowClient(mlflow_server.url, mlflow_server.url)
    run = client.get_run(result["mlflow_run"])
    assert client.get_experiment(run.info.experiment_id).name == "marquee-evaluation"
    assert run.info.status == "FINISHED"
    ndcg = result["figures"]["temporal"][result["candidate"]]["known"]["ndcg"]["value"]
    assert run.data.metrics["temporal.known.ndcg"] == pytest.approx(ndcg)
    assert "baselines/temporal.known.rmse" in run.data.metrics
    assert run.data.metrics["cost.bundle_bytes"] > 0
    assert run.data.tags["gates"] == "passed"
    assert {file.path for file in client.list_artifacts(run.info.run_id)} >= {
        "report.html",
        "report.md",
        "plots",
    }


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--compare", "nonsense"), 2, "names nothing that can be compared"),
        (("--compare", "svd+nonsense"), 2, "svd+nonsense"),
        (("--compare", "99"), 4, "no model version 99"),
        (("--compare", "missing.yaml"), 4, "no file missing.yaml"),
        (("--compare", "baselines", "--compare", "baselines"), 2, "compared with itself"),
        (("--protocol", "crystal-ball"), 2, "no protocol 'crystal-ball'"),
        (("--gate", "known.luck"), 2, "no gate 'known.luck'"),
        (("--protocol", "cv5", "--gate", "known.rmse"), 2, "Gates are judged under temporal"),
        (("--compare", "baselines", "--gate", "known.rmse"), 2, "A gate needs a rival"),
        (("--compare", "svd+ease", "--grid", "ranking=3"), 2, "changes no hyperparameter"),
        (("--compare", "svd+ease", "--grid", "ranking.regularization=-3"), 2, "greater than 0"),
    ],
)
def test_what_cannot_be_done_is_said(
    marquee: Callable[..., Ended], board: Path, words: tuple[str, ...], status: int, message: str
) -> None:
    ended = marquee("evaluate", "--data", str(board), "--no-mlflow", "--no-cost", *words)
    assert ended.status == status
    assert message in ended.stderr
