"""A model on disk: plain arrays, an id table, and a manifest with the hash of each. No pickle.

    items.json                         item ids by row
    features.json                      names of the features of items and people
    rating.*.npy  ranking.*.npy  fallback.*.npy  interval.*.npy
    manifest.json

The arrays are memory-mapped, so that the workers of a machine share their pages.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import JsonValue

from marquee.domain.errors import Conflict, CorruptBundle, InvalidInput
from marquee.domain.history import History, ItemIndex
from marquee.models.algorithms import RANKING_MODELS, RATING_MODELS
from marquee.models.arrays import save
from marquee.models.fallback import Fallback
from marquee.models.features import Vocabulary
from marquee.models.ials import Penalties
from marquee.models.imported import FOLD_IN, Exported, Matrix, imported_facts, imported_models
from marquee.models.interval import StarsInterval
from marquee.models.manifest import (
    MANIFEST,
    Algorithms,
    Facts,
    Manifest,
    hash_file,
    hash_of,
    library_versions,
    read_manifest,
    to_bytes,
)
from marquee.models.model_set import ModelSet
from marquee.models.protocol import Scorer

if TYPE_CHECKING:  # serving does not need pandas
    from marquee.models.training_set import TrainingSet

ITEMS = "items.json"
FEATURES = "features.json"
ROLES = ("rating", "ranking", "fallback", "interval")  # the last may be missing
PAGE = 4096  # bytes of memory that are read in together, at the least

AnyScorer = TypeVar("AnyScorer", bound=Scorer)


@dataclass(frozen=True, eq=False, kw_only=True)
class Bundle(ModelSet):
    """Models read from a folder; open one with `Bundle.open`.

    Attributes:
        manifest: what the models are and come from.
        path: the folder. It must stay as it is while the bundle is in use.
    """

    manifest: Manifest
    path: Path

    @classmethod
    def open(cls, path: Path, verify: bool = True) -> Self:
        """Map the arrays of a bundle into memory, after checking them.

        Args:
            path: the folder.
            verify: compare the SHA-256 of every file and refuse values that are not finite. Without it
                (for a copy verified before) only names, dtypes and shapes are checked.

        Raises:
            CorruptBundle: naming the file and what is wrong with it.
        """
        manifest = read_manifest(path)
        _check_files(path, manifest, verify)
        arrays = {
            name: _load(path / name, verify) for name in manifest.files if name not in (ITEMS, FEATURES)
        }
        names = manifest.algorithms
        with _corrupt(path):
            _check_roles(arrays)
            items = ItemIndex(_strings(_read(path / ITEMS)))
            if len(items) != manifest.n_items:
                raise ValueError(f"{ITEMS} has {len(items)} ids, the manifest says {manifest.n_items}")
            interval = _role(arrays, "interval")
            features = _features(path / FEATURES)
            return cls(
                items=items,
                rating=_model(names.rating, RATING_MODELS).from_arrays(_role(arrays, "rating")),
                ranking=_model(names.ranking, RANKING_MODELS).from_arrays(_role(arrays, "ranking")),
                fallback=Fallback.from_arrays(_role(arrays, "fallback")),
                trained_through=manifest.trained_through,
                interval=StarsInterval.from_arrays(interval) if interval else None,
                item_vocabulary=features["items"],
                user_vocabulary=features["users"],
                manifest=manifest,
                path=path,
            )

    def warm(self) -> None:
        """Read every page into memory and run each model once, so that the first request does not wait."""
        for array in _arrays_of(self).values():
            array.ravel(order="K").view(np.uint8)[::PAGE].max(initial=0)
        for model in (self.rating, self.ranking):
            model.score(model.fold_in(History.of([0], [1.0], [0])))


def write_bundle(path: Path, models: ModelSet, facts: Facts) -> Manifest:
    """Write a bundle whole or not at all: into a folder beside `path`, which is renamed when it is on disk.

    The same models and facts give the same bytes. `path` must not exist.

    Raises:
        InvalidInput: an array holds a value that is not finite.
        Conflict: `path` exists.
    """
    arrays = _arrays_of(models)
    for name, array in arrays.items():
        if not _finite(array):
            raise InvalidInput(
                f"{name} would hold a value that is not finite.", hint="Train the model again."
            )
    with _new_folder(path) as folder:
        for name, array in arrays.items():
            save(folder / name, array)
        (folder / ITEMS).write_bytes(_json(models.items.ids))
        features = {"items": models.item_vocabulary.names, "users": models.user_vocabulary.names}
        (folder / FEATURES).write_bytes(_json(features))
        manifest = Manifest(
            **facts.model_dump(),
            algorithms=Algorithms(rating=models.rating.algorithm, ranking=models.ranking.algorithm),
            hyperparameters_hash=hash_of(facts.hyperparameters),
            trained_through=models.trained_through,
            n_items=len(models.items),
            libraries=library_versions(),
            files={file.name: hash_file(file) for file in sorted(folder.iterdir())},
        )
        (folder / MANIFEST).write_bytes(to_bytes(manifest))
    return manifest


def bundle_from_arrays(
    path: Path,
    ratings: "TrainingSet",
    *,
    name: str,
    item_ids: Iterable[object],
    ranking_factors: ArrayLike | None = None,
    ranking_weights: Matrix | None = None,
    ranking_scores: ArrayLike | None = None,
    rating_factors: tuple[ArrayLike, ArrayLike] | None = None,
    dislike: float = 1.0,
    fold_in: Penalties = FOLD_IN,
    held_out: tuple[ArrayLike, ArrayLike] | None = None,
    coverage: float = 0.9,
    hyperparameters: Mapping[str, JsonValue] = MappingProxyType({}),
    seed: int = 0,
    snapshot_hash: str | None = None,
) -> Manifest:
    """Write a bundle of a model that was trained elsewhere, from what it says of items.

    Row r of every array is item `item_ids[r]`, in any order; they are put into that of
    `ratings.rated_first()`, where items that were not exported have zeros. Exactly one of the three decides
    the order of lists. People are folded in from their ratings: nothing about them is needed.

    Args:
        path: the folder to make.
        ratings: what the model was trained on. Popularity, similar items, names of features and, where they
            are not exported, the stars' biases come from it too.
        name: of the model, for people: "BPR of our notebook".
        item_ids: taken as texts; each once, each of the catalogue of `ratings`.
        ranking_factors: q_i, shape (n, n_factors): an item scores <p_u, q_i>, where p_u is solved by iALS's
            ridge regression (`models.ials.Ials`) of what was rated.
        ranking_weights: shape (n, n), dense or sparse: row i says what having rated item i adds to the score
            of each other item. The diagonal is not used.
        ranking_scores: shape (n,), any numbers: the higher, the earlier in everybody's list.
        rating_factors: item factors, shape (n, n_factors), and biases, shape (n,): stars are the mean of
            `ratings` + b_u + b_i + <p_u, q_i>, where b_u and p_u are solved by a ridge regression
            (`models.svd.Svd`). None: the stars are the mean with damped biases of people and items.
        dislike: from 0 to 1: what a rating of the fewest stars counts in the order, beside 1 of the most.
        fold_in: of the ridge regression of `ranking_factors`.
        held_out: predicted and actual stars of ratings that the model of the stars was *not* trained on,
            both of shape (m,), for its interval; None: predicted stars have no interval.
        coverage: of that interval.
        hyperparameters: how it was trained, for the record; as JSON holds them.
        seed: of its training.
        snapshot_hash: of the platform's snapshot that `ratings` is, as `marquee data snapshot` prints it;
            None: the data's own fingerprint stands in the manifest.

    Returns:
        The manifest, whose hyperparameters say under `imported` what came from elsewhere.

    Raises:
        InvalidInput: naming the argument, and the item, that is wrong.
        Conflict: `path` exists.
    """
    models = imported_models(
        Exported(item_ids, ranking_factors, ranking_weights, ranking_scores, rating_factors),
        ratings.rated_first(),
        dislike=dislike,
        fold_in=fold_in,
        held_out=held_out,
        coverage=coverage,
    )
    facts = imported_facts(
        models,
        ratings,
        name=name,
        hyperparameters=hyperparameters,
        seed=seed,
        snapshot_hash=snapshot_hash,
    )
    return write_bundle(path, models, facts)


def _arrays_of(models: ModelSet) -> dict[str, NDArray[Any]]:
    roles = {
        "rating": models.rating.to_arrays(),
        "ranking": models.ranking.to_arrays(),
        "fallback": models.fallback.to_arrays(),
        "interval": {} if models.interval is None else models.interval.to_arrays(),
    }
    return {f"{role}.{name}.npy": array for role, arrays in roles.items() for name, array in arrays.items()}


def _role(arrays: Mapping[str, NDArray[Any]], role: str) -> dict[str, NDArray[Any]]:
    start = f"{role}."
    files = {name.removesuffix(".npy"): array for name, array in arrays.items() if name.startswith(start)}
    return {name.removeprefix(start): array for name, array in files.items()}


def _check_roles(arrays: Mapping[str, NDArray[Any]]) -> None:
    for name in arrays:
        if name.partition(".")[0] not in ROLES or not name.endswith(".npy"):
            raise ValueError(f"{name} is no array of a model")


def _model(algorithm: str, known: Mapping[str, type[AnyScorer]]) -> type[AnyScorer]:
    if algorithm not in known:
        raise ValueError(f"no model is called {algorithm!r}; known are {', '.join(sorted(known))}")
    return known[algorithm]


def _finite(array: NDArray[Any]) -> bool:
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def _check_files(path: Path, manifest: Manifest, verify: bool) -> None:
    present = {entry.name for entry in path.iterdir()} - {MANIFEST}
    expected = {*manifest.files, ITEMS, FEATURES}
    for name in sorted(expected ^ present):
        state = "missing" if name in expected else "not in the manifest"
        raise CorruptBundle(f"{path / name} is {state}.", hint=_HINT)
    for name, expected_hash in manifest.files.items() if verify else ():
        if not (path / name).is_file() or hash_file(path / name) != expected_hash:
            raise CorruptBundle(
                f"{path / name} does not have the SHA-256 that the manifest says.", hint=_HINT
            )


def _load(path: Path, verify: bool) -> NDArray[Any]:
    with _corrupt(path):
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray):
            raise ValueError("it is an archive")  # noqa: TRY004 - the file is wrong, not the program
        if verify and not _finite(array):
            raise ValueError("it holds a value that is not finite")
        return array


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _features(path: Path) -> dict[str, Vocabulary]:
    names = _read(path)
    if not isinstance(names, dict) or set(names) != {"items", "users"}:
        raise ValueError(f"{path.name} does not name the features of items and users")
    return {side: Vocabulary(_strings(texts)) for side, texts in names.items()}


def _strings(texts: object) -> tuple[str, ...]:
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("a list of ids or names holds something else")
    return tuple(texts)


@contextmanager
def _corrupt(path: Path) -> Iterator[None]:
    """Say which bundle or file it was that could not be understood."""
    try:
        yield
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        raise CorruptBundle(f"{path} cannot be used: {error}.", hint=_HINT) from error


@contextmanager
def _new_folder(path: Path) -> Iterator[Path]:
    """A folder that becomes `path`, with its content on disk, if all goes well, and vanishes if not."""
    if path.exists():
        raise Conflict(f"{path} exists already.", hint="A bundle never changes: write to another folder.")
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    try:
        yield folder
        folder.chmod(0o755)
        for entry in (*folder.iterdir(), folder):
            _sync(entry)
        folder.rename(path)
        _sync(path.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # gone already if it was renamed


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_HINT = "Delete the folder and fetch the version again, or roll back to another."
