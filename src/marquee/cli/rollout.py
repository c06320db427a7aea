"""`marquee rollout …`: a version's way to the people, step by step, and back."""

import json
import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from marquee.cli.console import wide_console
from marquee.cli.database import open_database
from marquee.cli.reasons import Reason
from marquee.domain.errors import NotFound

if TYPE_CHECKING:  # at run time they come with the command: `--help` has no use for them
    from rich.console import Console
    from sqlalchemy import Connection, Engine

    from marquee.store.rollouts import Rollout

app = typer.Typer(
    help="Rollouts: start, watch, advance, abort.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
RolloutId = Annotated[
    int | None, typer.Argument(min=1, help="Its number. [default: the one that goes, or the last]")
]
_POLL_SECONDS, _SILENCE_SECONDS = 1.0, 60.0
_INCONCLUSIVE, _SENT_BACK = 10, 11  # done in part, not passed: as with the other commands


@app.command()
def start(
    version: Annotated[int, typer.Argument(min=1, help="An approved version.")],
    reason: Reason,
    preset: Annotated[
        str | None, typer.Option(help="Of policy.yaml, such as canary. [default: the policy's]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the rollout of an approved version. The retraining service takes it on from there.

    Exit codes: 0 it is planned; 2 no reason, or no such preset; 4 no such version; 5 its state does not
    allow it, or another rollout goes.

    Example: marquee rollout start 4 --preset canary --reason "better nDCG for new people"
    """
    from marquee.lifecycle import rollouts as lifecycle
    from marquee.settings import load_policy, load_settings

    settings = load_settings()
    policy = load_policy(settings.configs_dir / "policy.yaml")
    rollout = lifecycle.start(
        open_database(settings), version, preset=preset, policy=policy, actor=_actor(), reason=reason
    )
    _tell(rollout, as_json, "`marquee rollout status --follow` shows how it goes.")


@app.command()
def status(
    rollout_id: RolloutId = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until it has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a rollout: where it is, what the judge says, and what it waits for.

    With --follow a line with the time follows whenever the judge has seen more, and at least once a minute.

    Exit codes: 0; 4 there is no such rollout, or none yet; with --follow also 10 it ended inconclusive
    (a part stays open), 11 it was rolled back or aborted (the model did not pass).

    Example: marquee rollout status --follow
    """
    engine = open_database()
    rollout = _found(engine, rollout_id)
    if follow:
        rollout = _follow(engine, rollout.rollout_id, quiet=as_json)
    if as_json:
        with engine.connect() as connection:
            typer.echo(json.dumps(_as_dict(connection, rollout), indent=2))
    elif not follow:
        with engine.connect() as connection:
            _show(connection, rollout, wide_console())
    if follow and rollout.state != "promoted":
        raise typer.Exit(_INCONCLUSIVE if rollout.state == "inconclusive" else _SENT_BACK)


@app.command()
def advance(
    reason: Reason,
    revision: Annotated[
        int, typer.Option(min=0, help="Of the rollout as you saw it; `rollout status` shows it.")
    ],
    rollout_id: RolloutId = None,
    overrule: Annotated[
        bool, typer.Option("--overrule", help="To champion, though the judge does not say that it may.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a rollout to its next stage without waiting for the judge; after the last, to champion.

    To champion only with the verdict better or not worse, or with --overrule, which the audit records.

    Exit codes: 0 done; 2 no reason or revision; 4 there is no such rollout; 5 it has ended, was changed
    since, workers still load its version, or its verdict does not carry it to champion.

    Example: marquee rollout advance --revision 3 --reason "shadow looks right"
    """
    from marquee.lifecycle import rollouts as lifecycle

    engine = open_database()
    seen = _found(engine, rollout_id)
    moved = lifecycle.advance(
        engine,
        seen.rollout_id,
        actor=_actor(),
        reason=reason,
        expected_revision=revision,
        overrule=overrule,
    )
    _tell(moved, as_json)


@app.command()
def abort(reason: Reason, rollout_id: RolloutId = None, as_json: AsJson = False) -> None:
    """End a rollout: the champion serves everybody, within moments.

    Exit codes: 0 done; 2 no reason; 4 there is no such rollout; 5 it has ended already.

    Example: marquee rollout abort --reason "wrong version"
    """
    from marquee.lifecycle import rollouts as lifecycle

    engine = open_database()
    seen = _found(engine, rollout_id)
    _tell(lifecycle.abort(engine, seen.rollout_id, actor=_actor(), reason=reason), as_json)


def _actor() -> str:
    from marquee.cli.following import whoami

    return f"shell:{whoami()}"


def _found(engine: "Engine", rollout_id: int | None) -> "Rollout":
    """The rollout of that number; without one that which goes, or the last."""
    from marquee.store import rollouts

    with engine.connect() as connection:
        if rollout_id is not None:
            return rollouts.get(connection, rollout_id)
        newest = rollouts.list_page(connection, limit=1)  # if one goes, it is that
    if not newest:
        raise NotFound("There was no rollout yet.", hint="`marquee rollout start VERSION` starts one.")
    return newest[0]


def _follow(engine: "Engine", rollout_id: int, *, quiet: bool) -> "Rollout":
    """Show a rollout until it has ended: whole at first and at last, and a line whenever something is new.

    On a terminal it is shown whole each time, in place.
    """
    from marquee.cli.rollout_tables import moment_line, news_of
    from marquee.store import rollouts

    console, last, told = wide_console(), None, -math.inf
    while True:
        with engine.connect() as connection:
            rollout = rollouts.get(connection, rollout_id)
            news = (news_of(rollout), rollout.judged_at if console.is_terminal else None)
            if not quiet and (news != last or time.monotonic() - told >= _SILENCE_SECONDS):
                if console.is_terminal:
                    console.clear()
                if console.is_terminal or last is None or not rollout.is_active:
                    _show(connection, rollout, console)
                else:
                    typer.echo(moment_line(rollout, datetime.now(UTC)))
                last, told = news, time.monotonic()
        if not rollout.is_active:
            return rollout
        time.sleep(_POLL_SECONDS)


def _tell(rollout: "Rollout", as_json: bool, more: str = "") -> None:
    if as_json:
        typer.echo(json.dumps(_facts(rollout), indent=2))
        return
    where = rollout.state.replace("_", " ") + (f", step {rollout.step}" if rollout.state == "canary" else "")
    typer.echo(f"Rollout {rollout.rollout_id} of version {rollout.challenger} is {where}. {more}".rstrip())


def _facts(rollout: "Rollout") -> dict[str, Any]:
    from dataclasses import asdict

    hidden = {"salt"}  # who knows it knows who is in the trial
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(rollout).items()
        if name not in hidden
    }


def _as_dict(connection: "Connection", rollout: "Rollout") -> dict[str, Any]:
    from marquee.store import rollouts

    steps = [
        {
            "step": step.step,
            "state": step.state,
            "share": step.share,
            "began_at": step.began_at.isoformat(),
            "ended_at": None if step.ended_at is None else step.ended_at.isoformat(),
        }
        for step in rollouts.steps(connection, rollout.rollout_id)
    ]
    return {**_facts(rollout), "steps": steps}


def _show(connection: "Connection", rollout: "Rollout", console: "Console") -> None:
    from marquee.cli.rollout_tables import findings_table, lines_of
    from marquee.store import rollouts

    for name, value in lines_of(rollout, rollouts.steps(connection, rollout.rollout_id)):
        console.print(f"{name and name + ':':<11}{value}", highlight=False, soft_wrap=True, markup=False)
    findings = (rollout.verdict or {}).get("findings")
    if findings:
        console.print(findings_table(findings))
