"""What `marquee evaluate` reads, whom it compares, and what it measures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marquee.data.prepare import prepare
from marquee.domain.errors import DataError, InvalidInput
from marquee.evaluation.contest import Data, Rules
from marquee.settings import Params, RatingScale
from marquee.settings.policy import QualityRule
from marquee.settings.serving import Serving
from marquee.training.evaluation.contenders import Entry, entries, grid
from marquee.training.evaluation.data import of_folder
from marquee.training.evaluation.measure import measure_cost, peak_memory
from marquee.training.evaluation.run import about, chosen_gates, rival_of
from tests.support.data_files import write
from tests.support.ratings import checkerboard

SCALE = RatingScale(min=1, max=5, step=1)
GATES = [
    QualityRule(metric="rmse", group="known", margin=0.1),
    QualityRule(metric="ndcg", group="new", margin=0.1),
    QualityRule(metric="ndcg", group="new", than="baselines"),
]


def _nobody():
    raise AssertionError("the database was asked for")


def _entry(word: str, params: Params | None = None) -> Entry:
    (entry,) = entries([word], params or Params(), _nobody)
    return entry


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "board"
    folder.mkdir()
    write(folder / "ratings.csv", checkerboard().to_csv(index=False))
    write(folder / "items.csv", "item_id,title,year,genres\ni000,First,1990,War|Drama\n")
    write(folder / "users.csv", "user_id,age,gender,occupation\nu000,30,F,artist\n")
    return folder


def test_a_raw_data_set_is_read_whole(raw: Path) -> None:
    source = of_folder(raw, SCALE)
    assert source.name == "board"
    assert len(source.data.ratings) == len(checkerboard())
    first, *others = source.data.items.to_dict("records")
    assert (first["item_id"], first["genres"]) == ("i000", ["War", "Drama"])
    assert len(others) == 19
    assert source.data.users["gender"].tolist() == ["F"]


def test_rows_that_cannot_be_taken_are_left_out_and_counted(raw: Path) -> None:
    with (raw / "ratings.csv").open("a") as file:
        file.write("u000,i019,nan,5\nu001,i019,9,5\n")
    source = of_folder(raw, SCALE)
    assert (source.left_out, len(source.data.ratings)) == (2, len(checkerboard()))
    write(raw / "ratings.csv", "user_id,item_id,rating,timestamp\nann,a,nan,1\n")
    with pytest.raises(DataError, match="holds no good ratings"):
        of_folder(raw, SCALE)


def test_a_prepared_folder_holds_the_same_ratings(raw: Path, tmp_path: Path) -> None:
    (raw / "items.csv").unlink()
    prepare(raw, tmp_path / "processed", test_share=0.2, scale=SCALE)
    prepared, whole = of_folder(tmp_path / "processed", SCALE), of_folder(raw, SCALE)
    pd.testing.assert_frame_equal(prepared.data.ratings, whole.data.ratings)
    assert prepared.data.items["item_id"].tolist() == whole.data.items["item_id"].tolist()


def test_the_digest_is_of_the_rows_and_not_of_their_order(raw: Path) -> None:
    before = of_folder(raw, SCALE).digest
    write(raw / "ratings.csv", checkerboard().sample(frac=1, random_state=1).to_csv(index=False))
    assert of_folder(raw, SCALE).digest == before
    write(raw / "ratings.csv", checkerboard().iloc[1:].to_csv(index=False))
    assert of_folder(raw, SCALE).digest != before


def test_ratings_without_times_are_refused(raw: Path) -> None:
    write(raw / "ratings.csv", checkerboard().drop(columns="timestamp").to_csv(index=False))
    with pytest.raises(DataError, match="have no times"):
        of_folder(raw, SCALE)


def test_algorithms_take_the_configured_hyperparameters_where_they_are_the_configured_ones() -> None:
    params = Params.model_validate({"ranking": {"algorithm": "ease", "regularization": 7.0}})
    entry = _entry("svd+ease", params)
    assert entry.recipe is not None
    assert entry.recipe.hyperparameters["ranking"]["regularization"] == 7.0
    assert "regularization" in entry.described


def test_a_params_file_is_named_by_its_stem(tmp_path: Path) -> None:
    path = tmp_path / "bold.yaml"
    path.write_text("rating: {algorithm: svd, n_factors: 3}\n")
    entry = _entry(str(path))
    assert entry.name == "bold"
    assert entry.recipe is not None
    assert entry.recipe.hyperparameters["rating"]["n_factors"] == 3


def test_an_entry_survives_the_way_to_another_process() -> None:
    for word in ("svd+ease", "baselines"):
        assert Entry.from_json(_entry(word).to_json()) == _entry(word)


def test_a_grid_changes_one_hyperparameter_at_a_time() -> None:
    tried = grid(_entry("svd+ease"), ["ranking.regularization=100,1e3", "rating.n_factors=5"])
    assert [entry.name for entry in tried] == [
        "ranking.regularization = 100",
        "ranking.regularization = 1e3",
        "rating.n_factors = 5",
    ]
    recipes = [entry.recipe.hyperparameters for entry in tried if entry.recipe]
    assert [recipe["ranking"]["regularization"] for recipe in recipes] == [100.0, 1000.0, 300.0]
    assert [recipe["rating"]["n_factors"] for recipe in recipes] == [100, 100, 5]


def test_gates_are_chosen_by_name() -> None:
    assert chosen_gates(GATES, [], "champion") == GATES[:2]
    assert chosen_gates(GATES, ["new.ndcg"], "champion") == GATES[1:2]
    assert chosen_gates(GATES, ["new.ndcg"], "baselines") == GATES[2:]
    with pytest.raises(InvalidInput, match=r"no gate 'known\.ndcg' beside the champion"):
        chosen_gates(GATES, ["known.ndcg"], "champion")
    with pytest.raises(InvalidInput, match=r"no gate 'known\.rmse' beside the baselines"):
        chosen_gates(GATES, ["known.rmse"], "baselines")


def test_the_second_entry_stands_for_the_champion_unless_it_is_the_baselines() -> None:
    assert rival_of([_entry("svd+ease"), _entry("baselines")]) == "baselines"
    assert rival_of([_entry("svd+ease"), _entry("biases+ease")]) == "champion"


def test_a_protocol_is_told_by_its_docstring() -> None:
    text = about("holdout75")
    assert text.startswith("Judge how well held-out ratings")
    assert "seed 42" in text
    assert "Raises" not in text


def test_peak_memory_grows_with_what_is_held() -> None:
    before = peak_memory()
    held = np.ones((before + 60_000_000) // 8)
    assert peak_memory() >= held.nbytes
    assert before > 10_000_000


def test_costs_are_those_of_a_training_in_a_process_of_its_own() -> None:
    frame = checkerboard()
    items = pd.DataFrame({"item_id": sorted(frame["item_id"].unique())})
    data = Data(frame, items, pd.DataFrame({"user_id": pd.Series(dtype="str")}))
    cost = measure_cost(_entry("baselines"), data, frame, Rules(Serving(), k=3), threads=1)
    assert cost.training_seconds > 0
    assert cost.peak_bytes > 50_000_000  # Python, NumPy and pandas alone
    assert 1_000 < cost.bundle_bytes < 1_000_000
    assert 0 < cost.latency.p50 <= cost.latency.p95 <= cost.latency.p99
    assert cost.latency.lists_per_second > 0
