"""`marquee models card|review|checklist`, for a version that was really trained, beside a real registry."""

import getpass
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Engine

from marquee.cli.main import main
from marquee.lifecycle.artifacts import look_at_bundle, look_at_snapshot
from marquee.registry.client import RegistryClient
from marquee.registry.fetch import fetch_bundle
from marquee.store import versions
from tests.running import MlflowServer
from tests.support.platform import Platform, load_checkerboard, make_platform
from tests.support.versions import plant_version

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
def trained(platform: Platform) -> int:
    """The version that a real training registered."""
    command = [*MARQUEE, "train", "--json"]
    ended = subprocess.run(command, env=dict(platform.environment), capture_output=True, check=True)
    return int(json.loads(ended.stdout)["version"])


@pytest.fixture
def snapshot(engine: Engine, trained: int) -> str:
    with engine.connect() as connection:
        return versions.get(connection, trained).snapshot


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


def test_the_checklist_finds_bundle_and_data_where_they_are(
    platform: Platform, marquee: Callable[..., Ended], trained: int
) -> None:
    ended = marquee("models", "checklist", str(trained), "--json")
    items = {item["name"]: item for item in json.loads(ended.stdout)}
    assert items["Bundle in the registry"]["state"] == "ok"
    assert items["Data snapshot"]["state"] == "ok"
    assert items["Workers"]["state"] == "failed"  # nobody serves
    assert ended.status == 1
    lines = marquee("models", "checklist", str(trained)).stdout.splitlines()
    assert [line for line in lines if line.startswith("failed: Workers: No worker of the inference service")]


def test_a_damaged_copy_fails_and_so_does_a_version_that_the_registry_lost(
    platform: Platform, trained: int
) -> None:
    settings = platform.settings
    copy = settings.home / "bundles" / str(trained)
    with RegistryClient(settings.mlflow()) as registry:
        fetch_bundle(registry, trained, copy)
    assert look_at_bundle(settings, trained).state == "ok"
    file = next(copy.glob("ranking.*.npy"))
    sound = file.read_bytes()
    file.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    damaged = look_at_bundle(settings, trained)
    assert (damaged.state, file.name in damaged.evidence) == ("failed", True)
    file.write_bytes(sound)

    manifest = copy / "manifest.json"
    text = manifest.read_text()
    manifest.write_text(text.replace('"seed": 0', '"seed": 1'))
    other = look_at_bundle(settings, trained)
    assert (other.state, "another bundle" in other.evidence) == ("failed", True)
    manifest.write_text(text)
    assert look_at_bundle(settings, trained).state == "ok"
    assert look_at_bundle(settings, 999).state == "failed"


def test_data_that_are_not_here_are_not_called_there(platform: Platform, trained: int, snapshot: str) -> None:
    assert look_at_snapshot(platform.settings, trained, snapshot).state == "ok"
    elsewhere = look_at_snapshot(platform.settings, trained, "0" * 64)
    assert elsewhere.state == "not yet"
    kept = platform.settings.home / "snapshots" / snapshot
    kept.rename(kept.with_name("away"))
    gone = look_at_snapshot(platform.settings, trained, snapshot)
    kept.with_name("away").rename(kept)
    assert (gone.state, f"data checkout {trained}" in gone.evidence) == ("not yet", True)


def test_the_card_is_written_in_either_form(
    marquee: Callable[..., Ended], trained: int, snapshot: str, tmp_path: Path
) -> None:
    printed = marquee("models", "card", str(trained)).stdout
    assert printed.startswith(f"# Model card: version {trained} (1.0.0)\n")
    assert snapshot in printed
    with_intervals = [line for line in printed.splitlines() if line.startswith("| RMSE |")]
    assert " to " in with_intervals[0], "the recipe's figures have intervals"
    page, text = tmp_path / "card.html", tmp_path / "card.md"
    assert marquee("models", "card", str(trained), "--to", str(page)).status == 0
    assert marquee("models", "card", str(trained), "--to", str(text)).status == 0
    assert page.read_text().startswith("<!doctype html>")
    assert text.read_text().splitlines()[0] == printed.splitlines()[0]
    assert marquee("models", "card", str(trained), "--to", str(tmp_path / "card.pdf")).status == 2
    assert marquee("models", "card", str(trained), "--to", str(tmp_path / "no" / "card.md")).status == 7
    assert marquee("models", "card", "999").status == 4


def test_a_review_is_given_on_the_command_line(
    engine: Engine, marquee: Callable[..., Ended], trained: int, snapshot: str
) -> None:
    with engine.begin() as connection:
        for version in (100, 101):
            plant_version(connection, version, snapshot=snapshot)
    words = ("--comment", "I have looked at it.")
    assert marquee("models", "review", "100", *words).status == 2  # neither is said
    assert marquee("models", "review", "100", "--approve", "--decline", *words).status == 2
    assert marquee("models", "review", "100", "--approve", "--comment", " ").status == 2
    done = marquee("models", "review", "100", "--approve", *words, "--json")
    assert json.loads(done.stdout) == {
        "version": 100,
        "state": "approved",
        "missing": [],
        "part": "technical",
    }
    assert marquee("models", "review", "100", "--decline", *words).status == 5
    assert marquee("models", "review", "101", "--decline", *words).stdout == "Version 101 is declined.\n"
    assert marquee("models", "review", "999", "--approve", *words).status == 4
    assert f"shell:{getpass.getuser()}" in marquee("models", "card", "101").stdout
