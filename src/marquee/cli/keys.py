"""`marquee keys …`: API keys."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from marquee.cli.console import wide_console
from marquee.cli.database import open_database
from marquee.domain.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy import Connection

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
    from marquee.store import keys

    with open_database().begin() as connection:
        _note(connection, "create key", name, {"scopes": sorted(set(scope))})
        key = keys.create(connection, name, scope)
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
    from marquee.store import keys

    with open_database().begin() as connection:
        _note(connection, "revoke key", name, {})
        if not keys.revoke(connection, name):
            raise NotFound(
                f"There is no key named {name!r}.", hint="`marquee keys list` shows those there are."
            )
    typer.echo(f"Revoked {name}.")


def _note(connection: "Connection", action: str, name: str, evidence: dict[str, Any]) -> None:
    """In the audit, before anything is changed: reviews and rollbacks name the key that asked for them."""
    from marquee.cli.following import whoami
    from marquee.store import audit

    audit.append(
        connection,
        actor=f"shell:{whoami()}",
        action=action,
        subject=f"key {name}",
        reason="",
        evidence=evidence,
    )
