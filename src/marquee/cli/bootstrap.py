"""`marquee bootstrap`: what a new platform needs before it can serve."""

import json
from typing import Annotated

import typer
from rich.console import Console

from marquee.settings import load_settings


def bootstrap(
    as_json: Annotated[bool, typer.Option("--json", help="Print each message as a JSON object.")] = False,
    new_operator_password: Annotated[
        bool, typer.Option("--new-operator-password", help="Give the operator a new password and show it.")
    ] = False,
    empty: Annotated[
        bool, typer.Option("--empty", help="Leave a new platform without sample data and without a model.")
    ] = False,
) -> None:
    """Bring a platform to where it can serve: schema, first data set, first model, operator. Safe to repeat.

    `marquee up` does this by itself. With Compose it is a service of its own.

    Example: marquee bootstrap
    """
    from marquee.stack.bootstrap import run  # it imports pandas, which `marquee --help` has no use for

    say = _as_json if as_json else _as_text
    prepared = run(
        load_settings(),
        lambda message: say({"message": message}),
        new_password=new_operator_password,
        empty=empty,
    )
    if prepared.password is not None:
        say({"operator_password": prepared.password})
    if as_json:
        typer.echo(json.dumps({"has_model": prepared.has_model}))


def _as_json(event: dict[str, str]) -> None:
    typer.echo(json.dumps(event))


def _as_text(event: dict[str, str]) -> None:
    for name, value in event.items():
        line = value if name == "message" else f"operator password: {value}"
        Console().print(line, highlight=False, markup=False, soft_wrap=True)
