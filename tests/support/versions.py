"""Versions in every state, with figures as a training leaves them, and rollouts that have ended."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from marquee.lifecycle.rollout_plan import Plan
from marquee.settings import load_policy
from marquee.store import audit, rollouts, versions
from marquee.store.versions import ModelVersion
from tests.support.world import NOW, SNAPSHOT

POLICY = Path(__file__).parents[2] / "configs" / "policy.yaml"
ALGORITHMS = {"rating": "biases", "ranking": "ease"}
HYPERPARAMETERS = {"ranking": {"regularization": 10.0}}
METRICS: Mapping[str, Any] = {
    "k": 10,
    "liked": 4.0,
    "known": {"users": 30, "ratings": 210, "rmse": 0.9123, "ndcg": 0.4321},
    "new": {"users": 10, "ratings": 70, "rmse": 1.0456, "ndcg": 0.2109},
    "baselines": {"known": {"users": 30, "rmse": 1.1111, "ndcg": 0.2222}},
    "intervals": {"known": {"ndcg": [0.4011, 0.4622]}},
}
PASSED: Mapping[str, Any] = {
    "name": "known.ndcg",
    "kind": "quality",
    "passed": True,
    "judged": True,
    "candidate": 0.4321,
    "rival": 0.4300,
    "than": "champion",
    "margin": 0.01,
    "low": -0.0033,
    "high": 0.0077,
    "reason": "known.ndcg: 0.4321 against 0.4300; 0.01 worse is allowed.",
}
SLICED: Mapping[str, Any] = {
    "name": "gender.ndcg",
    "kind": "slices",
    "passed": True,
    "judged": True,
    "candidate": None,
    "rival": None,
    "margin": 0.02,
    "reason": "No group by gender loses more than 0.02 of nDCG.",
    "groups": [
        {"name": "F", "people": 18, "difference": 0.0012, "low": -0.011, "high": 0.013, "outcome": "passed"},
        {"name": "M", "people": 4, "difference": None, "low": None, "high": None, "outcome": "not judged"},
    ],
}
FAILED: Mapping[str, Any] = {**PASSED, "passed": False, "candidate": 0.31, "reason": "0.12 worse."}
VERDICT: Mapping[str, Any] = {
    "verdict": "worse",
    "reason": "It is worse in positive.",
    "findings": [
        {
            "metric": "positive",
            "verdict": "worse",
            "estimate": -0.021,
            "low": -0.034,
            "high": -0.008,
            "champion": 0.052,
            "challenger": 0.031,
            "observations": 4321,
            "margin": 0.1,
            "reason": "The whole interval is below 0.",
        }
    ],
}

VERSION = ModelVersion(
    version=3,
    semantic_version="1.0.2",
    state="validated",
    run_id="run-3",
    snapshot="ab" * 32,
    trained_through=NOW,
    algorithms={"rating": "svd", "ranking": "ease"},
    hyperparameters={"rating": {"n_factors": 4}},
    metrics=METRICS,
    gates=(PASSED, SLICED),
    created_at=NOW,
    facts={"seed": 7},
    requested_by="shell:ann",
)


def plant_version(connection: Connection, version: int, state: str = "validated", **more: Any) -> None:
    """A version of the world's snapshot; `more` are columns that are to be different."""
    facts: dict[str, Any] = {
        "semantic_version": f"1.0.{version}",
        "run_id": f"run-{version}",
        "snapshot": SNAPSHOT,
        "trained_through": NOW,
        "algorithms": ALGORITHMS,
        "hyperparameters": HYPERPARAMETERS,
        "metrics": METRICS,
        "gates": [dict(PASSED), dict(SLICED)],
        "facts": {"seed": 7, "python": "3.11.9"},
        "requested_by": "shell:ann",
    }
    versions.add(connection, version=version, state=state, **{**facts, **more})


def plant_ended_rollout(connection: Connection, challenger: int, champion: int) -> int:
    """A rollout that was sent back from its first share of the people; returns its number."""
    began = datetime(2026, 1, 2, 12, tzinfo=UTC)
    made = rollouts.add(
        connection,
        challenger=challenger,
        champion=champion,
        preset="canary",
        plan=Plan.of(load_policy(POLICY), "canary").to_dict(),
        salt="5a17",
        requested_by="operator:ann",
        reason="the new recipe",
        at=began,
    )
    number = made.rollout_id
    for action in ("start rollout", "end rollout"):
        audit.append(
            connection,
            actor="operator:ann",
            action=action,
            subject=f"rollout {number}",
            reason="the new recipe",
            evidence={},
        )
    rollouts.begin_step(connection, number, step=1, state="canary", share=0.05, at=began)
    rollouts.note_verdict(connection, number, VERDICT, began + timedelta(minutes=9))
    rollouts.end_step(connection, number, began + timedelta(minutes=10))
    rollouts.change(
        connection,
        number,
        expected_revision=0,
        state="rolled_back",
        ended_at=began + timedelta(minutes=10),
        outcome="worse in positive",
    )
    return number
