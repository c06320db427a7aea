"""`marquee audit …`: whether the record of what was done is whole."""

import json
from typing import Annotated

import typer

from marquee.cli.database import open_database

app = typer.Typer(
    help="The audit log: verify it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


_KEEP = "Keep the head: only `--head HASH` of one kept earlier shows rows cut off at the end."


@app.callback()
def audit() -> None:
    """Keep `verify` a command of its own, though it is the only one."""


@app.command()
def verify(
    head: Annotated[
        str | None, typer.Option(help="A hash that was the head once, as a card or a backup names it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Find a row of the audit log that was changed, or is missing.

    Each row carries the hash of the one before, so a change, a gap or a new order shows. Rows cut off at the
    end leave no gap: they show by what was noted of them elsewhere, in reviews and in the deployment, and by
    a head that you kept: give it with --head.

    Exit codes: 0 it is whole; 1 it is not.

    Example: marquee audit verify --head 9f2c…
    """
    from marquee.store.audit_check import check

    with open_database().connect() as connection:
        found = check(connection, head=head)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2))
    else:
        typer.echo(f"{found.rows} rows; head {found.head}")
        for fault in found.faults:
            typer.echo(f"FAULT: {fault}")
        if found.is_whole:
            typer.echo("The log is whole." if head else f"The log is whole, as far as it goes. {_KEEP}")
    if not found.is_whole:
        raise typer.Exit(1)
