"""`marquee up` and `marquee down`."""

from typing import Annotated

import typer
from rich.console import Console

from marquee.settings import load_settings
from marquee.stack import embedded
from marquee.stack.first_start import FirstStart


def up(
    new_operator_password: Annotated[
        bool, typer.Option("--new-operator-password", help="Give the operator a new password and show it.")
    ] = False,
    empty: Annotated[
        bool, typer.Option("--empty", help="A first start without sample data and without a model.")
    ] = False,
) -> None:
    """Start the whole platform on this machine and keep it running until Ctrl-C.

    The first start loads MovieLens 100K, trains the first model and deploys it; with --empty, or where
    rating_scale does not take its stars, it does not, and `marquee data load` and `marquee train` are yours.
    Later starts take up where the last one stopped. State is kept in MARQUEE_HOME; the ports are MARQUEE_PORT
    and MARQUEE_MLFLOW_PORT.

    Exit codes: 0 stopped after it had been ready; 130 or 143 interrupted before; 5 it runs already; 7 a part
    did not start; 9 a wrong setting, or a port in use.

    Example: MARQUEE_PORT=8001 MARQUEE_MLFLOW_PORT=5001 marquee up
    """
    asked = FirstStart(new_password=new_operator_password, empty=empty)
    status = embedded.run(load_settings(), Console(), asked)
    raise typer.Exit(status)


def down() -> None:
    """Stop the platform that `marquee up` started with this state folder, and wait until it has stopped.

    Exit codes: 0 it has stopped, or nothing ran; 7 it does not stop.

    Example: marquee down
    """
    stopped = embedded.stop(load_settings().home)
    typer.echo("Stopped." if stopped else "Nothing ran.")
