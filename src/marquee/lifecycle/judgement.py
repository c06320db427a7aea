"""What the gates say of a candidate: one transaction for its state, its figures and the audit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from marquee.evaluation.gates import Gate
from marquee.lifecycle.states import State, check_move
from marquee.store import audit, versions


def judge_within(
    connection: Connection,
    version: int,
    state: State,
    *,
    metrics: Mapping[str, Any],
    gates: Sequence[Gate],
    actor: str,
    reason: str,
    evidence: Mapping[str, Any],
) -> None:
    """Move a version on to what the gates, or a person against them, made of it.

    Raises:
        NotFound: there is no such version.
        Conflict: its state does not allow it, or was changed meanwhile.
    """
    before = versions.get(connection, version).state
    check_move(version, before, state)
    versions.set_judgement(
        connection,
        version,
        expected=before,
        state=state,
        metrics=metrics,
        gates=[asdict(gate) for gate in gates],
    )
    audit.append(
        connection,
        actor=actor,
        action="judge",
        subject=f"version {version}",
        reason=reason,
        evidence={**evidence, "state": state},
    )
