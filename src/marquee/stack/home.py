"""The state folder of an embedded stack: made, checked, and held by one `marquee up` at a time."""

import contextlib
import fcntl
import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path

from marquee.domain.errors import ConfigurationError, Conflict

FOLDERS = ("run", "logs", "bundles", "snapshots", "mlflow")
LEAST_DISK = 500 * 2**20  # bytes: a new database, its log, a model and its snapshot

_CHOOSE = "Choose another state folder: MARQUEE_HOME=/some/folder."


def prepare_home(home: Path) -> None:
    """Make the state folder and the folders in it, readable by their owner alone.

    Raises:
        ConfigurationError: it belongs to somebody else, cannot be written, or its disk is nearly full.
    """
    try:
        _check_no_file(home)
        # Root's server runs as `nobody`, who must pass through (0711) to its folder, and may list nothing.
        home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        _check_owner(home)
        for name in FOLDERS:
            (home / name).mkdir(mode=0o700, exist_ok=True)
        _check_writable(home)
    except OSError as error:
        raise ConfigurationError(
            f"The state folder {home} cannot be written ({error.strerror}).", hint=_CHOOSE
        ) from error
    _check_disk(home)


@contextlib.contextmanager
def held(home: Path) -> Iterator[None]:
    """Holds the state folder; the kernel lets go of it when the process ends, however it ends.

    Raises:
        Conflict: another `marquee up` holds it.
    """
    with (home / "run" / "up.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise Conflict(
                f"Marquee already runs with its state in {home} (process {file.read().strip()}).",
                hint="Stop it with `marquee down`, or start another with other MARQUEE_HOME and ports.",
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_held(home: Path) -> bool:
    """Whether a `marquee up` holds the state folder now."""
    path = home / "run" / "up.lock"
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _check_no_file(home: Path) -> None:
    obstacle = next((path for path in (home, *home.parents) if path.exists() and not path.is_dir()), None)
    if obstacle is not None:
        raise ConfigurationError(
            f"The state folder {home} cannot be made: {obstacle} is a file, not a folder.", hint=_CHOOSE
        )


def _check_owner(home: Path) -> None:
    owner, me = home.stat().st_uid, os.geteuid()
    if owner != me:
        raise ConfigurationError(
            f"The state folder {home} belongs to {_account_name(owner)}, and this is {_account_name(me)}.",
            hint=f"Start Marquee as its owner. {_CHOOSE}",
        )


def _check_writable(home: Path) -> None:
    """Writes a block and removes it: on a full disk a file can be made, but nothing written to it."""
    probe = home / "run" / "probe"
    try:
        probe.write_bytes(bytes(4096))
    finally:
        probe.unlink(missing_ok=True)


def _check_disk(home: Path) -> None:
    free = shutil.disk_usage(home).free
    if free < LEAST_DISK:
        raise ConfigurationError(
            f"The disk of {home} has {free // 2**20} MB free; Marquee needs {LEAST_DISK // 2**20} MB.",
            hint=f"Make room. {_CHOOSE}",
        )


def _account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
