"""Starts that cannot succeed: one clear line, a status other than 0, and nothing left behind."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from marquee.settings.environment import CHECKOUT
from tests.running import RunningStack

# Root may write everywhere; without this capability it is bound by modes, as everybody is.
AS_ANYBODY = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"]


def refused(stack: RunningStack, *prefix: str) -> tuple[int, str]:
    """The exit status of `marquee up` and what it said on standard error: one line."""
    command = [*prefix, sys.executable, "-P", "-m", "marquee", "up"]
    done = subprocess.run(command, env=stack.env, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    assert "ready" not in done.stdout.splitlines()
    return done.returncode, done.stderr


@pytest.mark.parametrize("setting", ["MARQUEE_PORT", "MARQUEE_MLFLOW_PORT", "MARQUEE_RETRAINING_PORT"])
def test_a_port_in_use_is_named_with_its_setting_and_nothing_is_created(tmp_path: Path, setting: str) -> None:
    home = tmp_path / "home"
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        status, said = refused(RunningStack.at(home, **{setting: str(port)}))
    assert status == 9
    assert f"Port {port}" in said
    assert f"(process {os.getpid()})" in said
    assert f"{setting}=" in said
    assert not home.exists()


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write everywhere")
def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    status, said = refused(RunningStack.at(closed / "home"), *(AS_ANYBODY if os.geteuid() == 0 else []))
    assert status == 9
    assert f"The state folder {closed / 'home'} cannot be written (Permission denied)" in said
    assert "MARQUEE_HOME" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of somebody else's")
def test_a_state_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    status, said = refused(RunningStack.at(home))
    assert status == 9
    assert "belongs to nobody, and this is root" in said
    assert list(home.iterdir()) == []


def test_an_unknown_setting_is_named_with_the_one_that_was_meant(tmp_path: Path) -> None:
    status, said = refused(RunningStack.at(tmp_path / "home", MARQUEE_PROT="8001"))
    assert status == 9
    assert said.startswith("error: Unknown setting MARQUEE_PROT. Did you mean MARQUEE_PORT? ")


def test_wrong_configuration_is_named_file_by_file_before_anything_is_created(tmp_path: Path) -> None:
    configs = tmp_path / "configs"
    shutil.copytree(CHECKOUT / "configs", configs)
    (configs / "params.yaml").write_text("rating: {factors: 3}\n")
    (configs / "policy.yaml").write_text("")
    home = tmp_path / "home"
    status, said = refused(RunningStack.at(home, MARQUEE_CONFIGS_DIR=str(configs)))
    assert status == 9
    assert "params.yaml: rating.factors" in said
    assert "policy.yaml is empty" in said
    assert not home.exists()


def test_a_state_folder_that_is_a_file_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, said = refused(RunningStack.at(tmp_path / "file" / "home"))
    assert status == 9
    assert f"{tmp_path / 'file'} is a file, not a folder" in said


def test_a_database_of_ones_own_is_not_silently_ignored(tmp_path: Path) -> None:
    status, said = refused(
        RunningStack.at(tmp_path / "home", MARQUEE_DATABASE_URL="postgresql://marquee@127.0.0.1/marquee")
    )
    assert status == 9
    assert "MARQUEE_DATABASE_URL" in said
