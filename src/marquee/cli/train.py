"""`marquee train`: a training here and now."""

import json
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from marquee.cli.database import open_database
from marquee.cli.reasons import shown_if_any


def train(
    params: Annotated[
        Path | None,
        typer.Option(help="Another recipe than configs/params.yaml.", exists=True, dir_okay=False),
    ] = None,
    rating: Annotated[
        str | None, typer.Option(help="The model of stars, with its defaults: svd, bayes-svdpp, biases.")
    ] = None,
    ranking: Annotated[
        str | None,
        typer.Option(help="The model of the order: ease, ials, item-knn, content, vae, popularity, blend."),
    ] = None,
    reason: Annotated[
        str, typer.Option(help="Why; it stands in the run's row and in the audit.", callback=shown_if_any)
    ] = "",
    no_deploy: Annotated[
        bool, typer.Option("--no-deploy", help="Register the version, but leave the champion in its place.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what came of it as JSON.")] = False,
) -> None:
    """Train a model on the ratings in the platform, judge and register it.

    When every gate passes, a version of the champion's recipe takes over, and so does the very first one;
    another recipe waits for a review.

    It runs on this machine, beside the services, and shows what it does. `marquee jobs run` asks the
    retraining service for the same.

    Exit codes: 0 a version was registered, deployed or not; 5 another training runs; 130 Ctrl-C; else the
    error's own.

    Examples: marquee train --params configs/params.yaml --reason "more factors" --no-deploy

              marquee train --rating bayes-svdpp --ranking ease
    """
    from marquee.cli.following import follow, outcome, whoami
    from marquee.domain.errors import Unavailable
    from marquee.settings.params import Params, with_algorithms
    from marquee.training.process import TrainingProcess, describe_end
    from marquee.training.queue import bury_the_dead, new_run_id

    with_algorithms(Params(), rating, ranking)  # an unknown name is refused before a run is made of it
    run_id = new_run_id()
    arguments = [
        f"--run-id={run_id}",
        "--trigger=command line",
        f"--requested-by={whoami()}",
        f"--reason={reason}",
    ]
    if params is not None:
        arguments.append(f"--params={params.absolute()}")
    arguments += [f"--{role}={name}" for role, name in (("rating", rating), ("ranking", ranking)) if name]
    if no_deploy:
        arguments.append("--no-deploy")
    if as_json:
        arguments.append("--json")
    engine = open_database()
    process = TrainingProcess(arguments, quiet=True)
    try:
        console = None if as_json else Console()
        run = follow(engine, run_id, console, is_going=lambda: process.exit_status() is None)
        status = process.wait()
    except KeyboardInterrupt as interrupt:
        process.stop()
        bury_the_dead(engine, "stopped by a person", patience=2.0)
        typer.echo(f"Stopped. `marquee jobs log {run_id}` shows how far it came.", err=True)
        raise typer.Exit(128 + signal.SIGINT) from interrupt
    if status < 0:
        cause = f"the training's process ended with {describe_end(status)}"
        bury_the_dead(engine, cause, patience=2.0)
        raise Unavailable(f"The training was interrupted: {cause}.")
    if status != 0:  # the process has said why
        raise typer.Exit(status)
    if run is not None:
        typer.echo(json.dumps(run.result, indent=2) if as_json else outcome(run))
