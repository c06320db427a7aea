"""`marquee rollback`, as a person types it."""

import json
import os
import subprocess
import sys

from tests.support.service import Service, eventually

WHY = ("--reason", "clicks fell")


def _rollback(service: Service, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **service.environment}
    command = [sys.executable, "-P", "-m", "marquee", "rollback", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_workers_go_back_to_the_champion_before_and_the_audit_says_why(new_service) -> None:  # type: ignore[no-untyped-def]
    service: Service = new_service(MARQUEE_WORKERS="1")
    service.deploy(1)
    assert _rollback(service).returncode == 2, "it asks for a reason"
    assert _rollback(service, *WHY).returncode == 5, "there is none before the first"
    service.deploy(2)
    service.deploy(3)
    done = _rollback(service, "--reason", "it is damaged", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"champion": 2, "previous": 1, "revision": 4}
    eventually(lambda: _serves(service) == 2)
    with service.client("operate") as client:
        newest = client.get("/api/v1/audit", params={"limit": 1}).json()["entries"][0]
    assert (newest["action"], newest["subject"], newest["reason"]) == (
        "rollback",
        "version 2",
        "it is damaged",
    )
    assert newest["actor"].startswith("shell:")

    said = "Version 1 is the champion; there is no way back but to a version by name.\n"
    assert _rollback(service, *WHY).stdout == said
    assert _rollback(service, *WHY).returncode == 5, "the second does not undo the first"
    assert _rollback(service, *WHY, "--to", "1").returncode == 5
    assert _rollback(service, *WHY, "--to", "9").returncode == 4


def _serves(service: Service) -> int | None:
    with service.client() as client:
        version: int | None = client.get("/api/v1/health/ready").json()["model_version"]
    return version
