"""A trained model becomes a version: in MLflow, in Postgres, and where it may, the champion."""

from dataclasses import asdict, dataclass
from typing import Any

from marquee.domain.errors import Conflict
from marquee.registry.client import RegistryClient
from marquee.registry.runs import LoggedRun, TrackingClient
from marquee.training.context import TrainingContext
from marquee.training.entry import Entry, Promotion, enter, follow_champion, numbered
from marquee.training.judgement import Judgement
from marquee.training.progress import OnProgress
from marquee.training.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of a training.

    Attributes:
        state: `approved` when it was deployed, else `validated`, `rejected`, or `candidate` where there was
            nothing to compare by.
        deployed: whether it is the champion now.
        note: why it is not, in one sentence; empty when it is.
    """

    version: int
    semantic_version: str
    state: str
    deployed: bool
    note: str
    mlflow_run_id: str
    snapshot: str
    judgement: Judgement

    def to_dict(self) -> dict[str, Any]:
        """The outcome in short, as JSON takes it; the whole judgement stands in MLflow."""
        report = self.judgement.comparison.candidate
        return {
            "version": self.version,
            "semantic_version": self.semantic_version,
            "state": self.state,
            "deployed": self.deployed,
            "note": self.note,
            "mlflow_run_id": self.mlflow_run_id,
            "snapshot": self.snapshot,
            "metrics": {"known": asdict(report.known), "new": asdict(report.new)},
            **self.judgement.evidence,
        }


def register(
    context: TrainingContext,
    tracking: TrackingClient,
    registry: RegistryClient,
    logged: LoggedRun,
    snapshot: Snapshot,
    judgement: Judgement,
    on_progress: OnProgress,
) -> Registered:
    """Number the model in MLflow, record it in Postgres, and promote it if the gates passed.

    Record and promotion are one transaction. If it fails the version is taken out of MLflow again.

    Raises:
        Unavailable: MLflow or Postgres is away.
    """
    gates = "passed" if judgement.passed else "failed"
    tags = {
        "snapshot": snapshot.hash,
        "trained_through": snapshot.trained_through.isoformat(),
        "gates": gates,
    }
    registered = numbered(
        tracking,
        registry,
        logged,
        {**tags, "gates": gates},
        f"Trained on {snapshot.hash[:12]}; gates {gates}.",
        lambda version: _record(context, version, logged, snapshot, judgement),
    )
    on_progress(_outcome(registered), None)
    if registered.deployed:
        follow_champion(context, registry, on_progress)
    return registered


def _record(
    context: TrainingContext, version: int, logged: LoggedRun, snapshot: Snapshot, judgement: Judgement
) -> Registered:
    note = judgement.objection or ("" if context.deploy else "It was trained without deployment.")
    if not note:
        try:
            return _write(context, version, logged, snapshot, judgement, note)
        except Conflict:
            note = "The champion was changed while this version was trained: it was compared with another."
    return _write(context, version, logged, snapshot, judgement, note)


def _write(
    context: TrainingContext,
    version: int,
    logged: LoggedRun,
    snapshot: Snapshot,
    judgement: Judgement,
    note: str,
) -> Registered:
    """One transaction: the version, and unless there is a note against it, its promotion."""
    reports = judgement.comparison
    entry = Entry(
        run_id=logged.run_id,
        state=judgement.state,
        snapshot=snapshot.hash,
        trained_through=snapshot.trained_through,
        algorithms=judgement.recipe.algorithms,
        hyperparameters=judgement.recipe.hyperparameters,
        metrics={**reports.candidate.to_dict(), "baselines": reports.baselines.to_dict()},
        gates=judgement.gates,
    )
    with context.engine.begin() as connection:
        semantic_version = enter(connection, version, entry, None if note else _promotion(context, judgement))
    return Registered(
        version,
        semantic_version,
        judgement.state if note else "approved",
        not note,
        note,
        logged.run_id,
        snapshot.hash,
        judgement,
    )


def _promotion(context: TrainingContext, judgement: Judgement) -> Promotion:
    return Promotion(
        actor="policy",
        reason=_why(context, judgement),
        evidence={
            **judgement.evidence,
            "trigger": context.trigger,
            "requested_by": context.requested_by,
        },
        expected_revision=judgement.deployment.revision,
    )


def _why(context: TrainingContext, judgement: Judgement) -> str:
    if judgement.champion is None:
        return f"The first model ({context.trigger})."
    champion = judgement.champion.version
    return f"Not worse than version {champion} by the margins of policy.yaml ({context.trigger})."


def _outcome(registered: Registered) -> str:
    name = f"Version {registered.version} ({registered.semantic_version})"
    if registered.deployed:
        return f"{name} is the champion."
    return f"{name} is {registered.state}. {registered.note}"
