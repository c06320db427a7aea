"""A candidate judged again: there was nothing to compare it by, and now there may be."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marquee.domain.errors import Conflict, InvalidInput
from marquee.domain.words import shows_something
from marquee.lifecycle import judge_within
from marquee.lifecycle.states import State
from marquee.models.arrays import blas_threads
from marquee.registry.client import RegistryClient
from marquee.store import versions
from marquee.training.artifact import ArtifactVerdict, judge_bundle
from marquee.training.context import TrainingContext
from marquee.training.entry import deploy_within, follow_champion, may_deploy, promotion_by
from marquee.training.judgement import findings, open_version
from marquee.training.progress import OnProgress
from marquee.training.snapshot import read_platform


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What came of it; `note` says why the version does not serve, and is empty when it does."""

    version: int
    state: str
    deployed: bool
    note: str
    verdict: ArtifactVerdict

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        named = {name: getattr(self, name) for name in ("version", "state", "deployed", "note")}
        return {**named, "metrics": self.verdict.metrics, **self.verdict.evidence}


def judge_version(context: TrainingContext, version: int, on_progress: OnProgress) -> Rejudged:
    """Judge a candidate as it is, beside the champion's bundle, on ratings that neither has learnt from.

    It becomes validated or rejected; where there are still too few such ratings nothing is changed. It is
    deployed only if `context.deploy` says so, and then whatever the gates say; where a champion serves, the
    policy must allow that.

    Raises:
        NotFound: there is no such version.
        Conflict: it is no candidate, or was judged or the deployment changed meanwhile; nothing is changed.
        InvalidInput: it is to be deployed, and there is no reason.
        Forbidden: it is to be deployed, and the policy does not allow that.
        Unavailable: MLflow or Postgres is away.
    """
    if context.deploy and not shows_something(context.reason):
        raise InvalidInput("There is no reason.", hint="Say why the version is to be deployed.")
    may_deploy(context)
    with context.engine.connect() as connection:
        state = versions.get(connection, version).state
    if state != "candidate":
        raise Conflict(
            f"Version {version} is {state}: it has been judged.", hint="`marquee models show` has its gates."
        )
    context.home.mkdir(parents=True, exist_ok=True)
    with (
        blas_threads(context.threads),
        RegistryClient(context.mlflow) as registry,
        tempfile.TemporaryDirectory(prefix=".judge-", dir=context.home) as scratch,
    ):
        tables = read_platform(context.engine)
        bundle = open_version(registry, version, Path(scratch))
        verdict = judge_bundle(context, bundle, tables, registry, Path(scratch), on_progress)
        for line in findings(verdict, verdict.comparison):
            on_progress(line, None)
        rejudged = _record(context, version, verdict, registry)
        if rejudged.deployed:
            follow_champion(context, registry, on_progress)
    return rejudged


def _record(
    context: TrainingContext, version: int, verdict: ArtifactVerdict, registry: RegistryClient
) -> Rejudged:
    """One transaction: what the gates made of it, and if a person wants it, its promotion."""
    state: State = "validated" if context.deploy else verdict.state
    if state == "candidate":
        return Rejudged(version, state, False, verdict.objection, verdict)
    promotion = promotion_by(context, verdict) if context.deploy else None
    # Before the transaction: should Postgres refuse it, the same command writes the tag once more.
    registry.set_tag(version, "gates", "passed" if verdict.passed else "failed")
    with context.engine.begin() as connection:
        judge_within(
            connection,
            version,
            state,
            metrics=verdict.metrics,
            gates=verdict.gates,
            actor=context.actor,
            reason=context.reason or "Judged on ratings newer than what it has learnt from.",
            evidence=verdict.evidence,
        )
        if promotion is not None:
            deploy_within(connection, version, promotion)
    note = "" if context.deploy else verdict.objection or "It waits for a person to deploy it."
    return Rejudged(version, "approved" if context.deploy else state, context.deploy, note, verdict)
