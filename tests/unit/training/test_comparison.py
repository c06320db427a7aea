"""Trained on the checkerboard, where whoever has understood knows every missing pair."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marquee.domain.columns import GENRES, ITEM, RATING, TIME, TITLE, USER, YEAR
from marquee.domain.errors import DataError
from marquee.models.train import train_models
from marquee.settings import Params, Serving
from marquee.settings.params import EaseParams, SvdParams
from marquee.training import progress
from marquee.training.comparison import Comparison, compare, split_after, training_set
from marquee.training.plots import draw_plots
from marquee.training.recipe import Recipe
from marquee.training.snapshot import Tables
from tests.support.ratings import checkerboard, frame_of

PARAMS = Params(
    rating=SvdParams(n_factors=4, n_epochs=30, lr_all=0.02), ranking=EaseParams(regularization=10.0)
)
RECIPE = Recipe.of(PARAMS)
WEAKER = Recipe(SvdParams(n_factors=1, n_epochs=1), PARAMS.ranking)


def _tables(ratings: pd.DataFrame) -> Tables:
    names = [*sorted(ratings[ITEM].unique()), "nobody rated it"]
    items = pd.DataFrame({ITEM: names, TITLE: names, YEAR: None, GENRES: [[]] * len(names)})
    return Tables(ratings, items, pd.DataFrame({USER: sorted(ratings[USER].unique())}))


def _compare(champion: Recipe | None, heard: list[str] | None = None) -> Comparison:
    said = [] if heard is None else heard
    return compare(
        _tables(checkerboard()),
        RECIPE,
        champion,
        PARAMS,
        Serving(),
        threads=1,
        on_progress=lambda line, _share: said.append(line),
    )


def test_every_rival_is_judged_on_the_same_ratings() -> None:
    comparison = _compare(WEAKER)
    judged = {report.all.ratings for report in comparison.rivals.values()}
    assert judged == {len(comparison.split.test)}
    assert list(comparison.rivals) == ["candidate", "champion", "baselines"]


def test_the_interval_of_the_candidate_is_judged_too() -> None:
    comparison = _compare(None)
    assert comparison.candidate.all.coverage90 is not None
    assert 0.7 < comparison.candidate.all.coverage90 <= 1.0
    assert comparison.baselines.all.coverage90 is None


def test_a_recipe_that_understands_beats_one_that_does_not() -> None:
    comparison = _compare(WEAKER)
    assert comparison.champion is not None
    good, weak, plain = (
        r.all.rmse for r in (comparison.candidate, comparison.champion, comparison.baselines)
    )
    assert good is not None
    assert good < 0.6 * (plain or 0.0)
    assert good < 0.6 * (weak or 0.0)


def test_the_champions_own_recipe_is_not_trained_twice() -> None:
    heard: list[str] = []
    comparison = _compare(RECIPE, heard)
    assert comparison.champion is comparison.candidate
    assert progress.CHAMPION.title not in heard


def test_without_a_champion_there_are_only_the_baselines() -> None:
    assert list(_compare(None).rivals) == ["candidate", "baselines"]


def _a_rating_a_second(n: int) -> pd.DataFrame:
    users = [f"u{row % 7}" for row in range(n)]
    return pd.DataFrame({USER: users, ITEM: [f"i{row}" for row in range(n)], RATING: 3.0, TIME: range(n)})


@pytest.mark.parametrize(
    ("through", "test_begins"),
    [
        (-1, 800),  # older than everything: the newest fifth
        (799, 800),  # up to where the newest fifth begins
        (800, 801),  # within the newest fifth: what is left of it
        (899, 900),  # a hundred are left
    ],
)
def test_models_are_judged_on_ratings_newer_than_what_they_learnt_from(
    through: int, test_begins: int
) -> None:
    split = split_after(_a_rating_a_second(1000), through, 0.2)
    assert split is not None
    assert (split.test[TIME].min(), split.test[TIME].max()) == (test_begins, 999)
    assert len(split.train) + len(split.test) == 1000


def test_ninety_nine_newer_ratings_are_too_few() -> None:
    assert split_after(_a_rating_a_second(1000), 900, 0.2) is None


def test_trained_models_are_judged_as_they_are() -> None:
    tables = _tables(checkerboard())
    split = split_after(tables.ratings, int(tables.ratings[TIME].quantile(0.6)), 0.2)
    assert split is not None
    past = training_set(tables, split.train)
    models = train_models(past, RECIPE.rating, RECIPE.ranking, intervals=RECIPE.intervals).models
    silent = {"split": split, "threads": 1, "on_progress": lambda _line, _share: None}
    comparison = compare(tables, RECIPE, models, PARAMS, Serving(), **silent)  # type: ignore[arg-type]
    assert comparison.champion == comparison.candidate
    reverse = compare(tables, models, RECIPE, PARAMS, Serving(), **silent)  # type: ignore[arg-type]
    assert reverse.candidate == comparison.candidate


def test_models_that_know_the_test_are_refused() -> None:
    tables = _tables(checkerboard())
    models = train_models(training_set(tables, tables.ratings), RECIPE.rating, RECIPE.ranking).models
    with pytest.raises(DataError, match="A leak"):
        compare(tables, RECIPE, models, PARAMS, Serving(), threads=1, on_progress=lambda _line, _share: None)


def test_predictions_stand_beside_the_ratings_they_are_of() -> None:
    predictions = _compare(None).predictions
    likes = predictions.actual == 5.0
    assert predictions.predicted[likes].mean() > predictions.predicted[~likes].mean() + 1.0
    assert predictions.known.all()


def test_ratings_of_one_moment_cannot_be_split() -> None:
    tables = _tables(frame_of(("a", "x", 4.0, 7), ("a", "y", 2.0, 7)))
    with pytest.raises(DataError, match="too few to split"):
        compare(tables, RECIPE, None, PARAMS, Serving(), threads=1, on_progress=lambda _line, _share: None)


def test_every_plot_is_drawn(tmp_path: Path) -> None:
    draw_plots(_compare(WEAKER), tmp_path)
    drawn = {file.name: file.read_bytes()[:8] for file in tmp_path.iterdir()}
    assert set(drawn) == {
        "rating_error.png",
        "lists.png",
        "error_by_group.png",
        "calibration.png",
        "split.png",
    }
    assert set(drawn.values()) == {b"\x89PNG\r\n\x1a\n"}


def test_the_same_data_and_recipe_give_the_same_figures() -> None:
    first, second = _compare(None), _compare(None)
    assert first.candidate == second.candidate
    assert np.array_equal(first.predictions.predicted, second.predictions.predicted)
