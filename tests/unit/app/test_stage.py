"""Which models in memory serve whom, when the deployment or the catalogue changes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app.serving.audience import Person
from app.serving.histories import RATED
from app.serving.shelf import ServedModel
from app.serving.stage import Stage

from marquee.domain.records import Item
from marquee.models.bundle import Bundle
from marquee.models.model_set import ModelSet
from marquee.settings import Serving
from marquee.store.deployment import Deployment
from tests.support.world import write_world_bundle
from tests.unit.app.test_lists import CATALOGUE

TRIAL = {"challenger": 2, "rollout": 7, "mode": "canary", "step": 3, "share": 0.5, "salt": "salt"}


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Bundle]:
    folder: Path = tmp_path_factory.mktemp("bundles")
    for version in (1, 2, 3):
        write_world_bundle(folder / str(version))
    return {version: Bundle.open(folder / str(version)) for version in (1, 2, 3)}


def _stage() -> Stage:
    stage = Stage(lambda: None)
    stage.put_catalogue(CATALOGUE)
    return stage


def _deployment(champion: int | None, previous: int | None = None, **trial: Any) -> Deployment:
    return Deployment(champion, previous, 1, None, None, **trial)


def _model(version: int, models: ModelSet) -> ServedModel:
    return ServedModel.of(version, models, Serving())


def _serving(stage: Stage) -> tuple[int | None, int | None]:
    """The champion and the challenger that serve."""
    champion, trial = stage.lineup.champion, stage.lineup.trial
    return (
        None if champion is None else champion.version,
        None if trial is None else trial.shelf.version,
    )


def test_a_trial_says_what_the_deployment_says(bundles: dict[int, Bundle]) -> None:
    stage = _stage()
    stage.follow(_deployment(1, **TRIAL))
    assert _serving(stage) == (None, None)
    stage.add(_model(2, bundles[2]))
    assert _serving(stage) == (None, None), "there is nothing to compare it with"
    stage.add(_model(1, bundles[1]))
    assert _serving(stage) == (1, 2)
    trial = stage.lineup.trial
    assert trial is not None
    assert (trial.rollout, trial.step, trial.mode) == (7, 3, "canary")
    assert trial.champion == ("champion", 7, 3)
    assert trial.challenger == ("challenger", 7, 3)
    stage.follow(_deployment(1, **{**TRIAL, "mode": "none"}))
    assert _serving(stage) == (1, None)


def test_a_promotion_and_a_rollback_change_pointers_and_forget_who_is_not_named(
    bundles: dict[int, Bundle],
) -> None:
    stage = _stage()
    stage.follow(_deployment(1, 3, **TRIAL))
    for version in (1, 2, 3):
        stage.add(_model(version, bundles[version]))
    before = stage.lineup
    assert before.champion is not None
    assert before.trial is not None
    rated = np.zeros(1, RATED)
    for shelf in (before.champion, before.trial.shelf):
        Person("ada", rated).state(shelf)

    stage.follow(_deployment(2, 1))
    assert stage.lineup.champion is before.trial.shelf
    assert [stage.holds(version) for version in (1, 2, 3)] == [True, True, False]
    assert stage.lineup.champion.model.states.holds("ada")
    assert not before.champion.model.states.holds("ada"), "nobody asks it any more"
    stage.follow(_deployment(1, 2))
    assert stage.lineup.champion is before.champion
    stage.follow(_deployment(None))
    assert _serving(stage) == (None, None)


def test_who_leaves_the_trial_keeps_nobodys_state_though_it_stays_in_memory(
    bundles: dict[int, Bundle],
) -> None:
    stage = _stage()
    stage.follow(_deployment(1, 2, **TRIAL))
    for version in (1, 2):
        stage.add(_model(version, bundles[version]))
    assert stage.lineup.champion is not None
    assert stage.lineup.trial is not None
    champion, challenger = stage.lineup.champion, stage.lineup.trial.shelf
    for shelf in (champion, challenger):
        Person("ada", np.zeros(1, RATED)).state(shelf)
    stage.follow(_deployment(1, 2))
    assert stage.holds(2), "people may go back to it"
    assert not challenger.model.states.holds("ada")
    assert champion.model.states.holds("ada")


def test_a_person_is_forgotten_by_all_that_is_in_memory(bundles: dict[int, Bundle]) -> None:
    stage = _stage()
    stage.follow(_deployment(1, 3, **TRIAL))
    for version in (1, 2, 3):
        stage.add(_model(version, bundles[version]))
    assert stage.lineup.champion is not None
    assert stage.lineup.trial is not None
    shelves = [stage.lineup.champion, stage.lineup.trial.shelf]
    stage.follow(_deployment(3, 1, **TRIAL))
    assert stage.lineup.champion is not None
    shelves.append(stage.lineup.champion)
    for shelf in shelves:  # also by a request that began when version 1 was the champion
        for name in ("ada", "bob"):
            Person(name, np.zeros(1, RATED)).state(shelf)
    stage.forget_person("ada")
    for shelf in shelves:
        assert not shelf.model.states.holds("ada")
        assert shelf.model.states.holds("bob")


def test_all_that_serve_follow_the_catalogue(bundles: dict[int, Bundle]) -> None:
    stage = _stage()
    stage.follow(_deployment(1, 3, **TRIAL))
    for version in (1, 2, 3):
        stage.add(_model(version, bundles[version]))
    stage.put_catalogue(CATALOGUE.changed([Item("new", "A New One", genres=("Comedy",))]))
    assert stage.lineup.champion is not None
    assert stage.lineup.trial is not None
    assert "new" in stage.lineup.champion.ids
    assert "new" in stage.lineup.trial.shelf.ids
    stage.follow(_deployment(3, 1))
    assert "new" in stage.lineup.champion.ids, "also who was in memory, and did not serve"


def test_a_challenger_that_cannot_follow_the_catalogue_is_dropped_alone(bundles: dict[int, Bundle]) -> None:
    stage = _stage()
    stage.follow(_deployment(1, **TRIAL))
    stage.add(_model(1, bundles[1]))
    fallback = bundles[2].fallback
    lopsided = replace(fallback.popularity, lifts=np.zeros(3, np.float32))  # without a column an item
    stage.add(_model(2, replace(bundles[2], fallback=replace(fallback, popularity=lopsided))))
    assert _serving(stage) == (1, 2)
    stage.put_catalogue(CATALOGUE.changed([Item("new", "A New One", genres=("Comedy",))]))
    assert _serving(stage) == (1, None)
    assert not stage.holds(2)
    assert stage.lineup.champion is not None
    assert "new" in stage.lineup.champion.ids
