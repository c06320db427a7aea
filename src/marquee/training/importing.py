"""A bundle that was made elsewhere becomes a version: verified, judged as it is, logged, numbered."""

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from marquee.domain.columns import ITEM, TIME, USER
from marquee.domain.errors import InvalidInput, Unavailable
from marquee.domain.words import shows_something
from marquee.models.arrays import blas_threads
from marquee.models.bundle import Bundle
from marquee.models.features import profiles
from marquee.models.imported import imported_name
from marquee.models.manifest import Manifest, hash_of
from marquee.models.training_set import histories_of
from marquee.models.user_factors import write_user_factors
from marquee.registry.client import RegistryClient
from marquee.registry.runs import (
    IMPORTED_EXPERIMENT,
    DatasetFacts,
    LoggedRun,
    RunRecord,
    TrackingClient,
    TrainedModel,
)
from marquee.settings import RatingScale
from marquee.store import snapshots
from marquee.training.artifact import ArtifactVerdict, judge_bundle
from marquee.training.code_version import code_version
from marquee.training.context import TrainingContext
from marquee.training.entry import Entry, enter, follow_champion, may_deploy, numbered, promotion_by
from marquee.training.facts import facts_of_import
from marquee.training.judgement import findings
from marquee.training.logbook import figures
from marquee.training.plots import draw_plots
from marquee.training.progress import OnProgress
from marquee.training.snapshot import Tables, read_platform


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import; `note` says why it does not serve, and is empty when it does."""

    version: int
    semantic_version: str
    state: str
    deployed: bool
    note: str
    mlflow_run_id: str
    snapshot: str
    verdict: ArtifactVerdict

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        named = {name: getattr(self, name) for name in _NAMED}
        return {**named, "metrics": self.verdict.metrics, **self.verdict.evidence}


_NAMED = ("version", "semantic_version", "state", "deployed", "note", "mlflow_run_id", "snapshot")


def import_bundle(context: TrainingContext, folder: Path, on_progress: OnProgress) -> Imported:
    """Register a bundle of whatever origin as the next version.

    It is judged as it is, beside the champion's bundle, on ratings newer than any that either has learnt
    from. Where there are too few of those the gates have no figure, and do not pass. It is deployed only if
    `context.deploy` says so, and then whatever the gates say: that is a person's decision, and audited; where
    a champion serves, the policy must allow it.

    Raises:
        CorruptBundle: a file is not what the manifest says.
        InvalidInput: the platform has none of its items, or there is no reason.
        Forbidden: it is to be deployed, and the policy does not allow that.
        Conflict: the deployment was changed meanwhile; nothing is registered.
        Unavailable: MLflow, Postgres or the disk does not take it.
    """
    if not shows_something(context.reason):
        raise InvalidInput("There is no reason.", hint="Say why the model is to be registered.")
    may_deploy(context)
    began = context.clock()
    context.home.mkdir(parents=True, exist_ok=True)
    try:
        with (
            blas_threads(context.threads),
            RegistryClient(context.mlflow) as registry,
            tempfile.TemporaryDirectory(prefix=".import-", dir=context.home) as scratch,
        ):
            registry.ping()
            return _import(context, folder, registry, Path(scratch), began, on_progress)
    except OSError as error:
        raise Unavailable(
            f"The files of the import cannot be written: {error}.", hint="Make room on the disk."
        ) from error


def _import(
    context: TrainingContext,
    folder: Path,
    registry: RegistryClient,
    scratch: Path,
    began: datetime,
    on_progress: OnProgress,
) -> Imported:
    bundle = _verified(folder, scratch / "bundle")
    tables = read_platform(context.engine, context.serving.feedback)
    on_progress(_shared_items(bundle, tables), None)
    verdict = judge_bundle(context, bundle, tables, registry, scratch, on_progress)
    for line in findings(verdict, verdict.comparison):
        on_progress(line, None)
    model = _with_people(bundle, tables, context.serving.rating_scale, scratch)
    files = _write_files(verdict, scratch / "files")
    on_progress("Writing the run and the model to MLflow", None)
    tracking = TrackingClient(context.mlflow)
    logged = tracking.log(_run_record(context, bundle.manifest, verdict, model, files, began))
    imported = numbered(
        tracking,
        registry,
        logged,
        _identity(bundle.manifest, verdict),
        f"Imported: {_name(bundle.manifest)}. {context.reason}",
        lambda version: _record(context, version, logged, model, bundle.manifest, tables, verdict),
    )
    if imported.deployed:
        follow_champion(context, registry, on_progress)
    return imported


def _verified(folder: Path, copy: Path) -> Bundle:
    """A copy, so that what was verified is what is registered."""
    Bundle.open(folder)  # first, so that what is wrong is named where the person has it
    shutil.copytree(folder, copy)
    return Bundle.open(copy)


def _shared_items(bundle: Bundle, tables: Tables) -> str:
    held = set(tables.items[ITEM].astype(str))
    shared = sum(item_id in held for item_id in bundle.items.ids)
    if not shared:
        raise InvalidInput(
            f"None of the bundle's {len(bundle.items):,} items, such as {bundle.items.ids[0]!r}, is on this "
            "platform.",
            hint="Item ids must be the platform's: `marquee data snapshot` keeps its data as Parquet.",
        )
    return f"{shared:,} of the bundle's {len(bundle.items):,} items are among the platform's {len(held):,}"


def _with_people(bundle: Bundle, tables: Tables, scale: RatingScale, scratch: Path) -> TrainedModel:
    """What the pyfunc flavour needs beside the bundle: the platform's people, folded in."""
    user_ids = [str(user) for user in tables.ratings[USER].unique()]
    known = profiles(tables.users, bundle.user_vocabulary)
    with blas_threads(1):
        states = bundle.rating.fold_in_many(histories_of(tables.ratings, bundle.items, user_ids, known))
    path = scratch / "user_factors.npz"
    write_user_factors(path, user_ids, states[:, :-1], states[:, -1])
    example = (next(iter(user_ids), "nobody"), bundle.items.ids[0])
    return TrainedModel(bundle.path, path, (scale.min, scale.max), example)


def _write_files(verdict: ArtifactVerdict, folder: Path) -> Path:
    folder.mkdir()
    text = json.dumps(verdict.to_dict(), indent=2, sort_keys=True)
    (folder / "evaluation.json").write_text(text + "\n", encoding="utf-8")
    if verdict.comparison is not None:
        (folder / "plots").mkdir()
        draw_plots(verdict.comparison, folder / "plots")
    return folder


def _run_record(
    context: TrainingContext,
    manifest: Manifest,
    verdict: ArtifactVerdict,
    model: TrainedModel,
    files: Path,
    began: datetime,
) -> RunRecord:
    return RunRecord(
        name=f"{_name(manifest)} {began:%Y-%m-%d %H:%M:%S}",
        started_at=began,
        params=_flat(manifest),
        metrics=dict(figures(verdict.comparison)) if verdict.comparison else {},
        tags={
            **_identity(manifest, verdict),
            "code_version": code_version(),
            "seed": str(manifest.seed),
            "trigger": context.trigger,
            "requested_by": context.requested_by,
            "reason": context.reason,
            "mlflow.user": context.requested_by,
            "mlflow.source.name": "marquee.training.importing",
            "mlflow.source.type": "LOCAL",
        },
        dataset=_dataset(context, manifest),
        model=model,
        files=files,
        experiment=IMPORTED_EXPERIMENT,
    )


def _flat(manifest: Manifest) -> dict[str, object]:
    algorithms = {f"{role}.algorithm": name for role, name in manifest.algorithms.model_dump().items()}
    values = {
        f"{role}.{name}": value
        for role, group in manifest.hyperparameters.items()
        for name, value in group.items()
    }
    return {**algorithms, **values, "hyperparameters_hash": hash_of(manifest.hyperparameters)}


def _identity(manifest: Manifest, verdict: ArtifactVerdict) -> dict[str, str]:
    return {
        "snapshot": manifest.snapshot_hash,
        "trained_through": _through(manifest).isoformat(),
        "gates": "passed" if verdict.passed else "failed",
    }


def _dataset(context: TrainingContext, manifest: Manifest) -> DatasetFacts:
    with context.engine.connect() as connection:
        kept = snapshots.get(connection, manifest.snapshot_hash) is not None
    where = context.home / "snapshots" / f"{manifest.snapshot_hash}.dvc"
    profile = {
        "num_users": manifest.n_users,
        "num_items": manifest.n_items,
        "last_rated_at": _through(manifest).isoformat(),
    }
    source = str(where) if kept else "kept by whoever trained on it"
    return DatasetFacts(context.params.data.name, manifest.snapshot_hash, source, manifest.n_ratings, profile)


def _record(
    context: TrainingContext,
    version: int,
    logged: LoggedRun,
    model: TrainedModel,
    manifest: Manifest,
    tables: Tables,
    verdict: ArtifactVerdict,
) -> Imported:
    """One transaction: the data's name, the version, and if a person wants it, its promotion."""
    # Who deploys it vouches for it, also where the gates do not: the audit has their reason, and the gates.
    state = "validated" if context.deploy else verdict.state
    entry = Entry(
        run_id=logged.run_id,
        state=state,
        snapshot=manifest.snapshot_hash,
        trained_through=_through(manifest),
        algorithms=manifest.algorithms.model_dump(),
        hyperparameters=manifest.hyperparameters,
        metrics=verdict.metrics,
        gates=verdict.gates,
        facts=facts_of_import(context, model, logged, manifest),
        requested_by=context.actor,
    )
    with context.engine.begin() as connection:
        _name_data(connection, manifest, tables.ratings)
        promotion = promotion_by(context, verdict) if context.deploy else None
        semantic_version = enter(connection, version, entry, promotion)
    return Imported(
        version,
        semantic_version,
        "approved" if context.deploy else state,
        context.deploy,
        "" if context.deploy else verdict.objection or "It waits for a person to deploy it.",
        logged.run_id,
        manifest.snapshot_hash,
        verdict,
    )


def _name_data(connection: Connection, manifest: Manifest, ratings: pd.DataFrame) -> None:
    """Versions refer to what they were trained on; data that the platform never took has its name alone.

    It counts as taken when it ended, so that ratings received since are still new to the retraining. Where
    it began is known only as far as it is the platform's.
    """
    if snapshots.get(connection, manifest.snapshot_hash) is not None:
        return
    through = _through(manifest)
    older = ratings.loc[ratings[TIME] <= manifest.trained_through, TIME]
    snapshots.record(
        connection,
        hash=manifest.snapshot_hash,
        ratings=manifest.n_ratings,
        users=manifest.n_users,
        items=manifest.n_items,
        first_rated_at=through if older.empty else datetime.fromtimestamp(int(older.min()), UTC),
        trained_through=through,
        taken_at=through,
    )


def _name(manifest: Manifest) -> str:
    algorithms = manifest.algorithms
    return imported_name(manifest.hyperparameters) or f"{algorithms.rating} and {algorithms.ranking}"


def _through(manifest: Manifest) -> datetime:
    return datetime.fromtimestamp(manifest.trained_through, UTC)
