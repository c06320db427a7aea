"""Wiring of the command line, and the one place where an error becomes a line and an exit code."""

import json
import sys

import typer

from marquee.cli import (
    audit,
    bootstrap,
    data,
    doctor,
    evaluate,
    jobs,
    keys,
    models,
    reviews,
    rollback,
    rollout,
    train,
    tune,
    up,
)
from marquee.domain.errors import MarqueeError
from marquee.store.engine import unavailable_when_away

app = typer.Typer(
    name="marquee",
    help="Marquee, a self-hosted recommender platform. Start with `marquee up`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("up")(up.up)
app.command("down")(up.down)
app.command("doctor")(doctor.doctor)
app.command("bootstrap")(bootstrap.bootstrap)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("rollback")(rollback.rollback)
app.command("tune")(tune.tune)
app.add_typer(data.app, name="data")
models.app.command("card")(reviews.card)
models.app.command("review")(reviews.review)
models.app.command("checklist")(reviews.checklist)
app.add_typer(models.app, name="models")
app.add_typer(rollout.app, name="rollout")
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")


def main() -> None:
    """Run the command; a known error is one line on standard error, JSON with `--json`, and its exit code."""
    try:
        with unavailable_when_away():
            app()
    except MarqueeError as error:
        as_json = "--json" in sys.argv[1:]
        typer.echo(json.dumps({"error": error.to_dict()}) if as_json else f"error: {error}", err=True)
        sys.exit(error.exit_code)
