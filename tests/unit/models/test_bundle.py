"""A bundle comes back bit for bit, or is refused with the file that is wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from marquee.domain.errors import Conflict, CorruptBundle, InvalidInput
from marquee.models.biases import Biases
from marquee.models.bundle import Bundle, write_bundle
from marquee.models.manifest import Facts, hash_file
from marquee.models.model_set import ModelSet
from marquee.models.train import train_baselines, train_models
from marquee.models.training_set import TrainingSet
from marquee.recommend.recommender import Recommender
from marquee.settings.params import EaseParams, SvdParams
from marquee.settings.serving import Serving
from tests.support.ratings import checkerboard

RATING = SvdParams(n_factors=4, n_epochs=5)
FACTS = Facts(
    hyperparameters={"rating": RATING.model_dump(), "ranking": {"regularization": 300.0}},
    seed=0,
    snapshot_hash="ab" * 32,
    n_users=40,
    n_ratings=560,
    metrics={"known": {"rmse": 0.9, "ndcg": None}},
)


def _write(path: Path, models: ModelSet) -> None:
    write_bundle(path, models, FACTS)


@pytest.fixture(scope="module")
def ratings() -> TrainingSet:
    return TrainingSet.from_frame(checkerboard())


@pytest.fixture(scope="module")
def models(ratings: TrainingSet) -> ModelSet:
    return train_models(ratings, RATING, EaseParams()).models


@pytest.fixture(scope="module")
def sound(models: ModelSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundles") / "1"
    _write(path, models)
    return path


@pytest.fixture
def bundle(sound: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(sound, tmp_path / "bundle"))


def test_what_is_read_is_what_was_written(sound: Path, models: ModelSet, ratings: TrainingSet) -> None:
    read = Bundle.open(sound)
    read.warm()
    assert read.items.ids == models.items.ids
    assert read.trained_through == ratings.trained_through
    before, after = Recommender(models, Serving()), Recommender(read, Serving())
    for history in ratings.histories():
        assert before.top(before.state(history), 10) == after.top(after.state(history), 10)
    for row in range(ratings.n_items):
        assert before.similar(row, 5) == after.similar(row, 5)


def test_the_manifest_tells_where_the_model_comes_from(sound: Path, ratings: TrainingSet) -> None:
    manifest = Bundle.open(sound).manifest
    assert (manifest.algorithms.rating, manifest.algorithms.ranking) == ("svd", "ease")
    assert manifest.hyperparameters["rating"]["n_factors"] == 4
    assert manifest.snapshot_hash == "ab" * 32
    assert manifest.trained_through == ratings.trained_through
    assert manifest.metrics == {"known": {"rmse": 0.9, "ndcg": None}}
    assert set(manifest.libraries) == {"numpy", "scipy", "scikit-surprise"}
    assert set(manifest.files) == {path.name for path in sound.iterdir()} - {"manifest.json"}


def test_arrays_are_mapped_and_cannot_be_written_to(sound: Path) -> None:
    weights = Bundle.open(sound).ranking.to_arrays()["weights"]
    assert isinstance(weights.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 1.0


def test_the_same_ratings_give_the_same_bytes(ratings: TrainingSet, sound: Path, tmp_path: Path) -> None:
    _write(tmp_path / "again", train_models(ratings, RATING, EaseParams()).models)
    for file in sound.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


def test_the_baselines_are_a_bundle_too(ratings: TrainingSet, tmp_path: Path) -> None:
    baselines = train_baselines(ratings)
    _write(tmp_path / "baselines", baselines)
    read = Bundle.open(tmp_path / "baselines")
    assert_array_equal(read.rating.to_arrays()["item_biases"], baselines.rating.to_arrays()["item_biases"])


def test_a_bundle_is_never_overwritten(sound: Path, models: ModelSet) -> None:
    with pytest.raises(Conflict, match="exists already"):
        _write(sound, models)


def test_a_model_that_is_not_finite_is_not_written_and_leaves_nothing(
    models: ModelSet, tmp_path: Path
) -> None:
    biases = np.full(len(models.items), np.nan, dtype=np.float32)
    broken = ModelSet(models.items, Biases(3.0, biases, 5.0), models.ranking, models.fallback, 0)
    with pytest.raises(InvalidInput, match=r"rating\.item_biases\.npy"):
        _write(tmp_path / "bundle", broken)
    assert list(tmp_path.iterdir()) == []


def test_a_full_stop_in_the_middle_leaves_no_bundle(
    models: ModelSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="No space left"):
        _write(tmp_path / "bundle", models)
    assert list(tmp_path.iterdir()) == []


def _flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _edit(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    (bundle / "manifest.json").write_text(json.dumps(manifest))


def _replace(bundle: Path, name: str, array: Any) -> None:
    """Put another array in place, with its right hash: only its content is wrong."""
    np.save(bundle / name, array)
    _edit(bundle, lambda manifest: manifest["files"].update({name: hash_file(bundle / name)}))


def _replace_by_archive(bundle: Path, name: str) -> None:
    with (bundle / name).open("wb") as file:
        np.savez(file, mean=np.zeros(1))
    _edit(bundle, lambda manifest: manifest["files"].update({name: hash_file(bundle / name)}))


def _replace_ids(bundle: Path, ids: Any) -> None:
    (bundle / "items.json").write_text(json.dumps(ids))
    _edit(bundle, lambda manifest: manifest["files"].update({"items.json": hash_file(bundle / "items.json")}))


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a flipped bit": (lambda b: _flip_a_byte(b / "ranking.weights.npy"), r"ranking\.weights\.npy.*SHA-256"),
    "a flipped bit in the ids": (lambda b: _flip_a_byte(b / "items.json"), r"items\.json.*SHA-256"),
    "a cut file": (lambda b: _truncate(b / "rating.item_factors.npy"), r"rating\.item_factors\.npy"),
    "a missing file": (lambda b: (b / "rating.mean.npy").unlink(), r"rating\.mean\.npy is missing"),
    "a missing id table": (lambda b: (b / "items.json").unlink(), r"items\.json is missing"),
    "a file too many": (lambda b: (b / "code.py").write_text("boo"), r"code\.py is not in the manifest"),
    "a missing manifest": (lambda b: (b / "manifest.json").unlink(), r"manifest\.json cannot be read"),
    "a manifest of rubbish": (lambda b: (b / "manifest.json").write_bytes(b"\x00\xff"), "is not JSON"),
    "a manifest of nothing": (lambda b: (b / "manifest.json").write_text("[]"), "schema version None"),
    "another schema": (lambda b: _edit(b, lambda m: m.update(schema_version=1)), "schema version 1"),
    "an unknown field": (lambda b: _edit(b, lambda m: m.update(surprise=1)), "surprise: Extra inputs"),
    "a wrong field": (lambda b: _edit(b, lambda m: m.update(n_items="many")), "n_items"),
    "a file outside the folder": (
        lambda b: _edit(b, lambda m: m["files"].update({"../../etc/passwd": "0" * 64})),
        "passwd",
    ),
    "an unknown model": (
        lambda b: _edit(b, lambda m: m["algorithms"].update(rating="oracle")),
        "'oracle'; known are bayes-svdpp, biases, svd",
    ),
    "the arrays of another model": (
        lambda b: _edit(b, lambda m: m["algorithms"].update(rating="biases")),
        "arrays are",
    ),
    "other numbers of items": (lambda b: _edit(b, lambda m: m.update(n_items=3)), "20 ids"),
    "ids that are not strings": (lambda b: _replace_ids(b, list(range(20))), "something else"),
    "an id twice": (lambda b: _replace_ids(b, ["x"] * 20), "not unique"),
    "another dtype": (lambda b: _replace(b, "ranking.weights.npy", np.zeros((20, 20))), "weights is float64"),
    "another shape": (
        lambda b: _replace(b, "rating.item_biases.npy", np.zeros(19, np.float32)),
        "item_biases is float32",
    ),
    "values that are not finite": (
        lambda b: _replace(b, "ranking.weights.npy", np.full((20, 20), np.inf, np.float32)),
        "not finite",
    ),
    "an array of no model": (
        lambda b: _replace(b, "spare.npy", np.zeros(1)),
        r"spare\.npy is no array of a model",
    ),
    "an archive": (lambda b: _replace_by_archive(b, "rating.mean.npy"), r"rating\.mean\.npy.*archive"),
    "a pickle": (
        lambda b: _replace(b, "rating.mean.npy", np.array([{}], dtype=object)),
        r"rating\.mean\.npy",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_bundle_is_refused_by_name(name: str, bundle: Path) -> None:
    damage, message = DAMAGE[name]
    damage(bundle)
    with pytest.raises(CorruptBundle, match=message) as caught:
        Bundle.open(bundle)
    assert caught.value.hint


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptBundle, match="cannot be read"):
        Bundle.open(tmp_path / "nowhere")


def test_without_verification_shapes_are_checked_all_the_same(bundle: Path) -> None:
    Bundle.open(bundle, verify=False)
    np.save(bundle / "ranking.weights.npy", np.zeros((20, 20)))
    with pytest.raises(CorruptBundle, match="float64"):
        Bundle.open(bundle, verify=False)
