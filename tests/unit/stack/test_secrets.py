import stat
from pathlib import Path

from marquee.stack.secrets import NAMES, ensure_secrets, write_private


def test_every_secret_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    ensure_secrets(folder)
    assert {path.name for path in folder.iterdir()} == set(NAMES)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_secrets_hold_256_bits_and_differ(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    values = {path.read_text() for path in tmp_path.iterdir()}
    assert len(values) == len(NAMES)
    assert {len(value) for value in values} == {43}  # 32 bytes in base64 without padding


def test_a_secret_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "session_key").write_text("mine")
    ensure_secrets(tmp_path)
    assert (tmp_path / "session_key").read_text() == "mine"


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
