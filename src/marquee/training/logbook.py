"""What a training writes to MLflow."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from marquee.data.quality import Quality
from marquee.models.manifest import hash_of
from marquee.registry.runs import DatasetFacts, RunRecord, TrainedModel
from marquee.training.code_version import code_version, installed_versions
from marquee.training.comparison import Comparison
from marquee.training.context import TrainingContext
from marquee.training.judgement import Judgement
from marquee.training.plots import draw_plots
from marquee.training.snapshot import Snapshot


def write_files(judgement: Judgement, quality: Quality, folder: Path) -> Path:
    """Plots, and the judgement, the quality checks and the environment, as the run's artifacts."""
    plots = folder / "files" / "plots"
    plots.mkdir(parents=True)
    draw_plots(judgement.comparison, plots)
    documents = {
        "evaluation": judgement.to_dict(),
        "quality": quality.to_dict(),
        "environment": {"installed": installed_versions()},
    }
    for name, content in documents.items():
        text = json.dumps(content, indent=2, sort_keys=True)
        (folder / "files" / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return folder / "files"


def run_record(
    context: TrainingContext,
    snapshot: Snapshot,
    judgement: Judgement,
    model: TrainedModel,
    files: Path,
    started_at: datetime,
) -> RunRecord:
    """Everything that MLflow is to know of a training that is done."""
    recipe = judgement.recipe
    evaluation = {
        f"evaluation.{name}": value for name, value in context.params.evaluation.model_dump().items()
    }
    elapsed = (context.clock() - started_at).total_seconds()
    return RunRecord(
        name=f"{context.params.data.name} {started_at:%Y-%m-%d %H:%M:%S}",
        started_at=started_at,
        params={**recipe.flat, **evaluation, "hyperparameters_hash": hash_of(recipe.hyperparameters)},
        metrics={**dict(figures(judgement.comparison)), "training_seconds": elapsed},
        tags=_tags(context, snapshot, judgement),
        dataset=dataset_facts(context.params.data.name, snapshot),
        model=model,
        files=files,
    )


def figures(comparison: Comparison) -> Iterator[tuple[str, float]]:
    """`known.rmse` for the candidate, `champion.known.rmse` and so on for its rivals."""
    for who, report in comparison.rivals.items():
        prefix = "" if who == "candidate" else f"{who}."
        for name, value in report.metrics().items():
            yield prefix + name, value


def _tags(context: TrainingContext, snapshot: Snapshot, judgement: Judgement) -> dict[str, str]:
    return {
        "snapshot": snapshot.hash,
        "trained_through": snapshot.trained_through.isoformat(),
        "code_version": code_version(),
        "dataset.ratings": str(len(snapshot.tables.ratings)),
        "dataset.first_rated_at": snapshot.first_rated_at.isoformat(),
        "seed": str(judgement.recipe.seed),
        "threads": str(context.threads),
        "trigger": context.trigger,
        "requested_by": context.requested_by,
        "reason": context.reason,
        "gates": "passed" if judgement.passed else "failed",
        "mlflow.user": context.requested_by,
        "mlflow.source.name": "marquee.training",
        "mlflow.source.type": "LOCAL",
    }


def dataset_facts(name: str, snapshot: Snapshot) -> DatasetFacts:
    """What MLflow is to know of a snapshot: its hash, its size, and the time that its ratings span."""
    tables = snapshot.tables
    return DatasetFacts(
        name=name,
        digest=snapshot.hash,
        source=f"{snapshot.path}.dvc",
        rows=len(tables.ratings),
        profile={
            "num_users": len(tables.users),
            "num_items": len(tables.items),
            "first_rated_at": snapshot.first_rated_at.isoformat(),
            "last_rated_at": snapshot.trained_through.isoformat(),
        },
    )
