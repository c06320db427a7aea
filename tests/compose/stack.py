"""A Compose project to test: nobody else's name, ports, volumes and images."""

import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

CHECKOUT = Path(__file__).resolve().parents[2]
START_SECONDS = 900
IMAGES = ("runtime", "front-end")
SERVICES = ("db", "mlflow", "back-end", "retraining-service", "front-end")


class ComposeStack:
    """A Compose project of the test's own: its name, ports, volumes and images are nobody else's."""

    def __init__(self) -> None:
        self.project = f"marquee-test-{uuid.uuid4().hex[:8]}"
        port, mlflow_port = _free_ports(2)
        self.site = f"http://127.0.0.1:{port}"
        self.mlflow = f"http://127.0.0.1:{mlflow_port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")}
        self._environment = inherited | {
            "COMPOSE_PROJECT_NAME": self.project,
            "IMAGE_TAG": self.project,
            "MARQUEE_PORT": str(port),
            "MARQUEE_MLFLOW_PORT": str(mlflow_port),
        }

    def compose(self, *arguments: str) -> str:
        """Run `docker compose …` in the checkout; returns what it printed.

        Raises:
            AssertionError: it failed; says why.
        """
        return self._docker("compose", *arguments)

    def up(self, *arguments: str) -> None:
        """`docker compose up`, until every service is healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", str(START_SECONDS), *arguments)

    def containers(self, service: str) -> list[dict[str, Any]]:
        """What `docker inspect` says of a service's containers."""
        names = self.compose("ps", "--quiet", "--all", service).split()
        return list(json.loads(self._docker("inspect", *names)))

    def secret(self, name: str) -> str:
        """The content of a secret file."""
        return self.compose("exec", "--no-TTY", "back-end", "cat", f"/run/secrets/{name}")

    def client(self) -> httpx.Client:
        """A browser's stand-in: keeps cookies, sends the page's origin."""
        return httpx.Client(base_url=self.site, headers={"Origin": self.site}, timeout=30, trust_env=False)

    def logs(self) -> str:
        """How the containers are, and what they said last."""
        return self.compose("ps", "--all") + self.compose("logs", "--no-color", "--tail", "80")

    def remove(self) -> None:
        """Take it down with its volumes and the images that were built for it."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")
        self._docker("image", "rm", "--force", *(f"marquee/{name}:{self.project}" for name in IMAGES))

    def _docker(self, *arguments: str) -> str:
        done = subprocess.run(
            ("docker", *arguments),
            cwd=CHECKOUT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        command = " ".join(("docker", *arguments[:4]))
        assert done.returncode == 0, f"{command} failed: {done.stderr[-6000:]}"
        return done.stdout


def eventually(question: Callable[[], Any], *, within: float, what: str) -> Any:
    """The first true answer; fails when none came within so many seconds."""
    deadline = time.monotonic() + within
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(0.25)
    return answer


def _free_ports(count: int) -> list[int]:
    with ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
