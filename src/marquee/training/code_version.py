"""Which code trained a model, and with which libraries."""

import shutil
import subprocess
from importlib.metadata import distributions, version

from marquee.settings.environment import CHECKOUT


def code_version() -> str:
    """`0.1.0`, or in a checkout `0.1.0+g1a2b3c4d`: git's commit, with `.dirty` if files differ from it."""
    release = version("marquee")
    git = shutil.which("git")
    if git is None or not (CHECKOUT / ".git").exists():
        return release
    command = [git, "-C", str(CHECKOUT), "describe", "--always", "--dirty=.dirty", "--exclude=*"]
    described = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - git's own path
    commit = described.stdout.strip()
    return f"{release}+g{commit}" if described.returncode == 0 and commit else release


def installed_versions() -> dict[str, str]:
    """Every package of this environment by its name in lower case: what a requirements file would pin."""
    return {package.metadata["Name"].lower(): package.version for package in distributions()}
