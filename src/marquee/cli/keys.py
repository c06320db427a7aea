"""`marquee keys …`: API keys."""

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from marquee.cli.console import wide_console
from marquee.cli.database import open_database

app = typer.Typer(
    help="API keys: create, list, revoke.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Name = Annotated[str, typer.Argument(help="What the key is called.")]


@app.command()
def create(
    name: Name,
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope", help="read, write, operate or admin; each holds those before it. Repeatable."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Make a key and print it. It cannot be shown again: only its hash is kept.

    Example: marquee keys create nightly-import --scope read --scope write --json
    """
    from marquee.cli.following import whoami
    from marquee.lifecycle import keys

    with open_database().begin() as connection:
        key = keys.create(connection, name, scope, actor=f"shell:{whoami()}")
    typer.echo(json.dumps({"key": key}) if as_json else key)


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys there are, without their secrets.

    Example: marquee keys list
    """
    from marquee.store import keys

    with open_database().connect() as connection:
        found = keys.list_all(connection)
    if as_json:
        rows = [
            {
                "name": key.name,
                "prefix": key.prefix,
                "scopes": list(key.scopes),
                "created_at": key.created_at.isoformat(),
            }
            for key in found
        ]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    table = Table("name", "begins", "scopes", "made", box=None)
    for key in found:
        table.add_row(escape(key.name), key.prefix, " ".join(key.scopes), f"{key.created_at:%Y-%m-%d %H:%M}")
    wide_console().print(table)


@app.command()
def revoke(name: Name) -> None:
    """Revoke a key: it opens nothing any more, on any worker.

    Example: marquee keys revoke nightly-import
    """
    from marquee.cli.following import whoami
    from marquee.lifecycle import keys

    with open_database().begin() as connection:
        keys.revoke(connection, name, actor=f"shell:{whoami()}")
    typer.echo(f"Revoked {name}.")
