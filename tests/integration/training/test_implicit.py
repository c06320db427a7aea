"""A site where nobody rates: events that stand for stars are what a model is trained on."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine

from marquee.domain.history import History
from marquee.domain.records import Event, Rating
from marquee.models.bundle import Bundle
from marquee.recommend.doings import Doing, with_doings
from marquee.recommend.recommender import Recommender
from marquee.registry.client import RegistryClient
from marquee.registry.fetch import fetch_bundle
from marquee.settings import Serving, load_serving
from marquee.store import events, items, ratings, snapshots
from marquee.training.job import Order, run_now
from marquee.training.queue import new_run_id
from marquee.training.snapshot import take_snapshot
from tests.running import MlflowServer
from tests.support.platform import Platform, make_platform
from tests.support.ratings import checkerboard, liked_only, undescribed

SERVING = """
rating_scale: {min: 1, max: 5, step: 1}
feedback: {kinds: {purchase: {stars: 5}, click: {weight: 0.2}}}
"""


@pytest.fixture(scope="module")
def platform(
    tmp_path_factory: pytest.TempPathFactory, database_url: str, engine: Engine, mlflow_server: MlflowServer
) -> Platform:
    """Forty people who have bought what they like of twenty items, and clicked on the rest."""
    platform = make_platform(tmp_path_factory.mktemp("platform"), database_url, engine, mlflow_server)
    (platform.settings.configs_dir / "serving.yaml").write_text(SERVING, encoding="utf-8")
    bought = liked_only(checkerboard())
    catalogue = undescribed(checkerboard())[0].assign(year=None, genres=[["Drama"]] * 20)
    with engine.begin() as connection:
        items.upsert_frame(connection, catalogue.assign(title=catalogue["item_id"]))
        events.add_many(connection, [_event(row, "purchase") for row in bought.itertuples()])
        events.add_many(connection, [_event(row, "click") for row in checkerboard().itertuples()])
    return platform


def _event(row: "pd.core.frame._PandasNamedTuple", kind: str) -> Event:
    at = datetime.fromtimestamp(row.timestamp, UTC)
    return Event(f"{kind} {row.user_id} {row.item_id}", kind, row.user_id, row.item_id, at)


def _serving(platform: Platform) -> Serving:
    return load_serving(platform.settings.configs_dir / "serving.yaml")


def test_a_snapshot_holds_what_events_stand_for_and_ratings_before_them(
    platform: Platform, tmp_path: Path
) -> None:
    feedback, first = _serving(platform).feedback, liked_only(checkerboard()).iloc[0]
    taken = take_snapshot(platform.engine, tmp_path, feedback)
    expected = liked_only(checkerboard()).sort_values(["user_id", "item_id"], ignore_index=True)
    assert taken.tables.ratings.to_dict("list") == expected.to_dict("list")
    with platform.engine.begin() as connection:
        ratings.put(connection, Rating(first.user_id, first.item_id, 2.0, datetime.now(UTC)))
    rated = take_snapshot(platform.engine, tmp_path, feedback)
    assert sorted(rated.tables.ratings["rating"])[:2] == [2.0, 5.0]
    assert len(rated.tables.ratings) == len(expected)
    with platform.engine.begin() as connection:
        ratings.remove(connection, first.user_id, first.item_id)
    again = take_snapshot(platform.engine, tmp_path, feedback)
    assert again.hash == taken.hash != rated.hash
    with platform.engine.connect() as connection:
        assert snapshots.get(connection, taken.hash) is not None


def test_a_site_with_implicit_feedback_alone_trains_a_model_that_orders_its_catalogue(
    platform: Platform, tmp_path: Path
) -> None:
    order = Order(trigger="test", requested_by="ada")
    done = run_now(platform.settings, platform.engine, order, lambda _line, _share: None, run_id=new_run_id())
    assert done.deployed
    with RegistryClient(platform.settings.mlflow()) as registry:
        fetch_bundle(registry, done.version, tmp_path / "bundle")
    bundle = Bundle.open(tmp_path / "bundle")
    recommender, index = Recommender(bundle, _serving(platform)), bundle.items
    buys = [Doing(int(index.rows([item])[0]), "purchase", 1e9) for item in ("i000", "i002", "i004")]
    history = with_doings(History.empty(), buys, _serving(platform).feedback, 1e9)
    best = recommender.top(recommender.state(history), 5)
    assert {int(place.item_id[1:]) % 2 for place in best} == {0}
