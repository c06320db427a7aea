"""The whole life of models: real services, people who browse, and a retraining service that is killed.

One model goes from new ratings to champion through shadow and canary, one is rolled back, one is rejected by
the gates, one is declined by a reviewer, one ends inconclusive; `kill -9` in the middle of each.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from marquee.domain.columns import GENRES, ITEM, RATING, TIME, TITLE, USER, YEAR
from marquee.models import ease, svd
from marquee.models.bundle import bundle_from_arrays
from marquee.models.training_set import TrainingSet
from marquee.registry.client import RegistryClient
from marquee.store import items, ratings, users
from marquee.store.audit_check import check
from marquee.training.importing import import_bundle
from marquee.training.job import Order, context_of
from marquee.training.snapshot import read_platform
from tests.running import MlflowServer
from tests.support.living import Crowd, Living, living
from tests.support.platform import Platform, make_platform
from tests.support.ratings import checkerboard
from tests.support.service import eventually

SERVING = """
rating_scale: {min: 1, max: 5, step: 1}
feedback: {kinds: {click: {weight: 0.05}}}
"""
POLICY = """
triggers: {cron: null, new_ratings: 150}
gates:
  quality:
    - {metric: rmse, group: known, than: champion, margin: 0.2}
judge:
  planned_lists: 300
  least_people: 5
  attribution_minutes: 0.05
  positive: 0.5
  errors: 0.3
  empty: 0.5
  fallback: 0.9
  latency: 50
rollouts:
  look_seconds: 1
  default: trial
  patch: trial
  presets:
    trial:
      shadow: {minutes: 0.05, lists: 20, slowest: 100}
      steps: [{share: 0.3, minutes: 0.1, people: 6}, {share: 0.5, minutes: 0.1, people: 10}]
      longest_hours: 0.1
    nobody:
      shadow: {minutes: 0.05, lists: 20, slowest: 100}
      steps: [{share: 0.5}]
      longest_hours: 0.004
"""
N_USERS, N_ITEMS, EARLIER = 70, 60, 40


def _likes(person: str, item: str) -> bool:
    return (int(person[1:]) + int(item[1:])) % 2 == 0


@pytest.fixture(scope="module")
def board() -> pd.DataFrame:
    """Half of all pairs of seventy people and sixty items are rated."""
    return checkerboard(N_USERS, N_ITEMS, left_out=0.5)


@pytest.fixture(scope="module")
def platform(
    tmp_path_factory: pytest.TempPathFactory,
    database_url: str,
    engine: Engine,
    mlflow_server: MlflowServer,
    board: pd.DataFrame,
) -> Platform:
    """It holds what the first forty people rated."""
    platform = make_platform(tmp_path_factory.mktemp("platform"), database_url, engine, mlflow_server)
    (platform.settings.configs_dir / "serving.yaml").write_text(SERVING, encoding="utf-8")
    (platform.settings.configs_dir / "policy.yaml").write_text(POLICY, encoding="utf-8")
    names = sorted(board[ITEM].unique())
    catalogue = pd.DataFrame(
        {ITEM: names, TITLE: names, YEAR: [1990] * len(names), GENRES: [["Drama"]] * len(names)}
    )
    earlier = board[board[USER].str[1:].astype(int) < EARLIER]
    with engine.begin() as connection:
        users.ensure(connection, sorted(board[USER].unique()))
        items.upsert_frame(connection, catalogue)
        ratings.copy_in(connection, earlier)
    return platform


@pytest.fixture(scope="module")
def lives(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Its first model serves."""
    with living(platform, tmp_path_factory.mktemp("services")) as started:
        first = started.train("the first", kill=False)
        eventually(lambda: started.champion == first, what="the first champion")
        yield started


@pytest.fixture
def crowd(lives: Living) -> Iterator[Crowd]:
    """Those who had rated before the first training: nobody knows yet what the others like."""
    people = [f"u{number:03d}" for number in range(EARLIER)]
    with Crowd(lives, people, _likes) as crowd:
        yield crowd
    assert crowd.failed == []


def _is(lives: Living, number: int, *states: str) -> bool:
    return lives.rollout(number)["state"] in states


def _wait(lives: Living, number: int, *states: str, within: float = 120.0) -> None:
    ended = {"promoted", "rolled_back", "inconclusive", "aborted"}
    eventually(
        lambda: _is(lives, number, *states, *ended), within=within, what=f"rollout {number} in {states}"
    )
    rollout = lives.rollout(number)
    assert rollout["state"] in states, rollout


def test_a_bad_recipe_is_rejected_by_the_gates_though_the_service_is_killed(
    lives: Living, platform: Platform
) -> None:
    champion = lives.champion
    platform.set_params(
        "data: {name: checkerboard}\n"
        "rating: {algorithm: svd, n_factors: 1, n_epochs: 1, lr_all: 0.0001, seed: 0}\n"
        "ranking: {algorithm: ease, regularization: 10.0}\n"
    )
    version = lives.train("a bad recipe", kill=True)
    assert lives.state(version) == "rejected"
    failed = [gate["name"] for gate in lives.get(f"/models/{version}")["gates"] if not gate["passed"]]
    assert failed == ["known.rmse"]
    assert lives.champion == champion
    refused = lives.post("/rollouts", version=version, reason="all the same")
    assert refused.status_code == 409
    assert f"Version {version} is rejected" in refused.text


def test_a_new_recipe_is_declined_by_a_reviewer_though_the_service_is_killed(
    lives: Living, platform: Platform
) -> None:
    platform.set_recipe(n_factors=5)
    version = lives.train("another recipe", kill=True)
    assert lives.state(version) == "validated"
    declined = lives.post(
        f"/models/{version}/review", part="technical", decision="decline", comment="What for?"
    )
    assert declined.status_code == 201, declined.text
    lives.kill_retraining()
    assert lives.state(version) == "declined"
    assert lives.post("/rollouts", version=version, reason="all the same").status_code == 409


def test_a_model_that_clicks_say_is_bad_is_rolled_back_though_the_service_is_killed(
    lives: Living, bad: int, crowd: Crowd
) -> None:
    champion = lives.champion
    started = lives.post("/rollouts", version=bad, preset="trial", reason="it looks well offline")
    assert started.status_code == 201, started.text
    number = int(started.json()["rollout_id"])
    _wait(lives, number, "canary")
    lives.kill_retraining()
    _wait(lives, number, "rolled_back")
    ended = lives.rollout(number)
    (positive,) = (f for f in ended["verdict"]["findings"] if f["metric"] == "positive")
    assert positive["verdict"] == "worse", ended["outcome"]
    assert positive["challenger"] < positive["champion"] - 0.2
    assert crowd.lists["challenger"] > 0
    assert lives.champion == champion
    eventually(lambda: lives.get("/deployment")["worker"]["version"] == champion)


def test_without_traffic_a_rollout_ends_inconclusive_though_the_service_is_killed(
    lives: Living, bad: int
) -> None:
    champion = lives.champion
    started = lives.post("/rollouts", version=bad, preset="nobody", reason="at night")
    assert started.status_code == 201, started.text
    number = int(started.json()["rollout_id"])
    _wait(lives, number, "shadow")
    lives.kill_retraining()
    _wait(lives, number, "inconclusive")
    assert "It came to no conclusion" in lives.rollout(number)["outcome"]
    assert lives.champion == champion


def test_new_ratings_become_a_champion_through_shadow_and_canary_though_the_service_is_killed(
    lives: Living, platform: Platform, board: pd.DataFrame, crowd: Crowd
) -> None:
    champion = lives.champion
    platform.set_recipe()
    before = lives.newest()
    later = board[board[USER].str[1:].astype(int) >= EARLIER + 5].copy()
    later[TIME] = 3_000_000 + np.arange(len(later))
    _rate(lives, later)
    eventually(lambda: lives.newest() > before, within=300, what="a training by itself")
    version = lives.newest()
    assert lives.state(version) == "approved"
    (rollout,) = (r for r in lives.get("/rollouts")["rollouts"] if r["challenger"] == version)
    number = int(rollout["rollout_id"])
    for state in ("shadow", "canary"):
        _wait(lives, number, state, "promoted")
        lives.kill_retraining()
    _wait(lives, number, "promoted", within=180)
    ended = lives.rollout(number)
    assert [(step["state"], step["share"]) for step in ended["steps"]] == [
        ("shadow", 0.0),
        ("canary", 0.3),
        ("canary", 0.5),
    ]
    assert ended["verdict"]["verdict"] in ("better", "not worse")
    assert lives.champion == version
    assert lives.get("/deployment")["previous"]["version"] == champion
    eventually(lambda: lives.get("/deployment")["worker"]["version"] == version)
    assert crowd.lists["challenger"] > 0


def test_the_registry_and_the_audit_tell_the_same_story(lives: Living, platform: Platform) -> None:
    with RegistryClient(platform.settings.mlflow()) as registry:
        eventually(lambda: registry.aliases() == {"champion": lives.champion}, what="the aliases", within=20)
        eventually(
            lambda: all(
                registry.tags()[each["version"]].get("state") == each["state"]
                for each in lives.get("/models")["versions"]
            ),
            what="the tags",
        )
    with platform.engine.connect() as connection:
        assert check(connection).faults == ()


@pytest.fixture(scope="module")
def bad(lives: Living, platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> int:
    """An approved version that predicts stars well, and puts first what people do not like."""
    tables = read_platform(platform.engine)
    data = TrainingSet.from_tables(tables.ratings, tables.items, tables.users)
    model, _ = svd.train(data, n_factors=4, n_epochs=30, lr_all=0.02, reg_all=0.05, seed=0)
    folder = tmp_path_factory.mktemp("bad") / "bundle"
    bundle_from_arrays(
        folder,
        data,
        name="upside down",
        item_ids=data.items.ids,
        ranking_weights=-ease.train(data, regularization=10.0, dislike=0.0).weights,
        rating_factors=(model.item_factors, model.item_biases),
        dislike=0.0,
        hyperparameters={"regularization": 10.0},
    )
    with platform.engine.begin() as connection:  # newer than what either has learnt from
        ratings.copy_in(connection, _newer(tables.ratings))
    context = context_of(
        platform.settings, platform.engine, Order("test", "bob", "it looks well offline", deploy=False)
    )
    imported = import_bundle(context, folder, lambda _line, _share: None)
    assert imported.state == "validated", imported.verdict.gates
    approved = lives.post(
        f"/models/{imported.version}/review", part="technical", decision="approve", comment="By its figures."
    )
    assert approved.json()["state"] == "approved", approved.text
    return imported.version


def _newer(known: pd.DataFrame) -> pd.DataFrame:
    """Three more ratings of each of those who have rated, later than all."""
    had = set(zip(known[USER], known[ITEM], strict=True))
    rows = []
    for user in sorted(known[USER].unique()):
        free = [f"i{number:03d}" for number in range(N_ITEMS) if (user, f"i{number:03d}") not in had]
        rows += [(user, item, 5.0 if _likes(user, item) else 1.0) for item in free[:3]]
    frame = pd.DataFrame(rows, columns=[USER, ITEM, RATING])
    frame[TIME] = 2_000_000 + np.arange(len(frame))
    return frame


def _rate(lives: Living, frame: pd.DataFrame) -> None:
    """Over HTTP, as an import."""
    lines = ["user_id,item_id,rating,timestamp"]
    lines += [f"{row[USER]},{row[ITEM]},{row[RATING]:g},{row[TIME]}" for _, row in frame.iterrows()]
    with lives.client() as client:
        done = client.post("/imports/ratings", content="\n".join(lines), headers={"Content-Type": "text/csv"})
    assert done.status_code == 200, done.text
