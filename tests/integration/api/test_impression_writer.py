"""The process that writes impressions: it outlives its worker, and a signal, by what it was handed."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from app.serving.impression_writer import ImpressionWriter, Refused, _ended_after
from sqlalchemy import Engine, text
from uuid_utils import uuid7

from marquee.domain.errors import Unavailable
from marquee.store import impressions
from marquee.store.engine import connects_as
from tests.support.loop import Loop
from tests.support.service import eventually
from tests.support.shown import ITEMS, without_partitions, written_to

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

no_partitions = pytest.fixture(autouse=True)(without_partitions)


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.end()


@pytest.fixture
def today(engine: Engine) -> None:
    with engine.begin() as connection:
        impressions.make_days(connection, [NOON.date()])


def _start(engine: Engine, loop: Loop) -> ImpressionWriter:
    with engine.connect() as connection:
        return loop.run(ImpressionWriter.start(connects_as(connection)))


def _row(user_id: str) -> tuple[Any, ...]:
    return (NOON.timestamp(), str(uuid7()), user_id, 3, "champion", "personal", ITEMS[:2], None, None, None)


def _hand_over_and_die(writer: ImpressionWriter, loop: Loop, lines: bytes) -> None:
    """As a worker that is killed after it has sent something: its end of the socket is closed."""

    def hand_over() -> None:
        writer._questions.write(lines)
        writer._questions.close()

    loop.call(hand_over)


def _has_ended(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.usefixtures("today")
def test_what_it_was_handed_is_written_although_the_worker_dies(engine: Engine, loop: Loop) -> None:
    writer = _start(engine, loop)
    batch = orjson.dumps([0.0, [_row(f"u{number}") for number in range(200)]])
    _hand_over_and_die(writer, loop, batch + b"\n" + batch[:100])
    assert writer._process.wait(20) == 0  # it has ended by itself, and not by what was half a line
    assert len(written_to(engine)) == 200


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_everybody_does_not_keep_it_from_writing(
    engine: Engine, loop: Loop, number: signal.Signals
) -> None:
    writer = _start(engine, loop)
    os.kill(writer._process.pid, number)
    assert loop.run(writer.write([_row("ada")], 0.0)) == 1
    loop.run(writer.close())
    assert writer._process.returncode == 0
    assert written_to(engine) == [("ada", list(ITEMS[:2]))]


def test_time_is_not_counted_on_after_postgres_has_refused() -> None:
    def refuse() -> None:
        with _ended_after(60.0):
            assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
            raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        refuse()
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_what_postgres_refuses_is_told_and_the_next_batch_is_written(engine: Engine, loop: Loop) -> None:
    writer = _start(engine, loop)
    with pytest.raises(Refused, match="no partition"):
        loop.run(writer.write([_row("ada")], 0.0))
    with pytest.raises(Refused, match="TypeError"):  # of what is no row at all
        loop.run(writer.write([(NOON.timestamp(),)], 0.0))
    with engine.begin() as connection:
        impressions.make_days(connection, [NOON.date()])
    assert loop.run(writer.write([_row("bob")], 0.0)) == 1
    loop.run(writer.close())


@pytest.mark.usefixtures("today")
def test_a_session_that_was_cut_ends_it(engine: Engine, loop: Loop) -> None:
    writer = _start(engine, loop)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": writer.session})
    with pytest.raises(Unavailable, match="connection"):
        loop.run(writer.write([_row("ada")], 0.0))
    assert _has_ended(writer._process.pid)


def test_without_postgres_it_says_why_it_cannot_start(engine: Engine, loop: Loop) -> None:
    with engine.connect() as connection:
        nowhere = connects_as(connection) | {"dbname": "nowhere"}
    with pytest.raises(Unavailable, match="nowhere"):
        loop.run(ImpressionWriter.start(nowhere))


@pytest.mark.usefixtures("today")
def test_one_that_does_not_answer_is_ended(
    engine: Engine, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = _start(engine, loop)
    monkeypatch.setattr("app.serving.impression_writer._ANSWER_SECONDS", 0.5)
    os.kill(writer._process.pid, signal.SIGSTOP)
    with pytest.raises(Unavailable, match="does not answer"):
        loop.run(writer.write([_row("ada")], 0.0))
    assert _has_ended(writer._process.pid)


@pytest.mark.usefixtures("today")
def test_a_worker_that_dies_does_not_leave_it_behind_a_postgres_that_hangs(
    engine: Engine, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.serving.impression_writer._POSTGRES_SECONDS", 3.0)
    writer = _start(engine, loop)
    os.kill(writer.session, signal.SIGSTOP)
    try:
        _hand_over_and_die(writer, loop, orjson.dumps([0.0, [_row("ada")]]) + b"\n")
        assert writer._process.wait(20) == -signal.SIGALRM
    finally:
        os.kill(writer.session, signal.SIGCONT)
    eventually(lambda: len(written_to(engine)) == 1)  # Postgres had it
