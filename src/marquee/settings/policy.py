"""configs/policy.yaml: when to train, and what a new model must show before it may serve."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from marquee.settings.documents import Document, load_document


class Triggers(Document):
    cron: str | None = "0 3 * * *"
    new_ratings: Annotated[int, Field(ge=1)] | None = 1000

    @field_validator("cron")
    @classmethod
    def _is_schedule(cls, expression: str | None) -> str | None:
        from apscheduler.triggers.cron import CronTrigger  # few processes read the policy

        if expression is not None:
            try:
                CronTrigger.from_crontab(expression)
            except ValueError as error:
                raise ValueError(
                    f"no cron expression ({error}); it has five fields, in UTC: minute, hour, day, "
                    'month, weekday, such as "0 3 * * *"'
                ) from error
        return expression


class GateRule(Document):
    """A metric of the candidate's recipe may be worse than the champion's by at most `margin`."""

    metric: Literal["rmse", "mae", "precision", "recall", "ndcg"]
    group: Literal["known", "new"]
    margin: Annotated[float, Field(ge=0)]


class Policy(Document):
    triggers: Triggers = Triggers()
    gates: tuple[GateRule, ...]


def load_policy(path: Path) -> Policy:
    """Read `policy.yaml`; raises ConfigurationError naming the file and the key."""
    return load_document(path, Policy)
