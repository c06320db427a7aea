"""`marquee rollout`, `marquee audit verify` and `marquee models archive`, as a person types them."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from sqlalchemy import text
from typer.testing import CliRunner

from marquee.cli.rollout import app
from marquee.lifecycle.rollouts import abort
from tests.support.trial import POLICY, Trial, people

ADVANCE = ("rollout", "advance", "--reason", "seen enough", "--revision")
Marquee = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def marquee(trial: Trial, database_url: str, tmp_path: Path) -> Marquee:
    configs = tmp_path / "configs"
    configs.mkdir()
    policy = POLICY.model_dump(mode="json")
    (configs / "policy.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")},
        "MARQUEE_HOME": str(tmp_path / "home"),
        "MARQUEE_CONFIGS_DIR": str(configs),
        "MARQUEE_DATABASE_URL": database_url,
    }

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-P", "-m", "marquee", *words]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def test_a_rollout_is_started_watched_advanced_and_aborted(trial: Trial, marquee: Marquee) -> None:
    done = marquee("rollout", "start", "2", "--preset", "no shadow", "--reason", "a try", "--json")
    assert done.returncode == 0, done.stderr
    started = json.loads(done.stdout)
    assert (started["state"], started["challenger"], started["reason"]) == ("planned", 2, "a try")
    assert started["requested_by"].startswith("shell:")
    assert "salt" not in started
    again = marquee("rollout", "start", "3", "--reason", "a try")
    assert (again.returncode, again.stderr) == (
        5,
        f"error: Rollout {started['rollout_id']} of version 2 goes already. Wait for its end, or abort it.\n",
    )
    assert marquee(*ADVANCE, "0").returncode == 5, "the workers are not warm yet"

    trial.number, trial.now = started["rollout_id"], datetime.now(UTC)
    trial.workers(warm=True)
    trial.look()
    trial.shows("champion", people("a", 60), positive=0.5)
    trial.shows("challenger", people("b", 60), positive=0.4)
    trial.wait(2)
    trial.look()
    shown = marquee("rollout", "status").stdout
    assert f"rollout:   {trial.number}, no shadow, asked for by shell:" in shown
    assert "versions:  2 beside 1, the champion at its start" in shown
    assert "step 1, 10% of the people, since " in shown
    assert "verdict:   inconclusive: " in shown
    positive = next(line.split() for line in shown.splitlines() if line.startswith(" positive"))
    assert positive[:4] == ["positive", "50.00%", "40.00%", "-20.00%"], (
        "a share of the champion's, as the margin"
    )
    assert positive[7] == "-10.00%"
    assert positive[-4:] == ["60", "/", "60", "inconclusive"]

    revision = re.search(r"revision: +(\d+)", shown)
    assert revision is not None
    assert marquee(*ADVANCE, "0").returncode == 5, "it was changed since"
    assert marquee("rollout", "advance", "--reason", "why").returncode == 2, "which was seen?"
    done = marquee(*ADVANCE, revision[1])
    assert done.stdout == f"Rollout {trial.number} of version 2 is canary, step 2.\n"
    done = marquee("rollout", "abort", "--reason", "wrong", "--json")
    assert json.loads(done.stdout)["state"] == "aborted"
    assert marquee("rollout", "abort", "--reason", "again").returncode == 5
    assert marquee("rollout", "abort", "--reason", "\u200b ").returncode == 2
    steps = json.loads(marquee("rollout", "status", str(trial.number), "--json").stdout)["steps"]
    assert [step["share"] for step in steps] == [0.1, 0.5]


def test_following_a_rollout_ends_with_it_and_its_exit_code_says_how(trial: Trial, marquee: Marquee) -> None:
    trial.start()
    number = trial.number
    ended = threading.Timer(4.0, lambda: abort(trial.engine, number, actor="ada", reason="enough of it"))
    ended.start()
    followed = marquee("rollout", "status", "--follow")
    ended.join()
    assert followed.returncode == 11, followed.stderr
    assert followed.stdout.index("state:     planned") < followed.stdout.index("outcome:   enough of it")


def test_following_tells_with_the_time_whenever_the_judge_saw_something_new(
    trial: Trial, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within this process, where what happens meanwhile does not race with the start of another."""
    monkeypatch.setenv("MARQUEE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MARQUEE_DATABASE_URL", database_url)
    trial.start()
    trial.workers(warm=True)
    number = trial.number
    timers = [
        threading.Timer(3.0, trial.look),
        threading.Timer(8.0, lambda: abort(trial.engine, number, actor="ada", reason="enough of it")),
    ]
    for timer in timers:
        timer.start()
    followed = CliRunner().invoke(app, ["status", "--follow"])
    for timer in timers:
        timer.join()
    assert followed.exit_code == 11, followed.output
    line = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  shadow: warm$"
    assert re.search(line, followed.output, re.MULTILINE), followed.output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("start", "9", "--reason", "why"), 4),
        (("start", "2", "--reason", "why", "--preset", "nonsense"), 2),
        (("abort", "999", "--reason", "why"), 4),
    ],
)
def test_what_is_refused_has_an_exit_code(marquee: Marquee, words: tuple[str, ...], code: int) -> None:
    done = marquee("rollout", *words, "--json")
    assert done.returncode == code
    assert json.loads(done.stderr)["error"]["exit_code"] == code


def test_the_audit_is_verified_and_a_changed_row_is_an_error(trial: Trial, marquee: Marquee) -> None:
    trial.start()
    done = marquee("audit", "verify", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["whole"], found["faults"]) == (0, True, [])
    assert marquee("audit", "verify", "--head", found["head"]).stdout.endswith("The log is whole.\n")
    without = marquee("audit", "verify").stdout.splitlines()[-1]
    assert "--head" in without, "an end that is cut off shows by a head that was kept"
    unknown = marquee("audit", "verify", "--head", "f" * 64)
    assert unknown.returncode == 1
    assert "FAULT: No row has the hash ffff" in unknown.stdout
    _reason(trial, "another")
    try:
        changed = marquee("audit", "verify")
    finally:
        _reason(trial, "the first")
    assert changed.returncode == 1
    assert "FAULT: Row 1 was changed, or stands behind a missing one.\n" in changed.stdout


def test_a_version_is_archived(trial: Trial, marquee: Marquee) -> None:
    assert marquee("models", "archive", "3", "--reason", "a try").returncode == 5
    with trial.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET state = 'declined' WHERE version = 3"))
    done = marquee("models", "archive", "3", "--reason", "superseded")
    assert (done.returncode, done.stdout) == (0, "Version 3 is archived.\n")
    with trial.engine.begin() as connection:
        connection.execute(text("UPDATE model_versions SET state = 'approved' WHERE version = 3"))


def _reason(trial: Trial, reason: str) -> None:
    with trial.engine.begin() as connection:
        statement = text("UPDATE audit_log SET reason = :reason WHERE id = 1")
        connection.execute(statement, {"reason": reason})
