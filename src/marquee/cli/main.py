"""Wiring of the command line, and the one place where an error becomes a line and an exit code."""

import sys

import typer

from marquee.cli import bootstrap, data, doctor, jobs, keys, models, train, tune, up
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
app.command("tune")(tune.tune)
app.add_typer(data.app, name="data")
app.add_typer(models.app, name="models")
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")


def main() -> None:
    """Run the command; a known error is one line on standard error and its own exit code."""
    try:
        with unavailable_when_away():
            app()
    except MarqueeError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
