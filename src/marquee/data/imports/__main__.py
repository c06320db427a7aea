"""`python -m marquee.data.imports JOB < BODY`: one import, in a process of its own."""

import io
import logging
import os
import signal
import sys
from importlib.abc import MetaPathFinder
from typing import Any, BinaryIO, NoReturn, cast

from marquee.data.imports.body import Counted, lines_of, readable
from marquee.data.imports.catalogue import ItemImport, UserImport
from marquee.data.imports.events import EventImport
from marquee.data.imports.job import ImportJob
from marquee.data.imports.outbox import Outbox
from marquee.data.imports.ratings import RatingImport
from marquee.data.imports.running import Run, Stopped
from marquee.data.lines import Lines
from marquee.domain.clock import system_clock
from marquee.domain.errors import MarqueeError
from marquee.settings import Settings, load_serving, load_settings
from marquee.settings.logs import configure_logs
from marquee.store.engine import connect

logger = logging.getLogger("marquee.data.imports")

_NICENESS = 5  # lists come first
_STATEMENT_SECONDS = 120
_PIPE_BYTES = 2**18


class _WithoutPandas(MetaPathFinder):
    """PyArrow would import it, a second and 50 MB, to ask whether what it is given is one of its tables."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("An import does without pandas.", name=name)


def main() -> int:
    """Run the import that the first argument describes; what it did is said on standard output."""
    signal.signal(signal.SIGTERM, _stop)
    sys.meta_path.insert(0, _WithoutPandas())
    os.nice(_NICENESS)
    job = ImportJob.loads(sys.argv[1])
    outbox = Outbox(sys.stdout.buffer, job.spool)
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    try:
        _import(job, settings, outbox)
    except Stopped:
        return 128 + signal.SIGTERM
    except MarqueeError as error:
        outbox.fail(error)
        return error.exit_code
    return 0


def _import(job: ImportJob, settings: Settings, outbox: Outbox) -> None:
    counted = Counted(io.FileIO(0, "rb", closefd=False))
    stream = cast("BinaryIO", io.BufferedReader(counted, _PIPE_BYTES))
    engine = connect(
        settings.database(),
        application_name="marquee-import",
        pool_size=1,
        statement_timeout_ms=_STATEMENT_SECONDS * 1000,
    )
    with readable():
        lines = lines_of(stream, job)
        task = _task(job, lines, settings)
        outbox.say("started", ignored_columns=list(task.ignored))
        run: Run[Any] = Run(engine, task, outbox, lambda: counted.bytes)
        try:
            run.go(lines)
        except Stopped:  # by the writer, perhaps, which failed while this waited for the client
            if run.failure is None:
                raise
            raise run.failure from run.failure.__cause__
    outbox.say("report", **run.report())


def _task(job: ImportJob, lines: Lines, settings: Settings) -> Any:
    if job.kind == "items":
        return ItemImport(lines, job)
    if job.kind == "users":
        return UserImport(lines, job)
    serving = load_serving(settings.configs_dir / "serving.yaml")
    if job.kind == "events":
        return EventImport(lines, job, serving.feedback, system_clock())
    return RatingImport(lines, job, serving.rating_scale, system_clock())


def _stop(*_: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
