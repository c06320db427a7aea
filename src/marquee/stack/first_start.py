"""`marquee bootstrap` as a child of `marquee up`: what it imports and computes leaves with it."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from marquee.domain.errors import Unavailable
from marquee.settings import Settings
from marquee.stack.privileges import die_with_parent
from marquee.stack.processes import bound_log, kill_session, size_of, tail
from marquee.stack.services import child_environment

_CHECK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What of a start is asked for.

    Attributes:
        new_password: give the operator a new password and show it.
        empty: leave a new platform without sample data and without a model.
    """

    new_password: bool = False
    empty: bool = False

    @property
    def options(self) -> list[str]:
        """Of `marquee bootstrap`."""
        asked = {"--new-operator-password": self.new_password, "--empty": self.empty}
        return [option for option, wanted in asked.items() if wanted]


def run_bootstrap(
    settings: Settings, say: Callable[[str], None], check: Callable[[], None], asked: FirstStart
) -> tuple[str | None, bool]:
    """Run it to its end.

    Args:
        say: hears each of its messages.
        check: called all along; what it raises ends the bootstrap.

    Returns:
        The operator's password, if it made one; whether a model is deployed.

    Raises:
        Unavailable: it failed; says why.
    """
    log = settings.home / "logs" / "bootstrap.log"
    bound_log(log)
    log_start = size_of(log)
    process = _start(settings, log, asked.options)
    password, has_model = None, True
    try:
        for line in _lines(process, check):
            event = json.loads(line)
            password = event.get("operator_password", password)
            has_model = event.get("has_model", has_model)
            if "message" in event:
                say(event["message"])
        status = process.wait()
    finally:
        process.kill()
        process.wait()
        kill_session(process.pid)
    if status != 0:
        raise _failure(log, log_start)
    return password, has_model


def _start(settings: Settings, log: Path, options: list[str]) -> "subprocess.Popen[str]":
    command = (sys.executable, "-P", "-m", "marquee", "bootstrap", "--json", *options)
    with log.open("a", encoding="utf-8") as errors:
        return subprocess.Popen(
            die_with_parent(command, "TERM"),
            env=child_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=settings.home / "run",
            start_new_session=True,
        )


def _lines(process: "subprocess.Popen[str]", check: Callable[[], None]) -> Iterator[str]:
    """What it prints, line by line, until it closes its output; `check` is called while there is nothing."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=_CHECK_SECONDS)
        except queue.Empty:
            check()
            continue
        if line is None:
            return
        yield line


def _read(output: IO[str], lines: "queue.Queue[str | None]") -> None:
    for line in output:
        lines.put(line)
    lines.put(None)


def _failure(log: Path, log_start: int) -> Unavailable:
    """Its own error line where it ended with one; else, it broke: the end of its log."""
    last_words = tail(log, since=log_start)
    reason = last_words.rpartition("\n")[2].strip()
    kept = "What was done is kept; the next start goes on from there."
    if reason.startswith('{"error": '):
        error = json.loads(reason)["error"]
        return Unavailable(error["message"], hint=f"{error['hint']} {kept}".lstrip())
    return Unavailable(
        f"The platform could not be made ready. {kept}", hint=f"Its log, {log}, ends with:\n{last_words}"
    )
