"""`marquee models card|review|checklist`: what a person looks at, and says, before a version serves."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Column, Table

from marquee.cli.console import wide_console
from marquee.cli.database import open_database
from marquee.cli.models import AsJson
from marquee.cli.reasons import shown
from marquee.domain.errors import InvalidInput, Unavailable

if TYPE_CHECKING:  # at run time they come with the command: `--help` has no use for them
    from collections.abc import Sequence

    from marquee.lifecycle.checklist import Item
    from marquee.reporting.model import Report

Version = Annotated[int, typer.Argument(min=1, help="The registry's number.")]
_COLOURS = {"ok": "green", "not yet": "yellow", "failed": "red"}


def card(
    version: Version,
    to: Annotated[
        Path | None, typer.Option(help="FILE.html or FILE.md. [default: Markdown, on the terminal]")
    ] = None,
) -> None:
    """Write a version's model card: use, data, figures, gates, limits, risks, reviews, rollouts, lineage.

    The owner's own words come from configs/card.yaml, where there is one.

    Exit codes: 0 it is written; 2 the file's name ends otherwise; 4 no such version; 7 the disk refuses; 9
    card.yaml is wrong.

    Example: marquee models card 3 --to card.html
    """
    from marquee.lifecycle.card import card_of
    from marquee.reporting.card import card_report
    from marquee.settings import load_settings

    if to is not None and to.suffix not in (".html", ".md"):
        raise InvalidInput(f"{to.name} is neither HTML nor Markdown.", hint="End it in .html or .md.")
    settings = load_settings()
    with open_database(settings).connect() as connection:
        report = card_report(card_of(connection, version, settings))
    _write(report, to)


def review(
    version: Version,
    comment: Annotated[str, typer.Option(help="What you looked at, and why you decide so.", callback=shown)],
    approve: Annotated[bool, typer.Option("--approve", help="You say yes.")] = False,
    decline: Annotated[bool, typer.Option("--decline", help="You say no.")] = False,
    part: Annotated[
        Literal["technical", "business"], typer.Option(help="What you answer for.")
    ] = "technical",
    as_json: AsJson = False,
) -> None:
    """Approve or decline a version that the gates let pass.

    configs/policy.yaml says which parts must be signed: two parts are signed by two people. One who declines
    ends it.

    Exit codes: 0 it is recorded; 2 neither or both are said, or no comment; 4 no such version; 5 it is not
    validated, or the part is signed; 6 the policy does not let you approve it.

    Example: marquee models review 3 --approve --part technical --comment "New people gain, nobody loses."
    """
    from marquee.cli.following import whoami
    from marquee.lifecycle.review import review as give
    from marquee.settings import load_policy, load_settings

    if approve == decline:
        said_what = "Both are said" if approve else "Nothing is decided"
        raise InvalidInput(f"{said_what}.", hint="Say --approve or --decline.")
    settings = load_settings()
    done = give(
        open_database(settings),
        version,
        part=part,
        decision="approve" if approve else "decline",
        comment=comment,
        reviewer=f"shell:{whoami()}",
        policy=load_policy(settings.configs_dir / "policy.yaml").review,
    )
    if as_json:
        said = {"version": version, "state": done.state, "missing": done.missing, "part": part}
        typer.echo(json.dumps(said, indent=2))
        return
    missing = f"; still to be signed: {', '.join(done.missing)}" if done.state == "validated" else ""
    typer.echo(f"Version {version} is {done.state}{missing}.")


def checklist(version: Version, as_json: AsJson = False) -> None:
    """Look at what must hold before, and while, a version serves; every item says what it rests on.

    Exit codes: 0 everything is ok; 1 something is not; 4 no such version.

    Example: marquee models checklist 3
    """
    from dataclasses import asdict

    from marquee.lifecycle.checklist import checklist as look
    from marquee.settings import load_settings

    settings = load_settings()
    items = look(open_database(settings), version, settings)
    if as_json:
        typer.echo(json.dumps([asdict(item) for item in items], indent=2))
    else:
        _show(items)
    if any(item.state != "ok" for item in items):
        raise typer.Exit(1)


def _show(items: "Sequence[Item]") -> None:
    """On a terminal a table, its evidence folded to fit; else a line an item, for `grep`."""
    console = wide_console()
    if not console.is_terminal:
        for item in items:
            typer.echo(f"{item.state}: {item.name}: {item.evidence}")
        return
    table = Table("item", "state", Column("evidence", overflow="fold"), box=None)
    for item in items:
        table.add_row(item.name, f"[{_COLOURS[item.state]}]{item.state}[/]", escape(item.evidence))
    console.print(table)


def _write(report: "Report", to: Path | None) -> None:
    from marquee.reporting.render import to_html, to_markdown

    if to is None:
        typer.echo(to_markdown(report), nl=False)
        return
    try:
        to.write_text(to_html(report) if to.suffix == ".html" else to_markdown(report), encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"{to} cannot be written: {error.strerror}.") from error
    typer.echo(f"{to} is written.")
