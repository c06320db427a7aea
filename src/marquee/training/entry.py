"""A logged model becomes a version: numbered by MLflow, recorded in Postgres, promoted, or none of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from marquee.domain.errors import Conflict, Forbidden, Unavailable, Unreachable
from marquee.evaluation.gates import Gate
from marquee.lifecycle import mirror, next_semantic_version, promote_within
from marquee.lifecycle.states import State
from marquee.registry.client import RegistryClient
from marquee.registry.runs import LoggedRun, TrackingClient
from marquee.settings import Policy
from marquee.store import audit, deployment, versions
from marquee.store.audit_check import REGISTER
from marquee.training.artifact import ArtifactVerdict
from marquee.training.context import TrainingContext
from marquee.training.progress import OnProgress

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """What Postgres is to know of a version; the attributes are those of `ModelVersion`."""

    run_id: str
    state: State
    snapshot: str
    trained_through: datetime
    algorithms: Mapping[str, str]
    hyperparameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    gates: Sequence[Gate]
    facts: Mapping[str, Any]
    requested_by: str


@dataclass(frozen=True, slots=True)
class Promotion:
    """Who makes a version the champion, and why.

    Attributes:
        expected_revision: of the deployment that they saw.
        rollback_days: for so long a rollback may return to the version that leaves.
    """

    actor: str
    reason: str
    evidence: Mapping[str, Any]
    expected_revision: int
    rollback_days: float


def numbered(
    tracking: TrackingClient,
    registry: RegistryClient,
    logged: LoggedRun,
    tags: Mapping[str, str],
    description: str,
    record: Callable[[int], T],
) -> T:
    """Number a logged model in MLflow and `record` the version; if that fails it is taken out again.

    Raises:
        Conflict: as `record` raised it.
        Unavailable: MLflow or Postgres is away.
    """
    version = tracking.register(logged, tags, description)
    try:
        return record(version)
    except Conflict:
        _withdraw(registry, version)
        raise
    except SQLAlchemyError as error:
        _withdraw(registry, version)
        kind = Unreachable if isinstance(error, OperationalError) else Unavailable
        raise kind(f"Version {version} could not be recorded in Postgres: {error}") from error


def enter(connection: Connection, version: int, entry: Entry, promotion: Promotion | None) -> str:
    """Record a version, and promote it unless `promotion` is None; returns its semantic version.

    Raises:
        Conflict: the deployment was changed meanwhile.
    """
    audit.lock(connection)  # first: two who register at once would give one number twice
    semantic_version = next_semantic_version(
        versions.list_all(connection), algorithms=entry.algorithms, hyperparameters=entry.hyperparameters
    )
    versions.add(
        connection,
        version=version,
        semantic_version=semantic_version,
        state=entry.state,
        run_id=entry.run_id,
        snapshot=entry.snapshot,
        trained_through=entry.trained_through,
        algorithms=entry.algorithms,
        hyperparameters=entry.hyperparameters,
        metrics=entry.metrics,
        gates=[asdict(gate) for gate in entry.gates],
        facts=entry.facts,
        requested_by=entry.requested_by,
    )
    _audit(connection, version, semantic_version, entry)
    if promotion is not None:
        deploy_within(connection, version, promotion)
    return semantic_version


def _audit(connection: Connection, version: int, semantic_version: str, entry: Entry) -> None:
    failed = [gate.name for gate in entry.gates if gate.judged and not gate.passed]
    unjudged = [gate.name for gate in entry.gates if not gate.judged]
    audit.append(
        connection,
        actor=entry.requested_by,
        action=REGISTER,
        subject=f"version {version}",
        reason=f"Failed: {', '.join(failed)}." if failed else "No gate failed.",
        evidence={
            "state": entry.state,
            "semantic_version": semantic_version,
            "mlflow_run_id": entry.run_id,
            "snapshot": entry.snapshot,
            "failed": failed,
            "unjudged": unjudged,
        },
    )


def check_overrule(policy: Policy, champion: int | None) -> None:
    """Raise Forbidden unless a person may deploy a version past gates, reviews and rollout.

    The first model of a platform may be deployed so: there is nobody whom it could take a better one from.
    """
    if champion is not None and policy.review.overrule == "refuse":
        raise Forbidden(
            f"Version {champion} serves, and another one gets there by gates, review and rollout.",
            hint="Leave out --deploy; or have policy.yaml say `review: {overrule: allow}`.",
        )


def may_deploy(context: TrainingContext) -> None:
    """`check_overrule` before the work, where deployment is asked for; raises Forbidden."""
    if context.deploy:
        with context.engine.connect() as connection:
            champion = deployment.get(connection).champion
        check_overrule(context.policy, champion)


def promotion_by(context: TrainingContext, verdict: ArtifactVerdict) -> Promotion:
    """The decision of the person who asked for it, whatever the gates say; raises Forbidden."""
    check_overrule(context.policy, verdict.deployment.champion)
    failed = [gate.name for gate in verdict.gates if not gate.passed]
    return Promotion(
        actor=context.actor,
        reason=context.reason,
        evidence={**verdict.evidence, "overruled": failed},
        expected_revision=verdict.deployment.revision,
        rollback_days=context.policy.retention.rollback_days,
    )


def deploy_within(connection: Connection, version: int, promotion: Promotion) -> None:
    """Carry a person's decision out; raises Conflict when the deployment was changed meanwhile."""
    promote_within(
        connection,
        version,
        actor=promotion.actor,
        reason=promotion.reason,
        evidence=promotion.evidence,
        expected_revision=promotion.expected_revision,
        rollback_days=promotion.rollback_days,
    )


def follow_champion(context: TrainingContext, registry: RegistryClient, on_progress: OnProgress) -> None:
    """Let MLflow's alias point at the new champion; when MLflow is away, later."""
    try:
        mirror(context.engine, registry)
    except Unavailable as error:
        on_progress(f"MLflow's alias follows later: {error.message}", None)


def _withdraw(registry: RegistryClient, version: int) -> None:
    try:
        registry.delete_version(version)
    except Unavailable:
        return  # MLflow went away too; nothing refers to the version, and the caller says what failed first
