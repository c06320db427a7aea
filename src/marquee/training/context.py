"""What a training works with."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from marquee.domain.clock import Clock, system_clock
from marquee.settings import MlflowConnection, Params, Policy, Serving


@dataclass(frozen=True, slots=True)
class TrainingContext:
    """What a training works with, and on whose behalf.

    Attributes:
        home: the state folder: snapshots, and room for files on their way to MLflow.
        trigger: what asked for it: `schedule`, `new data`, `api`, `command line`, `bootstrap`, …
        deploy: whether the policy may take a version on that passes the gates; a person's import or judgement
            is deployed by it whatever they say.
        threads: of the linear algebra; 1 gives the same arrays on every machine of a kind.
    """

    engine: Engine
    home: Path
    mlflow: MlflowConnection
    params: Params
    policy: Policy
    serving: Serving
    trigger: str
    requested_by: str
    reason: str = ""
    deploy: bool = True
    threads: int = 1
    clock: Clock = system_clock

    @property
    def actor(self) -> str:
        """Who asked, as the audit names people: `command line:ada`, `operator:ann`, `schedule:…`."""
        return self.requested_by if ":" in self.requested_by else f"{self.trigger}:{self.requested_by}"
