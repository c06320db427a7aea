"""`python -m marquee.training.offline STAGE`: the recipe on files, without database or registry.

rating     data/processed/{train,items}.csv   →  outputs/models/rating/
ranking    the same                           →  outputs/models/ranking/
bundle     both, and the fallback             →  outputs/bundle/
evaluate   that bundle on data/processed/test.csv, beside the baselines  →  outputs/{metrics.json,plots/}
report     the same with intervals, slices and the policy's gates        →  outputs/report/

`dvc repro` runs the stages.
"""

import argparse
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from marquee.data.prepare import ITEMS, TEST, TRAIN, USERS, read_items, read_prepared, read_users
from marquee.data.tidy import write_file
from marquee.domain.errors import DataError, MarqueeError
from marquee.evaluation.protocols import prequential
from marquee.evaluation.report import Report
from marquee.models import fallback
from marquee.models.algorithms import RANKING_MODELS, RATING_MODELS
from marquee.models.arrays import blas_threads
from marquee.models.bundle import Bundle, write_bundle
from marquee.models.manifest import Facts
from marquee.models.model_set import ModelSet
from marquee.models.train import train_baselines, train_ranking, train_rating
from marquee.models.training_set import TrainingSet
from marquee.recommend.recommender import Recommender
from marquee.settings import Params, Policy, Serving, load_params, load_policy, load_serving, load_settings
from marquee.training.curves import write_curves
from marquee.training.evaluation.pipeline import write_pipeline_report
from marquee.training.identity import digest
from marquee.training.model_files import read_model, write_model
from marquee.training.recipe import Recipe

THREADS = 1  # so that the same files give the same bytes


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where the pipeline's files are, and what it is to do."""

    processed: Path
    outputs: Path
    params: Params
    serving: Serving
    policy: Policy

    @property
    def bundle(self) -> Path:
        return self.outputs / "bundle"

    @property
    def metrics(self) -> Path:
        return self.outputs / "metrics.json"

    def model(self, role: str) -> Path:
        return self.outputs / "models" / role

    def ratings(self, name: str) -> pd.DataFrame:
        """`train.csv` or `test.csv`; raises DataError when `marquee data prepare` has not been run."""
        return read_prepared(self.processed / name, self.serving.rating_scale)

    def past(self) -> TrainingSet:
        """What models learn from."""
        items, users = read_items(self.processed / ITEMS), read_users(self.processed / USERS)
        return TrainingSet.from_tables(self.ratings(TRAIN), items, users)


def rating(workplace: Workplace) -> None:
    """Train the model of the stars on train.csv."""
    with blas_threads(THREADS):
        model, _ = train_rating(workplace.past(), workplace.params.rating)
    write_model(workplace.model("rating"), model)


def ranking(workplace: Workplace) -> None:
    """Train the model of the order on train.csv."""
    model = train_ranking(workplace.past(), workplace.params.ranking, threads=THREADS)
    write_model(workplace.model("ranking"), model)


def bundle(workplace: Workplace) -> None:
    """Put both models and the fallback into a bundle, over the one before."""
    ratings = workplace.ratings(TRAIN)
    past, recipe = workplace.past(), Recipe.of(workplace.params)
    if workplace.bundle.exists():
        shutil.rmtree(workplace.bundle)
    write_bundle(
        workplace.bundle,
        ModelSet(
            items=past.items,
            rating=read_model(workplace.model("rating"), RATING_MODELS),
            ranking=read_model(workplace.model("ranking"), RANKING_MODELS),
            fallback=fallback.train(past),
            trained_through=past.trained_through,
            item_vocabulary=past.item_features.vocabulary,
            user_vocabulary=past.user_features.vocabulary,
        ),
        Facts(
            hyperparameters=recipe.hyperparameters,
            seed=recipe.seed,
            snapshot_hash=digest({"ratings": ratings}),
            n_users=past.n_users,
            n_ratings=len(past),
        ),
    )


def evaluate(workplace: Workplace) -> None:
    """Judge the bundle, and the baselines, on test.csv; write figures, and curves for `dvc plots`."""
    past, future = workplace.ratings(TRAIN), workplace.ratings(TEST)
    models = Bundle.open(workplace.bundle)
    baselines = train_baselines(TrainingSet.from_frame(past, models.items))
    rivals = {
        name: Recommender(judged, workplace.serving)
        for name, judged in (("recipe", models), ("baselines", baselines))
    }
    k = workplace.params.evaluation.k
    users = read_users(workplace.processed / USERS)
    reports = {name: prequential(rival, past, future, k=k, users=users) for name, rival in rivals.items()}
    content = {name: _figures(report) for name, report in reports.items()}
    write_file(workplace.metrics, (json.dumps(content, indent=2) + "\n").encode())
    write_curves(rivals, past, future, k, workplace.outputs / "plots")


def report(workplace: Workplace) -> None:
    """Write the report of the bundle beside the baselines.

    It says which gates fail, or have no figure, and ends well all the same: whether a model may serve is
    for a training to decide, beside the champion.

    Raises:
        DataError: the bundle was not trained on train.csv.
    """
    models = Bundle.open(workplace.bundle)
    if models.manifest.snapshot_hash != digest({"ratings": workplace.ratings(TRAIN)}):
        raise DataError(
            f"A leak: {workplace.bundle} was trained on other ratings than {workplace.processed / TRAIN}.",
            hint="Run `dvc repro`.",
        )
    write_pipeline_report(
        models,
        workplace.past(),
        workplace.processed,
        workplace.outputs / "report",
        params=workplace.params,
        serving=workplace.serving,
        policy=workplace.policy,
    )


def _figures(report: Report) -> dict[str, dict[str, Any]]:
    """By group of people; what could not be measured is left out, as `dvc metrics` compares numbers."""
    figures: dict[str, dict[str, Any]] = {}
    for name, value in report.metrics().items():
        group, metric = name.split(".", 1)
        figures.setdefault(group, {})[metric] = value
    return figures


_STAGES = {"rating": rating, "ranking": ranking, "bundle": bundle, "evaluate": evaluate, "report": report}


def main(arguments: list[str] | None = None) -> int:
    """Run one stage; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m marquee.training.offline")
    parser.add_argument("stage", choices=sorted(_STAGES))
    parser.add_argument("--outputs", type=Path, default=Path("outputs"), help="default: ./outputs")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        _STAGES[options.stage](
            Workplace(
                settings.data_dir / "processed",
                options.outputs,
                load_params(settings.configs_dir / "params.yaml"),
                load_serving(settings.configs_dir / "serving.yaml"),
                load_policy(settings.configs_dir / "policy.yaml"),
            )
        )
    except MarqueeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
