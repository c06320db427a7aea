"""A logged model becomes a version: numbered by MLflow, recorded in Postgres, promoted, or none of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from marquee.domain.errors import Conflict, Unavailable, Unreachable
from marquee.evaluation.gates import Gate
from marquee.lifecycle import mirror, next_semantic_version, promote_within
from marquee.lifecycle.states import State
from marquee.registry.client import RegistryClient
from marquee.registry.runs import LoggedRun, TrackingClient
from marquee.store import versions
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
    """Who makes a version the champion, and why; `expected_revision` is of the deployment that they saw."""

    actor: str
    reason: str
    evidence: Mapping[str, Any]
    expected_revision: int


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
    if promotion is not None:
        promote_within(
            connection,
            version,
            actor=promotion.actor,
            reason=promotion.reason,
            evidence=promotion.evidence,
            expected_revision=promotion.expected_revision,
        )
    return semantic_version


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
