"""`python -m marquee.training`: a training in a process of its own.

    --run-id ID                       of a run that waits in the queue, or (with --trigger) of the run to make
    --trigger WHAT --requested-by WHO [--reason WHY] [--params FILE] [--no-deploy]
    [--rating ALGORITHM] [--ranking ALGORITHM]
    --parent PID                      end when this process does
    --json                            print an error as JSON

It prints one line a step, and ends with 0, or with the exit code of the error that it prints.
"""

import argparse
import json
import signal
import sys
from pathlib import Path

from marquee.domain.errors import MarqueeError
from marquee.settings import load_settings
from marquee.store.engine import connect, unavailable_when_away
from marquee.training.job import Order, run_now, run_queued
from marquee.training.process import end_with_parent


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    # Python would act on Ctrl-C only when the descent, many seconds in compiled code, returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if options.parent is not None:
        end_with_parent(options.parent)
    try:
        with unavailable_when_away():
            _train(options)
    except MarqueeError as error:
        said = json.dumps({"error": error.to_dict()}) if options.json else f"error: {error}"
        sys.stderr.write(f"{said}\n")
        return error.exit_code
    return 0


def _train(options: argparse.Namespace) -> None:
    settings = load_settings()
    engine = connect(settings.database(), application_name="marquee-training")
    if options.trigger is None:
        run_queued(settings, engine, options.run_id, _say)
        return
    order = Order(
        options.trigger,
        options.requested_by,
        options.reason,
        options.params,
        not options.no_deploy,
        options.rating,
        options.ranking,
    )
    run_now(settings, engine, order, _say, run_id=options.run_id)


def _say(message: str, share: float | None) -> None:
    place = "    " if share is None else f"{share:4.0%}"
    sys.stdout.write(f"{place} {message}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m marquee.training")
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--trigger")
    parser.add_argument("--requested-by", default="unknown")
    parser.add_argument("--reason", default="")
    parser.add_argument("--params", type=Path)
    parser.add_argument("--rating")
    parser.add_argument("--ranking")
    parser.add_argument("--no-deploy", action="store_true")
    parser.add_argument("--parent", type=int)
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
