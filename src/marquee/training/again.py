"""A registered version once more: its data brought back, and trained from its manifest."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from marquee.data.tidy import ITEMS, RATINGS, USERS, write_folder
from marquee.domain import columns as col
from marquee.domain.clock import Clock, system_clock
from marquee.domain.errors import Conflict
from marquee.models.arrays import blas_threads
from marquee.models.manifest import Manifest, read_manifest
from marquee.registry.client import RegistryClient
from marquee.registry.fetch import fetch_bundle
from marquee.settings import MlflowConnection
from marquee.store import versions
from marquee.training.recipe import Recipe
from marquee.training.refit import train_whole
from marquee.training.snapshot import Snapshot, restore_snapshot


@dataclass(frozen=True, slots=True)
class Repetition:
    """Two bundles of one recipe and one snapshot, file by file.

    Attributes:
        differing: names of the files whose bytes differ.
        files: how many were compared.
        libraries: versions that differ, as (then, now), by library; `marquee` itself among them.
    """

    version: int
    snapshot: str
    folder: Path
    files: int
    differing: tuple[str, ...]
    libraries: dict[str, tuple[str, str]]

    @property
    def same(self) -> bool:
        return not self.differing

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "version": self.version,
            "snapshot": self.snapshot,
            "folder": str(self.folder),
            "files": self.files,
            "differing": list(self.differing),
            "libraries": {name: {"then": then, "now": now} for name, (then, now) in self.libraries.items()},
            "same": self.same,
        }


def snapshot_of(engine: Engine, home: Path, version: int) -> Snapshot:
    """The data that a registered version was trained on.

    Raises:
        NotFound: there is no such version, or its snapshot is not in this state folder.
        DataError: the rows are not those that its hash names.
        Unavailable: Postgres or the store is away.
    """
    with engine.connect() as connection:
        name = versions.get(connection, version).snapshot
    return restore_snapshot(engine, home, name)


def check_out(snapshot: Snapshot, folder: Path) -> None:
    """Write a snapshot as Parquet and as CSV that `marquee data load` takes, whole or not at all.

    Raises:
        Conflict: the folder exists.
        ConfigurationError: it cannot be written.
    """
    if folder.exists():
        raise Conflict(f"{folder} exists already.", hint="Name another with --to, or delete it.")
    write_folder(folder, _files(snapshot))


def train_again(
    engine: Engine,
    home: Path,
    mlflow: MlflowConnection,
    version: int,
    folder: Path,
    *,
    threads: int = 1,
    clock: Clock = system_clock,
    say: Callable[[str], None],
) -> Repetition:
    """Train a version from its manifest's recipe and snapshot, into `folder`, and compare the files.

    Nothing is registered: it is the same model. On the same machine, with the same release, libraries and
    `threads`, every file is the same to the byte.

    Raises:
        NotFound: there is no such version, or its data is not in this state folder.
        Conflict: the folder exists.
        InvalidInput: this release cannot train the recipe.
        Unavailable: MLflow, Postgres or the disk is away.
    """
    if folder.exists():
        raise Conflict(f"{folder} exists already.", hint="Name another with --to, or delete it.")
    with engine.connect() as connection:
        versions.get(connection, version)
    before = _manifest(mlflow, version)
    recipe = Recipe.of_manifest(before)
    say(f"Version {version}: {recipe.algorithms['rating']} and {recipe.algorithms['ranking']}")
    snapshot = restore_snapshot(engine, home, before.snapshot_hash)
    say(f"{len(snapshot.tables.ratings):,} ratings, snapshot {snapshot.hash}: the rows have this hash")
    with blas_threads(threads):
        after = train_whole(
            snapshot, recipe, folder, threads=threads, created_at=clock(), metrics=before.metrics
        )
    return _compared(version, folder, before, after)


def _manifest(mlflow: MlflowConnection, version: int) -> Manifest:
    with RegistryClient(mlflow) as registry, tempfile.TemporaryDirectory(prefix="marquee-") as scratch:
        bundle = Path(scratch) / "bundle"
        fetch_bundle(registry, version, bundle)
        return read_manifest(bundle)


def _compared(version: int, folder: Path, before: Manifest, after: Manifest) -> Repetition:
    names = sorted(before.files.keys() | after.files.keys())
    then_by_name, now_by_name = (
        {"marquee": manifest.code_version, **manifest.libraries} for manifest in (before, after)
    )
    libraries = {
        name: (then, now_by_name.get(name, "none"))
        for name, then in then_by_name.items()
        if now_by_name.get(name) != then
    }
    differing = tuple(name for name in names if before.files.get(name) != after.files.get(name))
    return Repetition(version, after.snapshot_hash, folder / "bundle", len(names), differing, libraries)


def _files(snapshot: Snapshot) -> dict[str, bytes]:
    tables = snapshot.tables
    items = tables.items.assign(**{col.GENRES: tables.items[col.GENRES].map("|".join)})
    frames = {RATINGS: tables.ratings, ITEMS: _spread(items), USERS: _spread(tables.users)}
    facts = {"snapshot": snapshot.hash, "taken_at": snapshot.taken_at.isoformat()}
    return {
        "snapshot.json": json.dumps(facts, indent=2).encode() + b"\n",
        **{file.name: file.read_bytes() for file in snapshot.path.glob("*.parquet")},
        **{name: frame.to_csv(index=False, lineterminator="\n").encode() for name, frame in frames.items()},
    }


def _spread(frame: pd.DataFrame) -> pd.DataFrame:
    """Attributes as columns of their own, as `marquee data load` reads them back."""
    names = sorted({name for attributes in frame["attributes"] for name in attributes})
    columns = {name: [attributes.get(name) for attributes in frame["attributes"]] for name in names}
    return frame.drop(columns="attributes").assign(**columns)
