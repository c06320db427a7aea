"""What of a version lies where: its bundle in the registry and on this machine, its data in the snapshots."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from marquee.domain.errors import CorruptBundle, NotFound, Unavailable
from marquee.models.bundle import Bundle
from marquee.models.manifest import MANIFEST, Manifest, hash_file
from marquee.registry.client import RegistryClient, StoredFile
from marquee.registry.fetch import BUNDLE_PATH, fetch_bundle
from marquee.settings import Settings

ItemState: TypeAlias = Literal["ok", "not yet", "failed"]

_PATIENCE_SECONDS = 3.0  # with the registry, while a person waits
_MOST_BYTES = 128_000_000  # that are downloaded only to be checked
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a look came to, and what it rests on, in a sentence."""

    state: ItemState
    evidence: str


def copy_of(settings: Settings, version: int) -> Path:
    """Where the services of this machine keep a version's bundle."""
    return settings.home / "bundles" / str(version)


def local_manifest(settings: Settings, version: int) -> Manifest | None:
    """The manifest of this machine's copy; None without one that can be read."""
    try:
        return Bundle.open(copy_of(settings, version), verify=False).manifest
    except (CorruptBundle, OSError):
        return None


def look_at_bundle(settings: Settings, version: int) -> Found:
    """Whether the registry has a version's bundle, and every file the hash that its manifest says.

    Hashes are those of this machine's copy; without one, a bundle that is not too large is downloaded.
    """
    folder = copy_of(settings, version)
    try:
        if folder.is_dir():
            Bundle.open(folder)
        with RegistryClient(settings.mlflow(), patience=_PATIENCE_SECONDS) as registry:
            return _in_registry(registry, version, folder)
    except (CorruptBundle, NotFound) as error:
        return Found("failed", str(error))
    except Unavailable as error:
        here = "The copy on this machine is sound, but t" if folder.is_dir() else "T"
        return Found("not yet", f"{here}he registry could not be asked: {error.message}")


def look_at_snapshot(settings: Settings, version: int, snapshot: str) -> Found:
    """Whether the data are kept that a version was trained on, so that it can be trained again."""
    root = settings.home / "snapshots"
    if not (root / f"{snapshot}.dvc").is_file():
        return Found(
            "not yet",
            "Its files are not in this state folder: they are kept where models are trained, so ask there.",
        )
    files = sorted((root / snapshot).glob("*.parquet"))
    if not files:
        return Found("not yet", f"`marquee data checkout {version}` brings its files back from the store.")
    size = sum(file.stat().st_size for file in files) / _MEGABYTE
    return Found("ok", f"{len(files)} tables, {size:.1f} MB, named by the hash of their rows.")


def _in_registry(registry: RegistryClient, version: int, copy: Path) -> Found:
    registered = registry.version(version)
    files = list(registry.files(f"{registered.artifacts}/{BUNDLE_PATH}"))
    size = sum(file.size for file in files)
    held = f"{len(files)} files, {size / _MEGABYTE:.1f} MB"
    with tempfile.TemporaryDirectory() as scratch:
        if not copy.is_dir():
            if size > _MOST_BYTES:
                return Found("not yet", f"The registry has {held}; who loads them checks their hashes.")
            copy = Path(scratch) / "bundle"
            fetch_bundle(registry, version, copy)
        here, there = hash_file(copy / MANIFEST), _manifest(registry, files, Path(scratch) / MANIFEST)
    if here != there:
        return Found("failed", "The copy on this machine is of another bundle than the registry's.")
    return Found("ok", f"{held}, each with the hash that the manifest {there[:12]} says.")


def _manifest(registry: RegistryClient, files: Sequence[StoredFile], target: Path) -> str:
    """The hash of the registry's manifest."""
    found = next((file for file in files if file.name == MANIFEST), None)
    if found is None:
        raise NotFound("The registry's bundle has no manifest.")
    registry.download(found, target)
    return hash_file(target)
