"""A trained model becomes a version: in MLflow, in Postgres, and where it may, the champion."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from marquee.domain.errors import Conflict, Unavailable, Unreachable
from marquee.lifecycle import mirror, next_semantic_version, promote_within
from marquee.registry.client import RegistryClient
from marquee.registry.runs import LoggedRun, TrackingClient
from marquee.store import versions
from marquee.training.context import TrainingContext
from marquee.training.judgement import Judgement
from marquee.training.progress import OnProgress
from marquee.training.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of a training.

    Attributes:
        state: `approved` when it was deployed, else `validated` or `rejected`.
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
    tags = {"snapshot": snapshot.hash, "trained_through": snapshot.trained_through.isoformat()}
    gates = "passed" if judgement.passed else "failed"
    version = tracking.register(
        logged, {**tags, "gates": gates}, f"Trained on {snapshot.hash[:12]}; gates {gates}."
    )
    try:
        registered = _record(context, version, logged, snapshot, judgement)
    except (SQLAlchemyError, Conflict) as error:
        _withdraw(registry, version)
        kind = Unreachable if isinstance(error, OperationalError) else Unavailable
        raise kind(f"Version {version} could not be recorded in Postgres: {error}") from error
    on_progress(_outcome(registered), None)
    if registered.deployed:
        _mirror(context, registry, on_progress)
    return registered


def _record(
    context: TrainingContext, version: int, logged: LoggedRun, snapshot: Snapshot, judgement: Judgement
) -> Registered:
    note = _why_not(context, judgement)
    if not note:
        try:
            return _write(context, version, logged, snapshot, judgement, note)
        except Conflict:
            note = "The champion was changed while this version was trained: it was compared with another."
    return _write(context, version, logged, snapshot, judgement, note)


def _why_not(context: TrainingContext, judgement: Judgement) -> str:
    failed = [gate.name for gate in judgement.gates if not gate.passed]
    if failed:
        return f"The champion's recipe is better by more than the margin: {', '.join(failed)}."
    return "" if context.deploy else "It was trained without deployment."


def _write(
    context: TrainingContext,
    version: int,
    logged: LoggedRun,
    snapshot: Snapshot,
    judgement: Judgement,
    note: str,
) -> Registered:
    """One transaction: the version, and unless there is a note against it, its promotion."""
    recipe = judgement.recipe
    with context.engine.begin() as connection:
        semantic_version = next_semantic_version(
            versions.list_all(connection),
            algorithms=recipe.algorithms,
            hyperparameters=recipe.hyperparameters,
        )
        state = "validated" if judgement.passed else "rejected"
        versions.add(
            connection,
            version=version,
            semantic_version=semantic_version,
            state=state,
            run_id=logged.run_id,
            snapshot=snapshot.hash,
            trained_through=snapshot.trained_through,
            algorithms=recipe.algorithms,
            hyperparameters=recipe.hyperparameters,
            metrics={
                **judgement.comparison.candidate.to_dict(),
                "baselines": judgement.comparison.baselines.to_dict(),
            },
            gates=[asdict(gate) for gate in judgement.gates],
        )
        if not note:
            state = "approved"
            promote_within(
                connection,
                version,
                actor="policy",
                reason=_why(context, judgement),
                evidence={
                    **judgement.evidence,
                    "trigger": context.trigger,
                    "requested_by": context.requested_by,
                },
                expected_revision=judgement.deployment.revision,
            )
    return Registered(
        version, semantic_version, state, not note, note, logged.run_id, snapshot.hash, judgement
    )


def _why(context: TrainingContext, judgement: Judgement) -> str:
    if judgement.champion is None:
        return f"The first model ({context.trigger})."
    champion = judgement.champion.version
    return f"Not worse than version {champion} by the margins of policy.yaml ({context.trigger})."


def _withdraw(registry: RegistryClient, version: int) -> None:
    try:
        registry.delete_version(version)
    except Unavailable:
        return  # MLflow went away too; nothing refers to the version, and the caller says what failed first


def _outcome(registered: Registered) -> str:
    name = f"Version {registered.version} ({registered.semantic_version})"
    if registered.deployed:
        return f"{name} is the champion."
    return f"{name} is {registered.state}. {registered.note}"


def _mirror(context: TrainingContext, registry: RegistryClient, on_progress: OnProgress) -> None:
    try:
        mirror(context.engine, registry)
    except Unavailable as error:
        on_progress(f"MLflow's alias follows later: {error.message}", None)
