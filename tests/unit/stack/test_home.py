import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from marquee.domain.errors import ConfigurationError, Conflict
from marquee.stack import home as home_module
from marquee.stack.home import FOLDERS, held, is_held, prepare_home


def test_the_folders_are_made_and_closed_to_others(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "var"
    prepare_home(home)
    assert {path.name for path in home.iterdir()} == set(FOLDERS)
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()} == {0o700}
    assert stat.S_IMODE(home.stat().st_mode) & 0o066 == 0


def test_preparing_twice_changes_nothing(tmp_path: Path) -> None:
    prepare_home(tmp_path)
    (tmp_path / "bundles" / "1").mkdir()
    prepare_home(tmp_path)
    assert (tmp_path / "bundles" / "1").is_dir()


def test_a_file_in_the_way_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(
        ConfigurationError, match=r"state folder .*var is a file, not a folder.*MARQUEE_HOME"
    ) as caught:
        prepare_home(tmp_path / "var")
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_said_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_module, "LEAST_DISK", shutil.disk_usage(tmp_path).free + 2**40)
    with pytest.raises(ConfigurationError, match=r"has \d+ MB free; Marquee needs \d+ MB"):
        prepare_home(tmp_path)


def test_a_second_holder_is_told_of_the_first(tmp_path: Path) -> None:
    prepare_home(tmp_path)
    with held(tmp_path), pytest.raises(Conflict, match=r"already runs .* \(process \d+\)"), held(tmp_path):
        pass


def test_the_folder_is_let_go_of_at_the_end(tmp_path: Path) -> None:
    prepare_home(tmp_path)
    with held(tmp_path):
        assert is_held(tmp_path)
    assert not is_held(tmp_path)
    with held(tmp_path):
        pass


def test_a_killed_holder_holds_no_longer(tmp_path: Path) -> None:
    prepare_home(tmp_path)
    program = (
        "import pathlib, sys, time; from marquee.stack.home import held\n"
        "with held(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert is_held(tmp_path)
    holder.kill()
    holder.wait()
    assert not is_held(tmp_path)
