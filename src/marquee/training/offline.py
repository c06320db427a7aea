"""`python -m marquee.training.offline`: the recipe on files, without database or registry: for `dvc repro`.

train      data/processed/{train,items}.csv   →  outputs/bundle/
evaluate   that bundle on data/processed/test.csv, beside the baselines  →  outputs/metrics.json
"""

import argparse
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from marquee.data.prepare import ITEMS, TEST, TRAIN, read_prepared
from marquee.data.tidy import write_file
from marquee.domain.columns import ITEM
from marquee.domain.errors import MarqueeError
from marquee.domain.history import ItemIndex
from marquee.evaluation.protocols import prequential
from marquee.evaluation.report import Report
from marquee.models.bundle import Bundle, write_bundle
from marquee.models.manifest import Facts
from marquee.models.train import train_baselines, train_models
from marquee.models.training_set import TrainingSet
from marquee.recommend.recommender import Recommender
from marquee.settings import Params, Serving, load_params, load_serving, load_settings
from marquee.training.identity import digest
from marquee.training.recipe import Recipe

THREADS = 1  # so that the same files give the same bytes


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where the pipeline's files are, and what it is to do."""

    processed: Path
    outputs: Path
    params: Params
    serving: Serving

    @property
    def bundle(self) -> Path:
        return self.outputs / "bundle"

    @property
    def metrics(self) -> Path:
        return self.outputs / "metrics.json"

    def ratings(self, name: str) -> pd.DataFrame:
        """`train.csv` or `test.csv`; raises DataError when `marquee data prepare` has not been run."""
        return read_prepared(self.processed / name, self.serving.rating_scale)

    def items(self) -> ItemIndex:
        """The catalogue, by id."""
        ids = pd.read_csv(self.processed / ITEMS, usecols=[ITEM], dtype="str", keep_default_na=False)[ITEM]
        return ItemIndex(sorted(ids))


def train(workplace: Workplace) -> None:
    """Train the recipe of params.yaml on train.csv, and write its bundle over the one before."""
    ratings = workplace.ratings(TRAIN)
    past, recipe = TrainingSet.from_frame(ratings, workplace.items()), Recipe.of(workplace.params)
    models = train_models(past, recipe.rating, recipe.ranking, threads=THREADS).models
    if workplace.bundle.exists():
        shutil.rmtree(workplace.bundle)
    write_bundle(
        workplace.bundle,
        models,
        Facts(
            hyperparameters=recipe.hyperparameters,
            seed=recipe.seed,
            snapshot_hash=digest({"ratings": ratings}),
            n_users=past.n_users,
            n_ratings=len(past),
        ),
    )


def evaluate(workplace: Workplace) -> None:
    """Judge the bundle, and the baselines, on test.csv."""
    past, future = workplace.ratings(TRAIN), workplace.ratings(TEST)
    bundle = Bundle.open(workplace.bundle)
    baselines = train_baselines(TrainingSet.from_frame(past, bundle.items))
    reports = {
        name: prequential(
            Recommender(models, workplace.serving), past, future, k=workplace.params.evaluation.k
        )
        for name, models in (("recipe", bundle), ("baselines", baselines))
    }
    content = {name: _figures(report) for name, report in reports.items()}
    write_file(workplace.metrics, (json.dumps(content, indent=2) + "\n").encode())


def _figures(report: Report) -> dict[str, dict[str, Any]]:
    """By group of people; what could not be measured is left out, as `dvc metrics` compares numbers."""
    figures: dict[str, dict[str, Any]] = {}
    for name, value in report.metrics().items():
        group, metric = name.split(".", 1)
        figures.setdefault(group, {})[metric] = value
    return figures


_STAGES = {"train": train, "evaluate": evaluate}


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
            )
        )
    except MarqueeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
