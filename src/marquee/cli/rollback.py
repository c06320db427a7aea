"""`marquee rollback`: back to a model that served before."""

import json
from typing import Annotated

import typer

from marquee.cli.database import open_database
from marquee.cli.reasons import Reason


def rollback(
    reason: Reason,
    to: Annotated[
        int | None, typer.Option(min=1, help="A version that has served. [default: the previous champion]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the deployment as JSON.")] = False,
) -> None:
    """Make the previous champion, or another version that has served, the champion again.

    The workers follow within moments and refuse nobody; MLflow's alias follows too. The audit records it. A
    rollout that goes is aborted. A version that has left can be returned to until its purge deadline.

    Exit codes: 0 done; 2 no reason; 4 no such version; 5 nothing to go back to, or the version does
    not allow it.

    Example: marquee rollback --to 3 --reason "version 4 is damaged"
    """
    from marquee.cli.following import whoami
    from marquee.lifecycle.promotion import rollback as roll_back
    from marquee.lifecycle.promotion import rollback_days_of
    from marquee.settings import load_settings

    settings = load_settings()
    now = roll_back(
        open_database(settings),
        actor=f"shell:{whoami()}",
        reason=reason,
        to=to,
        rollback_days=rollback_days_of(settings.configs_dir / "policy.yaml"),
    )
    facts = {"champion": now.champion, "previous": now.previous, "revision": now.revision}
    typer.echo(
        json.dumps(facts, indent=2)
        if as_json
        else f"Version {now.champion} is the champion; {_way_back(now.previous)}."
    )


def _way_back(previous: int | None) -> str:
    if previous is None:
        return "there is no way back but to a version by name"
    return f"another rollback would go to version {previous}"
