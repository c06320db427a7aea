import inspect
from collections.abc import Callable
from typing import Any

import pytest

from marquee.domain.errors import InvalidInput
from marquee.models import bayes_svdpp_gibbs, biases, content, ease, ials, item_knn, popularity, svd, vae
from marquee.models.algorithms import RANKING_MODELS, RATING_MODELS
from marquee.models.train import train_ranking, train_rating
from marquee.models.training_set import TrainingSet
from marquee.settings.params import (
    RANKING,
    RANKING_ALGORITHMS,
    RATING,
    RATING_ALGORITHMS,
    BayesSvdppParams,
    EaseParams,
    Params,
    with_algorithms,
)
from tests.support.ratings import checkerboard

TRAINERS: dict[str, Callable[..., Any]] = {
    "bayes-svdpp": bayes_svdpp_gibbs.train,
    "biases": biases.train,
    "content": content.train,
    "ease": ease.train,
    "ials": ials.train,
    "item-knn": item_knn.train,
    "popularity": popularity.train,
    "svd": svd.train,
    "vae": vae.train,
}
FEW = {
    "n_epochs": 2,
    "n_sweeps": 4,
    "burn_in": 1,
    "n_samples": 2,
    "n_factors": 2,
    "n_hidden": 4,
    "n_latent": 2,
}


@pytest.mark.parametrize("name", TRAINERS)
def test_params_offer_every_hyperparameter_of_a_trainer(name: str) -> None:
    """`penalty` and its twin are SVD's constants; the rest is no hyperparameter."""
    no_choice = {"ratings", "threads", "progress", "on_sweep", "penalty", "penalty_per_rating"}
    adapter = RATING if name in RATING_MODELS else RANKING
    params = adapter.validate_python({"algorithm": name})
    assert (
        set(type(params).model_fields) - {"algorithm"}
        == set(inspect.signature(TRAINERS[name]).parameters) - no_choice
    )


@pytest.mark.parametrize("name", [*RATING_MODELS, *RANKING_MODELS])
def test_every_algorithm_is_trained_by_its_name(name: str) -> None:
    ratings = TrainingSet.from_frame(checkerboard())
    adapter, train = (RATING, train_rating) if name in RATING_MODELS else (RANKING, train_ranking)
    fields = type(adapter.validate_python({"algorithm": name})).model_fields
    few = {field: value for field, value in FEW.items() if field in fields}
    trained = train(ratings, adapter.validate_python({"algorithm": name, **few}))
    model = trained[0] if isinstance(trained, tuple) else trained
    assert model.algorithm == name


def test_what_a_rating_model_knows_of_people_is_a_state_for_it() -> None:
    ratings = TrainingSet.from_frame(checkerboard())
    model, people = train_rating(ratings, RATING.validate_python({"algorithm": "biases"}))
    state = people.state("u000")
    assert state is not None
    assert state.tolist() == model.fold_in(ratings.histories()[0]).tolist()


def test_the_names_that_may_be_chosen_are_those_that_can_be_read() -> None:
    assert set(RATING_ALGORITHMS) == set(RATING_MODELS)
    assert set(RANKING_ALGORITHMS) == set(RANKING_MODELS)


def test_another_algorithm_comes_with_its_defaults_and_the_same_one_stays_as_it_is() -> None:
    params = Params(ranking=EaseParams(regularization=7.0))
    changed = with_algorithms(params, "bayes-svdpp", "ease")
    assert changed.rating == BayesSvdppParams()
    assert changed.ranking == params.ranking


def test_an_unknown_algorithm_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="bayes-svdpp"):
        with_algorithms(Params(), "bayes", None)
