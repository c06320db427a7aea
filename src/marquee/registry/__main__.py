"""`python -m marquee.registry fetch VERSION FOLDER`: for services that fetch a bundle in a child process."""

import argparse
import sys
from pathlib import Path

from marquee.domain.errors import MarqueeError
from marquee.registry.client import RegistryClient
from marquee.registry.fetch import fetch_bundle
from marquee.settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns 0, or the error's own exit code (7: registry away, 8: corrupt bundle)."""
    options = _parser().parse_args(arguments)
    try:
        with RegistryClient(load_settings().mlflow()) as client:
            fetch_bundle(client, options.version, options.folder)
    except MarqueeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m marquee.registry")
    commands = parser.add_subparsers(required=True)
    fetch = commands.add_parser("fetch", help="download and verify a version's bundle")
    fetch.add_argument("version", type=int)
    fetch.add_argument("folder", type=Path, help="the folder to make; its parents are made too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
