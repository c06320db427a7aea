"""Trained on the checkerboard, where whoever has understood knows every missing pair."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marquee.domain.columns import GENRES, ITEM, TITLE, USER, YEAR
from marquee.domain.errors import DataError
from marquee.settings import Params, Serving
from marquee.settings.params import EaseParams, SvdParams
from marquee.training import progress
from marquee.training.comparison import Comparison, compare
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
