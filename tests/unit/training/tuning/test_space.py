"""Ranges of tuning.yaml, and the parameters that they make."""

import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from marquee.domain.errors import ConfigurationError, InvalidInput, NotFound
from marquee.settings import Params, Tuning, load_tuning
from marquee.settings.environment import CHECKOUT
from marquee.settings.tuning import Choices, Goal, Range
from marquee.training.tuning.space import SearchSpace, search_space


def tuning(**dimensions: object) -> Tuning:
    return Tuning.model_validate(
        {"spaces": {"svd": {path.replace("__", "."): d for path, d in dimensions.items()}}}
    )


def space(**dimensions: object) -> SearchSpace:
    return search_space(tuning(**dimensions), Params(), "rating")


def test_every_space_of_the_committed_file_can_be_searched() -> None:
    committed = load_tuning(CHECKOUT / "configs" / "tuning.yaml")
    for role in ("rating", "ranking"):
        for algorithm in committed.algorithms(role):
            found = search_space(committed, Params(), role, algorithm)
            values = found.grid(seed=0)[0]
            assert set(values) == set(committed.spaces[algorithm])
            assert getattr(found.params(values), role).algorithm == algorithm


def test_a_grid_has_points_at_equal_distances() -> None:
    assert Range(low=0.0, high=1.0, points=5).grid() == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert Range(low=20, high=100, step=20, points=3).grid() == (20, 60, 100)
    assert Range(low=1.0, high=100.0, log=True, points=3).grid() == (1.0, 10.0, 100.0)
    assert Range(low=1, high=3, points=9).grid() == (1, 2, 3)


def test_a_step_never_leads_past_the_end() -> None:
    assert Range(low=0, high=10, step=4, points=4).grid() == (0, 4, 8)


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 2, "high": 1},
        {"low": 0.0, "high": 1.0, "log": True},
        {"low": 1.0, "high": 2.0, "log": True, "step": 0.1},
        {"low": 1, "high": math.inf},
        {"choices": []},
    ],
)
def test_a_range_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        tuning(rating__n_factors=wrong)


def test_paths_of_one_space_are_of_one_role() -> None:
    with pytest.raises(ValidationError, match="all with the same"):
        tuning(rating__n_factors={"choices": [1]}, ranking__regularization={"choices": [1.0]})


def test_a_grid_is_every_combination_in_an_order_of_its_seed() -> None:
    both = space(rating__n_factors={"choices": [4, 8]}, rating__n_epochs={"choices": [1, 2, 3]})
    grid = both.grid(seed=1)
    assert sorted(tuple(values.values()) for values in grid) == [
        (4, 1),
        (4, 2),
        (4, 3),
        (8, 1),
        (8, 2),
        (8, 3),
    ]
    assert grid == both.grid(seed=1)
    assert grid != both.grid(seed=2)


def test_a_grid_that_would_never_end_is_refused() -> None:
    wide = Range(low=0.001, high=0.9, points=1000).model_dump()
    with pytest.raises(InvalidInput, match="1,000,000 points"):
        space(rating__lr_all=wide, rating__reg_all=wide).grid(seed=0)


def test_values_change_their_paths_and_nothing_else() -> None:
    params = space(rating__n_factors={"choices": [7]}).params({"rating.n_factors": 7})
    assert params == Params(rating=Params().rating.model_copy(update={"n_factors": 7}))


def test_a_path_that_is_no_parameter_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"spaces\.svd: rating\.n_factor: Extra inputs"):
        space(rating__n_factor={"choices": [1]})


def test_an_end_that_is_not_allowed_is_named() -> None:
    with pytest.raises(
        ConfigurationError, match=r"rating\.n_factors: Input should be greater than or equal to 1"
    ):
        space(rating__n_factors={"low": 0, "high": 10})


def test_an_algorithm_without_a_space_is_told_what_there_is() -> None:
    with pytest.raises(NotFound, match=r"no space for the rating algorithm 'knn'\. It has: svd"):
        search_space(tuning(rating__n_factors={"choices": [1]}), Params(), "rating", "knn")


def test_errors_are_minimised_and_the_rest_maximised() -> None:
    assert Goal(metric="rmse").lower_is_better
    assert not Goal(metric="ndcg").lower_is_better


def test_choices_may_be_of_any_kind() -> None:
    assert Choices(choices=(True, None, "a", 1.5)).grid() == (True, None, "a", 1.5)


def test_a_file_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tuning.yaml").write_text("spaces: {}\nsampler: tpe\n")
    with pytest.raises(ConfigurationError, match="sampler"):
        load_tuning(tmp_path / "tuning.yaml")
