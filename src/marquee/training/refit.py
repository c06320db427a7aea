"""The recipe trained on the whole snapshot, as files."""

from datetime import datetime
from pathlib import Path

from marquee.domain.columns import ITEM, USER
from marquee.models.bundle import write_bundle
from marquee.models.manifest import Facts
from marquee.models.train import train_models
from marquee.models.user_factors import write_user_factors
from marquee.registry.runs import TrainedModel
from marquee.settings import RatingScale
from marquee.settings.params import IntervalParams
from marquee.training.code_version import code_version
from marquee.training.comparison import training_set
from marquee.training.judgement import Judgement
from marquee.training.snapshot import Snapshot


def refit(
    snapshot: Snapshot,
    judgement: Judgement,
    scale: RatingScale,
    folder: Path,
    *,
    intervals: IntervalParams | None,
    threads: int,
    created_at: datetime,
) -> TrainedModel:
    """Train on all ratings and write the bundle, and the users' factors beside it, into `folder`."""
    recipe, ratings = judgement.recipe, snapshot.tables.ratings
    whole = training_set(snapshot.tables, ratings)
    trained = train_models(whole, recipe.rating, recipe.ranking, intervals=intervals, threads=threads)
    models, people = trained.models, trained.user_factors
    facts = Facts(
        hyperparameters=recipe.hyperparameters,
        seed=recipe.seed,
        snapshot_hash=snapshot.hash,
        n_users=whole.n_users,
        n_ratings=len(whole),
        created_at=created_at,
        code_version=code_version(),
        metrics=judgement.comparison.candidate.to_dict(),
    )
    write_bundle(folder / "bundle", models, facts)
    write_user_factors(folder / "user_factors.npz", people.user_ids, people.factors, people.biases)
    example = (str(ratings[USER].iloc[0]), str(ratings[ITEM].iloc[0]))
    return TrainedModel(folder / "bundle", folder / "user_factors.npz", (scale.min, scale.max), example)
