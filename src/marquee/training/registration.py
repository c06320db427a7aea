"""A trained model becomes a version: in MLflow, in Postgres, and where it may, the champion."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from marquee.domain.errors import Conflict
from marquee.lifecycle.onward import Onward, onward_within
from marquee.registry.client import RegistryClient
from marquee.registry.runs import LoggedRun, TrackingClient
from marquee.training.context import TrainingContext
from marquee.training.entry import Entry, enter, follow_champion, numbered
from marquee.training.judgement import Judgement
from marquee.training.progress import OnProgress
from marquee.training.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of a training.

    Attributes:
        state: `approved` when the policy approved it, else `validated`, `rejected`, or `candidate` where a
            gate had no figure to judge by.
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
    facts: Mapping[str, Any],
    on_progress: OnProgress,
) -> Registered:
    """Number the model in MLflow, record it in Postgres, and let the policy take it on if the gates passed.

    All of it is one transaction. If it fails the version is taken out of MLflow again.

    Args:
        facts: for `model_versions.facts`.

    Raises:
        Unavailable: MLflow or Postgres is away.
    """
    entry = _entry(context, logged, snapshot, judgement, facts)
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
        tags,
        f"Trained on {snapshot.hash[:12]}; gates {gates}.",
        lambda version: _record(context, version, entry, judgement),
    )
    on_progress(_outcome(registered), None)
    if registered.deployed:
        follow_champion(context, registry, on_progress)
    return registered


def _entry(
    context: TrainingContext,
    logged: LoggedRun,
    snapshot: Snapshot,
    judgement: Judgement,
    facts: Mapping[str, Any],
) -> Entry:
    return Entry(
        run_id=logged.run_id,
        state=judgement.state,
        snapshot=snapshot.hash,
        trained_through=snapshot.trained_through,
        algorithms=judgement.recipe.algorithms,
        hyperparameters=judgement.recipe.hyperparameters,
        metrics=judgement.comparison.metrics,
        gates=judgement.gates,
        facts=facts,
        requested_by=context.actor,
    )


def _record(context: TrainingContext, version: int, entry: Entry, judgement: Judgement) -> Registered:
    note = judgement.objection or ("" if context.deploy else "It was trained without deployment.")
    if not note:
        try:
            return _write(context, version, entry, judgement, note)
        except Conflict:
            note = "The champion was changed while this version was trained: it was compared with another."
    return _write(context, version, entry, judgement, note)


def _write(
    context: TrainingContext, version: int, entry: Entry, judgement: Judgement, note: str
) -> Registered:
    """One transaction: the version, and unless there is a note against it, what the policy does with it."""
    with context.engine.begin() as connection:
        semantic_version = enter(connection, version, entry, None)
        onward = Onward(judgement.state, False, note)
        if not note:
            onward = onward_within(
                connection,
                version,
                policy=context.policy,
                trigger=context.trigger,
                evidence={
                    **judgement.evidence,
                    "trigger": context.trigger,
                    "requested_by": context.requested_by,
                },
                compared_with=judgement.deployment.champion,
                clock=context.clock,
            )
    return Registered(
        version,
        semantic_version,
        onward.state,
        onward.deployed,
        onward.note,
        entry.run_id,
        entry.snapshot,
        judgement,
    )


def _outcome(registered: Registered) -> str:
    name = f"Version {registered.version} ({registered.semantic_version})"
    if registered.deployed:
        return f"{name} is the champion."
    return f"{name} is {registered.state}. {registered.note}"
