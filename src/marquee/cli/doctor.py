"""`marquee doctor`: what is wrong, and what to do about it."""

import dataclasses
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from marquee.settings import load_settings


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON objects.")] = False,
) -> None:
    """Look at this machine, the state folder and each part of the platform, running or not.

    Exit codes: 0 everything is as it should be; 1 something is not.

    Example: marquee doctor
    """
    from marquee.stack.checks import examine  # it imports NumPy and SQLAlchemy: not for `marquee --help`

    all_well = True
    console = Console()
    for finding in examine(load_settings()):
        all_well = all_well and finding.ok
        if as_json:
            typer.echo(json.dumps(dataclasses.asdict(finding)))
            continue
        mark = "[green]✓[/green]" if finding.ok else "[red]✗[/red]"
        console.print(
            f"{mark} {escape(finding.subject)}: {escape(finding.detail)}", highlight=False, soft_wrap=True
        )
    raise typer.Exit(0 if all_well else 1)
