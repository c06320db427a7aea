"""`marquee keys …`, as a person types it."""

import json
import os
import subprocess
import sys

from marquee.store import audit
from tests.support.service import Service, eventually, path_of


def _marquee(service: Service, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **service.environment}
    command = [sys.executable, "-P", "-m", "marquee", "keys", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_key_made_on_the_command_line_opens_until_it_is_revoked(service: Service) -> None:
    made = _marquee(service, "create", "by hand", "--scope", "read", "--json")
    assert made.returncode == 0, made.stderr
    key = json.loads(made.stdout)["key"]

    def status() -> int:
        headers = {"Authorization": f"Bearer {key}"}
        with service.client() as client:
            return client.get(path_of("u001"), headers=headers).status_code

    eventually(lambda: status() == 200, within=5)
    listed = _marquee(service, "list")
    assert "by hand" in listed.stdout
    assert key not in listed.stdout
    assert _marquee(service, "revoke", "by hand").returncode == 0
    eventually(lambda: status() == 401, within=5)
    with service.engine.connect() as connection:
        revoked, created = audit.latest(connection, limit=2)
    assert (revoked.action, revoked.subject) == ("revoke key", "key by hand")
    assert (created.action, created.evidence) == ("create key", {"scopes": ["read"]})
    assert created.actor.startswith("shell:")


def test_with_json_an_error_is_an_object(service: Service) -> None:
    done = _marquee(service, "create", "admin", "--scope", "read", "--json")
    assert (done.returncode, done.stdout) == (5, "")
    assert json.loads(done.stderr) == {
        "error": {
            "kind": "conflict",
            "message": "There is a key named 'admin'.",
            "hint": "Revoke it, or choose another name.",
            "exit_code": 5,
        }
    }


def test_what_goes_wrong_is_one_line_and_an_exit_code(service: Service) -> None:
    for words, code in (
        (("create", "x", "--scope", "everything"), 2),
        (("create", "admin", "--scope", "read"), 5),
        (("revoke", "no such key"), 4),
    ):
        done = _marquee(service, *words)
        assert done.returncode == code, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert done.stdout == ""
