"""The lock files: complete, hashed, and good for any registry."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from marquee.settings.environment import CHECKOUT

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """Version by package name."""
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    return {canonicalize_name(package): version for package, version in PIN.findall(text)}


def wanted(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for on this system."""
    project = tomllib.loads(Path(CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    requirements = [Requirement(line) for group in groups for line in group]
    return [each for each in requirements if each.marker is None or each.marker.evaluate()]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_registry(name: str) -> None:
    assert not re.search(r"(https?|file)://|--\w*index-url|--find-links", (CHECKOUT / name).read_text())


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_by_hash(name: str) -> None:
    for entry in re.split(r"\n(?=\S)", (CHECKOUT / name).read_text().strip()):
        assert PIN.match(entry)
        assert "--hash=sha256:" in entry


@pytest.mark.parametrize(
    ("name", "extras"),
    [("requirements.lock", ("embedded",)), ("requirements-dev.lock", ("embedded", "dev", "notebooks"))],
)
def test_a_lock_holds_what_the_project_asks_for(name: str, extras: tuple[str, ...]) -> None:
    locked = pins(name)
    missing = [
        str(each) for each in wanted(*extras) if not each.specifier.contains(locked.get(each.name, "0"))
    ]
    assert not missing


def test_the_locks_agree() -> None:
    everything = pins("requirements-dev.lock")
    for name in ("requirements.lock", "requirements-build.lock"):
        assert pins(name).items() - everything.items() <= {("uv", pins("requirements-build.lock")["uv"])}
