"""Following a run: its log lines, and on a terminal a bar for the share done."""

import getpass
import time
from collections.abc import Callable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine

from marquee.domain.errors import NotFound
from marquee.store import runs
from marquee.store.runs import Run

_POLL_SECONDS = 0.3
_ENDED = ("succeeded", "failed")


def whoami() -> str:
    """The name of the account that runs the command, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's account may have no name
        return "command line"


def follow(
    engine: Engine, run_id: str, console: Console | None, *, is_going: Callable[[], bool] = lambda: True
) -> Run | None:
    """Show a run's log until the run has ended.

    Args:
        console: None shows nothing.
        is_going: whether the process that trains may still write; asked when the run has not ended.

    Returns:
        The run as it ended; None when the process ended without ending (or making) the run.
    """
    with _bar(console) as bar:
        task = bar.add_task("waiting", total=1.0)
        last = 0
        while True:
            going = is_going()  # before the look: what was written meanwhile is seen
            run = _look(engine, run_id)
            last = show_log(engine, run_id, bar.console if console else None, after=last)
            if run is not None:
                bar.update(task, description=escape(run.step or run.state), completed=run.progress or 0.0)
            if run is not None and run.state in _ENDED:
                return run
            if not going:
                return None
            time.sleep(_POLL_SECONDS)


def outcome(run: Run) -> str:
    """What came of a run that succeeded, in one line."""
    result = run.result
    end = "the champion" if result.get("deployed") else f"{result.get('state')}. {result.get('note')}"
    return f"version {result.get('version')} ({result.get('semantic_version')}): {end}"


def show_log(engine: Engine, run_id: str, console: Console | None, *, after: int = 0) -> int:
    """Print the lines of a run's log behind line `after`; returns the number of the last one."""
    with engine.connect() as connection:
        lines = runs.log_lines(connection, run_id, after=after)
    for line in lines:
        if console is not None:
            mark = "[red]error[/red] " if line.level == "error" else ""
            moment = f"{line.at:%H:%M:%S}"
            console.print(f"{moment} {mark}{escape(line.message)}", highlight=False, soft_wrap=True)
    return lines[-1].seq if lines else after


def show_all(engine: Engine, run_id: str, console: Console) -> None:
    """Print everything that a run has said, however long it is."""
    last, before = 0, -1
    while last > before:
        last, before = show_log(engine, run_id, console, after=last), last


def _look(engine: Engine, run_id: str) -> Run | None:
    try:
        with engine.connect() as connection:
            return runs.get(connection, run_id)
    except NotFound:
        return None  # the process that makes it is still starting


def _bar(console: Console | None) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=console is None or not console.is_terminal,
        transient=True,
    )
