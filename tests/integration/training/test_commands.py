"""`marquee train`, `marquee models` and `marquee jobs`, as somebody types them."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest
from sqlalchemy import Engine

from marquee.cli.main import main
from marquee.domain.errors import Conflict, NotFound
from marquee.store import runs
from marquee.store.leadership import TRAINING_LOCK, Leadership
from marquee.training.queue import RETRAINING
from tests.running import MlflowServer
from tests.support.platform import Platform, load_checkerboard, make_platform

MARQUEE = [sys.executable, "-P", "-m", "marquee"]


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


@pytest.fixture(scope="module")
def trained(platform: Platform) -> dict[str, object]:
    """What the first training printed."""
    command = [*MARQUEE, "train", "--reason", "the first", "--json"]
    ended = subprocess.run(command, env=dict(platform.environment), capture_output=True, check=True)
    result: dict[str, object] = json.loads(ended.stdout)
    return result


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


def test_before_the_first_training_the_lists_are_empty(marquee: Callable[..., Ended]) -> None:
    assert marquee("models", "list").stdout.startswith("There are no versions yet")
    assert json.loads(marquee("jobs", "list", "--json").stdout) == []


def test_a_training_prints_what_came_of_it(trained: dict[str, object]) -> None:
    assert trained["deployed"] is True
    assert trained["semantic_version"] == "1.0.0"


def test_versions_are_listed_and_shown(marquee: Callable[..., Ended], trained: dict[str, object]) -> None:
    (version,) = json.loads(marquee("models", "list", "--json").stdout)
    assert version["version"] == trained["version"]
    assert version["champion"] is True
    shown = marquee("models", "show", str(trained["version"])).stdout
    assert "approved, the champion" in shown
    assert 'rating: svd {"seed": 0' in shown


def test_a_version_is_traced_to_its_data_and_back(
    marquee: Callable[..., Ended], trained: dict[str, object]
) -> None:
    shown = marquee("models", "show", str(trained["version"]))
    assert "data:            562 ratings, 40 people, 20 items; rated 1970-01-12 to 1970-01-12" in shown.stdout
    assert "gate passed: baselines.known.rmse" in shown.stdout
    found = json.loads(marquee("models", "show", str(trained["version"]), "--json").stdout)
    assert found["data"]["hash"] == trained["snapshot"]
    assert found["versions_of_data"] == [trained["version"]]
    assert found["requested_by"].startswith("command line:")
    assert found["facts"]["reason"] == "the first"


def test_two_versions_stand_side_by_side(
    platform: Platform, marquee: Callable[..., Ended], trained: dict[str, object]
) -> None:
    platform.set_recipe(n_factors=1, n_epochs=1)
    try:
        other = json.loads(marquee("train", "--json").stdout)
    finally:
        platform.set_recipe()
    compared = ("models", "compare", str(trained["version"]), str(other["version"]))
    shown = marquee(*compared).stdout
    assert "rating.n_factors" in shown
    assert "data: the same" in shown
    found = json.loads(marquee(*compared, "--json").stdout)
    figures = {figure["name"]: figure for figure in found["figures"]}
    assert figures["known.rmse"]["better"] == "a"
    assert figures["known.rmse"]["difference"] > 0.1
    assert figures["known.ndcg"]["better"] == "neither"  # the same ranking model
    assert [one["name"] for one in found["recipe"]] == ["rating.n_epochs", "rating.n_factors"]
    assert found["same_data"] is True
    assert marquee("models", "compare", str(trained["version"]), "999").status == NotFound.exit_code


def test_a_version_that_is_not_there_is_said_in_one_line(marquee: Callable[..., Ended]) -> None:
    ended = marquee("models", "show", "999")
    assert ended.status == NotFound.exit_code
    assert ended.stderr == (
        "error: There is no model version 999. The list of versions shows those there are.\n"
    )


def test_a_run_can_be_asked_for_and_read(
    platform: Platform, marquee: Callable[..., Ended], trained: dict[str, object]
) -> None:
    asked = json.loads(marquee("jobs", "run", "--reason", "new films", "--json").stdout)
    assert (asked["kind"], asked["state"], asked["reason"]) == (RETRAINING, "queued", "new films")
    with platform.engine.begin() as connection:
        runs.log(connection, asked["run_id"], "[red]a line[/red]")
        runs.fail(connection, asked["run_id"], "it broke")
    assert "[red]a line[/red]" in marquee("jobs", "log", asked["run_id"]).stdout
    listed = marquee("jobs", "list").stdout
    assert "it broke" in listed
    assert "version" in listed.splitlines()[2]


def test_a_log_of_no_run_is_not_empty_but_an_error(marquee: Callable[..., Ended]) -> None:
    assert marquee("jobs", "log", "nothing").status == NotFound.exit_code


def test_a_second_training_is_refused(platform: Platform, marquee: Callable[..., Ended]) -> None:
    lock = Leadership(platform.engine, TRAINING_LOCK)
    assert lock.acquire()
    try:
        ended = marquee("train")
    finally:
        lock.release()
    assert ended.status == Conflict.exit_code
    assert ended.stderr.startswith("error: Another training runs.")


def test_ctrl_c_ends_the_training_and_its_row_says_so(platform: Platform) -> None:
    platform.set_recipe(n_epochs=10_000)
    process = subprocess.Popen([*MARQUEE, "train"], env=dict(platform.environment), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 150
    while not _running(platform):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (run,) = _running(platform)
    process.send_signal(signal.SIGINT)
    assert process.wait(90) == 130
    platform.set_recipe()
    with platform.engine.connect() as connection:
        assert runs.get(connection, run.run_id).error == "interrupted: stopped by a person"


def _running(platform: Platform) -> list[runs.Run]:
    with platform.engine.connect() as connection:
        return runs.in_state(connection, "running")
