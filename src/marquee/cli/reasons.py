"""The `--reason` of commands: what somebody reads later must show something."""

from typing import Annotated

import typer


def shown(value: str) -> str:
    """A reason, if it shows something."""
    from marquee.domain.words import shows_something

    if not shows_something(value):
        raise typer.BadParameter("it shows nothing: say why.")
    return value


def shown_if_any(value: str) -> str:
    """The same where none is needed: an empty one is none."""
    return shown(value) if value else value


Reason = Annotated[str, typer.Option(help="Why; it stands in the audit.", callback=shown)]
