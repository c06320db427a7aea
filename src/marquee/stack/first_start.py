"""`marquee bootstrap` as a child of `marquee up`: what it imports and computes leaves with it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from marquee.domain.errors import Unavailable
from marquee.settings import Settings
from marquee.stack.privileges import die_with_parent
from marquee.stack.processes import bound_log, kill_session, tail
from marquee.stack.services import child_environment


def run_bootstrap(
    settings: Settings, say: Callable[[str], None], *, new_password: bool = False
) -> str | None:
    """Run it, showing what it says.

    Returns:
        The operator's password, if it made one.

    Raises:
        Unavailable: it failed; says why.
    """
    log = settings.home / "logs" / "bootstrap.log"
    bound_log(log)
    command = [sys.executable, "-P", "-m", "marquee", "bootstrap", "--json"]
    if new_password:
        command.append("--new-operator-password")
    with log.open("ab") as errors:
        process = subprocess.Popen(
            die_with_parent(tuple(command), "TERM"),
            env=child_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=settings.home / "run",
            start_new_session=True,
        )
    try:
        password = _follow(process, say)
        status = process.wait()
    finally:
        process.kill()
        process.wait()
        kill_session(process.pid)
    if status != 0:
        raise _failure(log)
    return password


def _follow(process: "subprocess.Popen[str]", say: Callable[[str], None]) -> str | None:
    """Show its messages; each line is an object with `message` or `operator_password`."""
    password = None
    if process.stdout is not None:
        for line in process.stdout:
            event = json.loads(line)
            password = event.get("operator_password", password)
            if "message" in event:
                say(event["message"])
    return password


def _failure(log: Path) -> Unavailable:
    return Unavailable(
        "The platform could not be made ready; what was done is kept, and the next start goes on from it.",
        hint=f"Its log, {log}, ends with:\n{tail(log)}",
    )
