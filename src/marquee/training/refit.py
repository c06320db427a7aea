"""The recipe trained on the whole snapshot, as files."""

from datetime import datetime
from pathlib import Path
from typing import Any

from marquee.domain.columns import ITEM, USER
from marquee.models.bundle import write_bundle
from marquee.models.manifest import Facts, Manifest
from marquee.models.train import train_models
from marquee.models.user_factors import write_user_factors
from marquee.registry.runs import TrainedModel
from marquee.settings import RatingScale
from marquee.training.code_version import code_version
from marquee.training.comparison import training_set
from marquee.training.judgement import Judgement
from marquee.training.recipe import Recipe
from marquee.training.snapshot import Snapshot


def refit(
    snapshot: Snapshot,
    judgement: Judgement,
    scale: RatingScale,
    folder: Path,
    *,
    threads: int,
    created_at: datetime,
) -> TrainedModel:
    """Train on all ratings and write the bundle, and the users' factors beside it, into `folder`."""
    metrics = judgement.comparison.candidate.to_dict()
    train_whole(snapshot, judgement.recipe, folder, threads=threads, created_at=created_at, metrics=metrics)
    ratings = snapshot.tables.ratings
    example = (str(ratings[USER].iloc[0]), str(ratings[ITEM].iloc[0]))
    return TrainedModel(folder / "bundle", folder / "user_factors.npz", (scale.min, scale.max), example)


def train_whole(
    snapshot: Snapshot,
    recipe: Recipe,
    folder: Path,
    *,
    threads: int,
    created_at: datetime,
    metrics: dict[str, Any],
) -> Manifest:
    """Write `bundle/` and `user_factors.npz`; the same snapshot, recipe and `threads` give the same arrays.

    Args:
        metrics: of the recipe, for the manifest.
    """
    whole = training_set(snapshot.tables, snapshot.tables.ratings).rated_first()
    trained = train_models(whole, recipe.rating, recipe.ranking, intervals=recipe.intervals, threads=threads)
    models, people = trained.models, trained.user_factors
    facts = Facts(
        hyperparameters=recipe.hyperparameters,
        seed=recipe.seed,
        snapshot_hash=snapshot.hash,
        n_users=whole.n_users,
        n_ratings=len(whole),
        created_at=created_at,
        code_version=code_version(),
        metrics=metrics,
    )
    manifest = write_bundle(folder / "bundle", models, facts)
    write_user_factors(folder / "user_factors.npz", people.user_ids, people.factors, people.biases)
    return manifest
