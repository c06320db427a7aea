"""Run benchmarks, print their tables and write `benchmarks/results/NAME.json`.

The exit status is 1 when a figure is missed.
"""

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.report import show, write

NAMES = ("startup", "memory", "training", "serving", "imports", "accuracy", "models", "judge", "scale")
SIZED = ("scale", "imports")
LONG = ("scale",)  # half an hour, and several gigabytes: only when asked for


def main() -> int:
    """Run those that were named, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: python -m benchmarks serving memory; python -m benchmarks scale --sizes 0.1 1",
    )
    usual = f"which: {', '.join(NAMES)}; default: all but {', '.join(LONG)}"
    parser.add_argument("names", nargs="*", metavar="NAME", help=usual)
    parser.add_argument(
        "--sizes", nargs="+", type=float, metavar="MILLIONS", help="of ratings, for scale and imports"
    )
    arguments = parser.parse_args()
    chosen = arguments.names or [name for name in NAMES if name not in LONG]
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory(prefix="marquee-bench-") as folder:
        verdicts = [run(name, Path(folder) / "home", arguments.sizes) for name in chosen]
    return 0 if all(verdicts) else 1


def run(name: str, home: Path, sizes: Sequence[float] | None) -> bool:
    """Run one; whether all its figures were reached.

    Args:
        home: a state folder that the benchmarks of one run share; the first that needs it fills it.
        sizes: of `scale` and `imports` alone; None: their own.
    """
    options = {"sizes": sizes} if sizes and name in SIZED else {}
    console = Console(width=None if sys.stdout.isatty() else 160)
    module = importlib.import_module(f"benchmarks.{name}")
    console.print(f"[bold]{name}[/bold]: {str(module.__doc__).splitlines()[0]}")
    began = time.monotonic()
    rows = module.measure(home, **options)
    said = "".join(f" --{option} {' '.join(map(str, values))}" for option, values in options.items())
    path = write(name, f"python -m benchmarks {name}{said}", rows)
    show(console, f"{name}, in {time.monotonic() - began:.0f} s", rows)
    console.print(f"written to {path.parent.name}/{path.name}\n")
    return all(row.ok for row in rows)


if __name__ == "__main__":
    sys.exit(main())
