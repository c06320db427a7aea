"""A version's bundle, from the registry to a folder on disk: whole and verified, or not at all."""

import os
import tempfile
from pathlib import Path

from marquee.domain.errors import CorruptBundle, NotFound, Unavailable
from marquee.models.bundle import Bundle
from marquee.registry.client import RegistryClient

BUNDLE_PATH = "artifacts/bundle"  # within the model's folder, where the pyfunc flavour keeps it too


def fetch_bundle(client: RegistryClient, version: int, target: Path) -> None:
    """Download a version's bundle to `target` unless a sound one is there already.

    The files are checked against the bundle's manifest in a folder beside `target`, which then takes its
    name. A copy that was there and is damaged is replaced.

    Raises:
        NotFound: the registry has no such version, or the version holds no bundle.
        CorruptBundle: a file in the registry is not what the manifest says; `target` is left as it was.
        Unavailable: the registry is away, or the disk does not take the files.
    """
    if _is_sound(target):
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
            part = Path(scratch) / target.name
            _download(client, version, part)
            _verify(part, version)
            _take_place(part, target)
    except OSError as error:
        raise Unavailable(
            f"The bundle of version {version} cannot be written to {target}: {error.strerror}.",
            hint="Make room on the disk, and see that the folder is this user's.",
        ) from error


def _download(client: RegistryClient, version: int, part: Path) -> None:
    registered = client.version(version)
    files = list(client.files(f"{registered.artifacts}/{BUNDLE_PATH}"))
    if not files:
        raise NotFound(f"Version {version} in the registry holds no bundle.")
    for file in files:
        path = part / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        client.download(file, path)
        _flush(path)


def _verify(part: Path, version: int) -> None:
    """CorruptBundle names the version and the file: the folder it lies in is gone when that is read."""
    try:
        Bundle.open(part)
    except CorruptBundle as error:
        reason = error.message.replace(f"{part}/", "").replace(str(part), "the bundle")
        raise CorruptBundle(
            f"The registry's bundle of version {version} is damaged: {reason}",
            hint="`marquee rollback` goes back to the version before; `marquee train` makes a new one.",
        ) from error


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _take_place(part: Path, target: Path) -> None:
    if _is_sound(target):
        return  # another process was first
    if target.exists():
        target.rename(part.with_name("damaged"))  # goes with the scratch folder
    part.rename(target)


def _is_sound(folder: Path) -> bool:
    if not folder.exists():
        return False
    try:
        Bundle.open(folder)
    except CorruptBundle:
        return False
    return True
