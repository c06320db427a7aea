"""The services of an embedded stack, each as a child process."""

import os
import sys
from dataclasses import replace
from pathlib import Path

from marquee.settings import Settings
from marquee.settings.environment import CHECKOUT, PREFIX
from marquee.stack.health import MODEL, answers, is_well, reachable
from marquee.stack.processes import ChildSpec


def site(settings: Settings) -> str:
    """The address of the web pages and the API."""
    return f"http://{reachable(settings.host)}:{settings.port}"


def mlflow_site(settings: Settings) -> str:
    """The address of the MLflow server."""
    return f"http://{reachable(settings.host)}:{settings.mlflow_port}"


def ready_page(settings: Settings) -> str:
    """Where the inference service says whether all is well."""
    return f"{site(settings)}/api/v1/health/ready"


def retraining_site(settings: Settings) -> str:
    """The address of the retraining service."""
    return f"http://{reachable(settings.host)}:{settings.retraining_port}"


def child_environment(settings: Settings) -> dict[str, str]:
    """This process's environment with every setting spelled out, so that a child reads the same ones."""
    values = {name: value for name, value in settings.model_dump().items() if value is not None}
    return {**os.environ, "PYTHONUNBUFFERED": "1"} | {
        PREFIX + name.upper(): str(value) for name, value in values.items()
    }


def mlflow_server(settings: Settings) -> ChildSpec:
    """The MLflow server."""
    return _service(
        settings,
        "MLflow",
        "mlflow",
        f"{mlflow_site(settings)}/health",
        CHECKOUT / "mlflow_server" / "serve.py",
    )


def back_end(settings: Settings, *, has_model: bool = True) -> ChildSpec:
    """The inference service, which also serves the web pages; without a model it lists what is popular."""
    page = ready_page(settings)
    spec = _service(settings, "Inference service", "back-end", page, "app")
    return spec if has_model else replace(spec, is_ready=lambda: is_well(page, besides=MODEL))


def retraining(settings: Settings) -> ChildSpec:
    """The retraining service."""
    health = f"{retraining_site(settings)}/health/ready"
    return _service(settings, "Retraining service", "retraining", health, "retraining")


def _service(settings: Settings, name: str, log: str, health: str, program: Path | str) -> ChildSpec:
    """A Python program: a file, or a module by its name (`-P`: found where it is installed, nowhere else)."""
    arguments = (str(program),) if isinstance(program, Path) else ("-P", "-m", program)
    return ChildSpec(
        name=name,
        command=(sys.executable, *arguments),
        log=settings.home / "logs" / f"{log}.log",
        is_ready=lambda: answers(health),
        environment=child_environment(settings),
        folder=settings.home / "run",
        stop_seconds=20,
    )
