"""Run benchmarks, print their tables and write `benchmarks/results/NAME.json`.

The exit status is 1 when a figure is missed.
"""

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from benchmarks.report import show, write

NAMES = ("startup", "memory", "training", "serving", "accuracy")


def main() -> int:
    """Run those that were named, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: python -m benchmarks serving memory",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(NAMES)}; default: all")
    chosen = parser.parse_args().names or NAMES
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as folder:
        verdicts = [run(name, Path(folder) / "home") for name in chosen]
    return 0 if all(verdicts) else 1


def run(name: str, home: Path) -> bool:
    """Run one; whether all its figures were reached.

    Args:
        home: a state folder that the benchmarks of one run share; the first that needs it fills it.
    """
    console = Console(width=None if sys.stdout.isatty() else 160)
    module = importlib.import_module(f"benchmarks.{name}")
    console.print(f"[bold]{name}[/bold]: {str(module.__doc__).splitlines()[0]}")
    began = time.monotonic()
    rows = module.measure(home)
    path = write(name, f"python -m benchmarks {name}", rows)
    show(console, f"{name}, in {time.monotonic() - began:.0f} s", rows)
    console.print(f"written to {path.parent.name}/{path.name}\n")
    return all(row.ok for row in rows)


if __name__ == "__main__":
    sys.exit(main())
