"""`marquee jobs …`: runs of the retraining service, past, present and wanted."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from marquee.cli.database import open_database
from marquee.cli.reasons import shown_if_any
from marquee.domain.errors import MarqueeError

if TYPE_CHECKING:  # at run time they come with the command: `--help` has no use for them
    from marquee.store.runs import Run

app = typer.Typer(
    help="Trainings: list, start, read their logs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
_LINE = "{:<36}  {:<12}  {:<9}  {:<19}  {:>8}  {}"
_STYLES = {"failed": "red", "running": "cyan", "queued": "yellow"}


@app.command("list")
def list_runs(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs: what asked for them, how they ended, how long they took.

    Example: marquee jobs list --limit 5
    """
    from marquee.store import runs

    with open_database().connect() as connection:
        found = runs.list_page(connection, limit=limit)
    if as_json:
        typer.echo(json.dumps([_as_dict(run) for run in found], indent=2))
        return
    console = Console()
    header = _LINE.format("run", "trigger", "state", "asked for", "took", "outcome")
    console.print(header, style="bold", highlight=False, soft_wrap=True)
    for run in found:
        asked = f"{run.created_at:%Y-%m-%d %H:%M:%S}"
        line = _LINE.format(run.run_id, run.trigger, run.state, asked, _took(run), _end(run))
        console.print(line, style=_STYLES.get(run.state), highlight=False, soft_wrap=True, markup=False)


@app.command()
def run(
    reason: Annotated[
        str, typer.Option(help="Why; it stands in the run's row and in the audit.", callback=shown_if_any)
    ] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Show its log, and return when it has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the retraining service to train now.

    Exit codes: 0 queued, or with --wait succeeded; with --wait 1 the run failed.

    Example: marquee jobs run --reason "new films since Monday" --wait
    """
    from marquee.cli.following import follow, outcome, whoami
    from marquee.store import runs
    from marquee.training.queue import enqueue

    engine = open_database()
    with engine.begin() as connection:
        before = [*runs.in_state(connection, "running"), *runs.in_state(connection, "queued")]
        asked = enqueue(connection, trigger="command line", requested_by=whoami(), reason=reason)
    if not as_json:
        behind = ", ".join(f"{run.run_id} ({_place(run)})" for run in before)
        typer.echo(f"Run {asked.run_id} is queued" + (f"; it waits for {behind}." if behind else "."))
    ended = follow(engine, asked.run_id, None if as_json else Console()) if wait else None
    if as_json:
        typer.echo(json.dumps(_as_dict(ended or asked), indent=2))
    elif ended is not None and ended.state == "succeeded":
        typer.echo(outcome(ended))
    if ended is not None and ended.state == "failed":
        raise MarqueeError(str(ended.error))


@app.command()
def log(
    run_id: Annotated[str, typer.Argument(help="As `marquee jobs list` shows it.")],
    follow: Annotated[bool, typer.Option("--follow", help="Go on until the run has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a run has said.

    Example: marquee jobs log 0199a1b2-… --follow
    """
    from marquee.cli import following
    from marquee.store import runs

    engine = open_database()
    with engine.connect() as connection:
        runs.get(connection, run_id)  # NotFound, rather than an empty log
        lines = runs.log_lines(connection, run_id) if as_json else []
    if as_json:
        typer.echo(json.dumps([{**asdict(line), "at": line.at.isoformat()} for line in lines], indent=2))
    elif follow:
        following.follow(engine, run_id, Console())
    else:
        following.show_all(engine, run_id, Console())


def _as_dict(run: "Run") -> dict[str, object]:
    values = asdict(run)
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }


def _place(run: "Run") -> str:
    return run.state if run.step is None else f"{run.state}: {run.step}"


def _took(run: "Run") -> str:
    if run.started_at is None or run.finished_at is None:
        return ""
    return f"{(run.finished_at - run.started_at).total_seconds():.1f} s"


def _end(run: "Run") -> str:
    if run.error is not None:
        return run.error
    if run.model_version is not None:
        return f"version {run.model_version}{', deployed' if run.result.get('deployed') else ''}"
    return run.step or ""
