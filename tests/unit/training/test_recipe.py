from dataclasses import replace
from datetime import UTC, datetime

import pytest

from marquee.domain.errors import InvalidInput
from marquee.settings import Params
from marquee.settings.params import SvdParams
from marquee.store.versions import ModelVersion
from marquee.training.recipe import Recipe

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RECIPE = Recipe.of(Params(rating=SvdParams(n_factors=7, seed=3)))
VERSION = ModelVersion(
    4, "1.0.0", "approved", "run", "snapshot", NOW, RECIPE.algorithms, RECIPE.hyperparameters, {}, (), NOW
)


def test_a_version_gives_back_the_recipe_it_was_made_by() -> None:
    assert Recipe.of_version(VERSION) == RECIPE


def test_a_recipe_lists_every_parameter_under_its_role() -> None:
    assert RECIPE.flat["rating.algorithm"] == "svd"
    assert RECIPE.flat["rating.n_factors"] == 7
    assert RECIPE.flat["rating.seed"] == 3
    assert RECIPE.flat["ranking.regularization"] == 300.0


def test_an_imported_version_has_no_recipe() -> None:
    imported = {"rating": {"imported": "BPR"}, "ranking": {"imported": "BPR", "fold_in": {}}}
    with pytest.raises(InvalidInput, match="no recipe to train version 4 by: it was imported, as 'BPR'"):
        Recipe.of_version(replace(VERSION, hyperparameters=imported))


@pytest.mark.parametrize(
    ("algorithms", "rating", "complaint"),
    [
        ({"rating": "bayes", "ranking": "ease"}, {}, "algorithm"),
        ({"ranking": "ease"}, {}, "rating"),
        ({"rating": "svd", "ranking": "ease"}, {"n_leaves": 3}, "n_leaves"),
    ],
)
def test_a_recipe_of_another_release_is_refused_with_its_reason(
    algorithms: dict[str, str], rating: dict[str, object], complaint: str
) -> None:
    strange = replace(VERSION, algorithms=algorithms, hyperparameters={"rating": rating, "ranking": {}})
    with pytest.raises(InvalidInput, match=f"version 4: .*{complaint}"):
        Recipe.of_version(strange)
