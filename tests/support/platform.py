"""A platform without services: a database with a checkerboard of ratings, settings, and an MLflow server."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine

from marquee.domain.columns import GENRES, ITEM, TITLE, USER, YEAR
from marquee.settings import Settings, load_settings
from marquee.store import items, ratings, users
from tests.running import MlflowServer
from tests.support.ratings import checkerboard

PARAMS = """
data: {name: checkerboard}
rating: {algorithm: svd, n_factors: %d, n_epochs: %d, seed: 0}
ranking: {algorithm: ease, regularization: 10.0}
"""
POLICY = """
triggers: {cron: null, new_ratings: %s}
gates:
  quality:
    - {metric: rmse, group: known, than: champion, margin: 0.01}
    - {metric: ndcg, group: known, than: champion, margin: 0.01}
%s  slices: {by: [gender], margins: {rmse: 0.05}, people: 10}
  cost: {list_p95_ms: 1000, slower: 100, bundle_mb: 10, training_seconds: 600}
"""
BEAT_THE_BASELINES = "    - {metric: rmse, group: known, than: baselines, margin: 0.0}\n"
GATES = (
    *("known.rmse", "known.ndcg", "baselines.known.rmse", "slices.gender.rmse"),
    *("cost.list_p95_ms", "cost.slower", "data.quality", "cost.bundle_mb", "cost.training_seconds"),
    "integrity.bundle",
)


@dataclass(frozen=True)
class Platform:
    """What a training needs around it; `environment` makes a child process find the same."""

    settings: Settings
    engine: Engine
    environment: Mapping[str, str]

    def set_recipe(self, *, n_factors: int = 4, n_epochs: int = 30) -> None:
        """Choose what the next training does."""
        self.set_params(PARAMS % (n_factors, n_epochs))

    def set_params(self, text: str) -> None:
        """Choose another recipe by the whole of its `params.yaml`."""
        (self.settings.configs_dir / "params.yaml").write_text(text, encoding="utf-8")

    def set_policy(
        self, *, new_ratings: int | None = None, rules: str = BEAT_THE_BASELINES, more: str = ""
    ) -> None:
        """Choose when a retraining service that is started later trains by itself, and what is asked.

        Args:
            rules: lines of further rules of quality.
            more: further sections.
        """
        policy = POLICY % ("null" if new_ratings is None else new_ratings, rules) + more
        (self.settings.configs_dir / "policy.yaml").write_text(policy, encoding="utf-8")


def make_platform(folder: Path, database_url: str, engine: Engine, mlflow: MlflowServer) -> Platform:
    """A platform in an empty folder, with the server's secrets and no ratings."""
    configs = folder / "configs"
    configs.mkdir()
    (configs / "serving.yaml").write_text("rating_scale: {min: 1, max: 5, step: 1}\n", encoding="utf-8")
    variables = {
        "MARQUEE_HOME": str(folder / "home"),
        "MARQUEE_CONFIGS_DIR": str(configs),
        "MARQUEE_SECRETS_DIR": str(mlflow.home / "secrets"),
        "MARQUEE_DATABASE_URL": database_url,
        "MARQUEE_MLFLOW_URL": mlflow.url,
    }
    fonts = {"MPLCONFIGDIR": str(folder.parent / "matplotlib")}  # found once a session, not once a platform
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")}
    platform = Platform(load_settings(variables), engine, {**inherited, **fonts, **variables})
    platform.set_recipe()
    platform.set_policy()
    return platform


def load_checkerboard(engine: Engine) -> pd.DataFrame:
    """Forty people and twenty items, in an empty database; returns the ratings."""
    frame = checkerboard()
    names = sorted(frame[ITEM].unique())
    catalogue = pd.DataFrame(
        {ITEM: names, TITLE: names, YEAR: [1990] * len(names), GENRES: [["Drama"]] * len(names)}
    )
    with engine.begin() as connection:
        users.ensure(connection, sorted(frame[USER].unique()))
        items.upsert_frame(connection, catalogue)
        ratings.copy_in(connection, frame)
    return frame
