"""What the gates say of a candidate, and which state follows."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from sqlalchemy import Engine

from marquee.evaluation.gates import Gate
from marquee.lifecycle.states import State
from marquee.store import deployment, versions
from marquee.store.deployment import Deployment
from marquee.store.versions import ModelVersion


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Verdict:
    """Whom a candidate was compared with, and what came of it.

    Attributes:
        champion: the version it was compared with; None when none is deployed.
        deployment: as it was when the comparison began.
        gates: beside the champion there are none for a first model, which has nobody to be worse than.
    """

    champion: ModelVersion | None
    deployment: Deployment
    gates: tuple[Gate, ...]

    def with_gates(self, *more: Gate) -> Self:
        """The verdict with what else was looked at."""
        return replace(self, gates=(*self.gates, *more))

    @property
    def passed(self) -> bool:
        return all(gate.passed for gate in self.gates)

    @property
    def state(self) -> State:
        """`candidate` where all that failed has no figure: it is neither good enough nor too bad."""
        if self.passed:
            return "validated"
        return "rejected" if any(gate.judged for gate in self.gates if not gate.passed) else "candidate"

    @property
    def objection(self) -> str:
        """Why the gates do not let it pass, in one sentence; empty when they do."""
        failed = [gate for gate in self.gates if not gate.passed]
        if not failed:
            return ""
        if self.state == "candidate":
            return failed[0].reason
        return f"Of {len(self.gates)} gates these failed: {', '.join(gate.name for gate in failed)}."

    @property
    def evidence(self) -> dict[str, Any]:
        """For the audit: the gates, and whom the candidate was compared with."""
        rival = None if self.champion is None else self.champion.version
        return {"compared_with": rival, "gates": [asdict(gate) for gate in self.gates]}


def champion_of(engine: Engine) -> tuple[ModelVersion | None, Deployment]:
    """The champion, and the deployment that says so."""
    with engine.connect() as connection:
        now = deployment.get(connection)
        return (None if now.champion is None else versions.get(connection, now.champion)), now
