"""What an import reads is what an export wrote, whatever it is; in one process, for many examples."""

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy import Engine

from marquee.data.imports.body import lines_of
from marquee.data.imports.catalogue import ItemImport, UserImport
from marquee.data.imports.events import EventImport
from marquee.data.imports.job import Form, ImportJob, Kind
from marquee.data.imports.outbox import Outbox
from marquee.data.imports.ratings import RatingImport
from marquee.data.imports.running import Run
from marquee.settings import RatingScale
from marquee.settings.serving import Feedback
from marquee.store.engine import connect
from marquee.store.exports import copy_out
from tests.support.tables import KINDS, emptied, fill, tables

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    engine = connect(new_database(), application_name="tests")
    yield engine
    engine.dispose()


def exported(engine: Engine, form: Form) -> dict[str, bytes]:
    """Every table."""
    contents = {}
    with engine.connect() as connection:
        for kind in KINDS:
            file = io.BytesIO()
            copy_out(connection, kind, form, file)
            contents[kind] = file.getvalue()
    return contents


def imported(engine: Engine, kind: Kind, form: Form, content: bytes) -> dict[str, Any]:
    """The report of an import."""
    with tempfile.TemporaryFile() as spool:
        job = ImportJob(kind, form, spool=spool.fileno())
        lines = lines_of(io.BytesIO(content), job)
        task: Any
        if kind == "ratings":
            task = RatingImport(lines, job, RatingScale(), NOW)
        elif kind == "events":
            task = EventImport(lines, job, Feedback(unknown_kinds="keep"), NOW)
        else:
            task = (ItemImport if kind == "items" else UserImport)(lines, job)
        run = Run[Any](engine, task, Outbox(io.BytesIO(), spool.fileno()), lambda: 0)
        run.go(lines)
        os.lseek(spool.fileno(), 0, os.SEEK_SET)
        return {**run.report(), "rejects": spool.read()}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_round_trip_loses_nothing(engine: Engine, form: Form) -> None:
    @settings(
        max_examples=40,
        phases=[Phase.generate],  # a failure is told as it is: making it smaller takes very long
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(tables())
    def goes_round(rows: dict[str, list[dict[str, object]]]) -> None:
        fill(engine, rows)
        first = exported(engine, form)
        emptied(engine)
        for kind in KINDS:
            report = imported(engine, kind, form, first[kind])
            assert report["rejects"] == b""
            assert report["inserted"] == report["rows"] == len(rows[kind])
        assert exported(engine, form) == first

    goes_round()
