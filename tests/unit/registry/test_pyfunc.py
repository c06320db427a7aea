"""Stars by hand: mean 3; user u has bias 0.5, factors (1, 0); item a 0.25, (0.5, 9); item b 0, (-9, 0)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.pyfunc import load_model

from marquee.domain.history import ItemIndex
from marquee.models import ease, fallback
from marquee.models.bundle import write_bundle
from marquee.models.manifest import Facts
from marquee.models.model_set import ModelSet
from marquee.models.svd import Svd
from marquee.models.training_set import TrainingSet
from marquee.models.user_factors import write_user_factors
from marquee.registry.runs import TrainedModel, save_model
from tests.support.ratings import frame_of

ITEMS = ItemIndex(["a", "b"])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    training = TrainingSet.from_frame(frame_of(("u", "a", 4.0, 1), ("u", "b", 2.0, 2)), ITEMS)
    factors = np.array([[0.5, 9.0], [-9.0, 0.0]], dtype=np.float32)
    write_bundle(
        folder / "bundle",
        ModelSet(
            items=ITEMS,
            rating=Svd(3.0, np.array([0.25, 0.0], dtype=np.float32), factors),
            ranking=ease.train(training, regularization=10.0),
            fallback=fallback.train(training),
            trained_through=2,
        ),
        Facts(hyperparameters={}, seed=0, snapshot_hash="5" * 64, n_users=1, n_ratings=2),
    )
    person = np.array([[1.0, 0.0]], dtype=np.float32)
    write_user_factors(folder / "user_factors.npz", ["u"], person, np.array([0.5], dtype=np.float32))
    model = TrainedModel(folder / "bundle", folder / "user_factors.npz", (1.0, 5.0), ("u", "a"))
    save_model(folder / "saved", model)
    return folder / "saved"


def test_stars_are_predicted_for_known_and_unknown_people_and_items(saved: Path) -> None:
    pairs = [("u", "a"), ("nobody", "a"), ("u", "nothing"), ("nobody", "nothing"), ("u", "b")]
    frame = pd.DataFrame(pairs, columns=["user_id", "item_id"])
    stars = load_model(str(saved)).predict(frame)
    by_hand = [
        3 + 0.5 + 0.25 + 0.5,
        3 + 0.25,
        3 + 0.5,
        3,
        1.0,  # 3 + 0.5 - 9, clipped to the scale
    ]
    np.testing.assert_allclose(stars, by_hand, rtol=1e-6)


def test_no_rows_give_no_stars(saved: Path) -> None:
    empty = pd.DataFrame({"user_id": pd.Series([], dtype=str), "item_id": pd.Series([], dtype=str)})
    assert len(load_model(str(saved)).predict(empty)) == 0


def test_nothing_is_pickled(saved: Path) -> None:
    files = [file for file in saved.rglob("*") if file.is_file()]
    # Loading a model has Python leave its bytecode beside it.
    kinds = {file.suffix for file in files if file.parent.name != "__pycache__"}
    assert kinds <= {"", ".py", ".npy", ".npz", ".json", ".yaml", ".txt"}
    assert "StarsModel" in (saved / "pyfunc.py").read_text(encoding="utf-8")


def test_numbers_for_ids_are_refused(saved: Path) -> None:
    with pytest.raises(Exception, match="user_id"):
        load_model(str(saved)).predict(pd.DataFrame({"user_id": [1], "item_id": [2]}))
