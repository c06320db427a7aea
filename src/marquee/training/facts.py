"""What is recorded of how a version came about, beside its recipe, figures and gates."""

from typing import Any

from marquee.models.manifest import Manifest, read_manifest
from marquee.registry.runs import LoggedRun, TrainedModel, environment_tags
from marquee.training.context import TrainingContext
from marquee.training.finished import sizes_of


def facts_of_training(
    context: TrainingContext, model: TrainedModel, logged: LoggedRun, seconds: float
) -> dict[str, Any]:
    """Of a version that was trained here; rows and time span of its data stand with its snapshot.

    Args:
        seconds: of the training on everything.
    """
    manifest = read_manifest(model.bundle)
    return {
        **_common(context, model, logged, manifest),
        "origin": "trained",
        "data": context.params.data.name,
        "threads": context.threads,
        "training_seconds": round(seconds, 3),
        "environment": {
            name.removeprefix("environment."): value for name, value in environment_tags().items()
        },
    }


def facts_of_import(
    context: TrainingContext, model: TrainedModel, logged: LoggedRun, manifest: Manifest
) -> dict[str, Any]:
    """Of a version that was made elsewhere: where, is known only as far as its manifest says."""
    environment = {"libraries": dict(manifest.libraries)}
    return {**_common(context, model, logged, manifest), "origin": "imported", "environment": environment}


def _common(
    context: TrainingContext, model: TrainedModel, logged: LoggedRun, manifest: Manifest
) -> dict[str, Any]:
    files = sizes_of(model.bundle)
    return {
        "trigger": context.trigger,
        "reason": context.reason,
        "mlflow_run": logged.run_id,
        "seed": manifest.seed,
        "code_version": manifest.code_version,
        "schema_version": manifest.schema_version,
        "bundle_bytes": sum(files.values()),
        "files": files,
        "user_factors_bytes": model.user_factors.stat().st_size,
        "learnt_from": {
            "ratings": manifest.n_ratings,
            "people": manifest.n_users,
            "items": manifest.n_items,
        },
    }
