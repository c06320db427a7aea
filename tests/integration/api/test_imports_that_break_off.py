"""Imports whose client hangs up, whose process is killed, that meet each other, or that are very large."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from sqlalchemy import Engine, text

from marquee.stack.postgres import Server
from tests.support.service import Service, eventually, path_of, running_service
from tests.support.transfers import JSONL, RATINGS, counts, report, send

ROWS = 300_000  # some batches


@pytest.fixture(scope="module")
def service(api_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two workers on a world of their own; no model."""
    with running_service(tmp_path_factory.mktemp("broken"), api_server, "broken") as started:
        yield started


def rows(prefix: str, count: int = ROWS, *, stars: int = 4) -> list[bytes]:
    """Ratings of people of their own, twenty each, in pieces of a thousand rows."""
    lines = [f"{prefix}-{n // 20},i{n % 20:03d},{stars},{n}\n" for n in range(count)]
    pieces = [RATINGS, *("".join(lines[start : start + 1000]) for start in range(0, count, 1000))]
    return [piece.encode() for piece in pieces]


def stored(engine: Engine, prefix: str) -> int:
    query = text("SELECT count(*) FROM ratings WHERE starts_with(user_id, :prefix)")
    with engine.connect() as connection:
        return int(connection.execute(query, {"prefix": f"{prefix}-"}).scalar_one())


def under_way(service: Service, pieces: list[bytes], *, accept: str = "*/*") -> socket.socket:
    """A connection on which an import has begun: all pieces are sent, and the end of the body is not."""
    host, port = service.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    connection.sendall(
        b"POST /api/v1/imports/ratings HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
        + f"Authorization: Bearer {service.keys['write']}\r\n".encode()
        + f"Accept: {accept}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    for piece in pieces:
        connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
    return connection


def importers(service: Service) -> list[psutil.Process]:
    """The processes of imports under way."""
    assert service.child.pid is not None
    found = []
    for child in psutil.Process(service.child.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended since, or is about to be reaped
            if "marquee.data.imports" in child.cmdline():
                found.append(child)
    return found


def memory_of(process: psutil.Process) -> int:
    """Bytes that a process holds; none when it has ended."""
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def test_when_the_client_hangs_up_whole_batches_stay_and_the_log_says_so(service: Service) -> None:
    half_a_row = b"gone-0,i019,"
    connection = under_way(service, [*rows("gone"), half_a_row])
    eventually(lambda: stored(service.engine, "gone") > 0, within=120, what="the first batches")
    connection.close()
    eventually(lambda: not importers(service), what="the end of the import")
    kept = stored(service.engine, "gone")
    assert 0 < kept <= ROWS
    log = (service.home / "service.log").read_text()
    assert "the client hung up" in log
    assert "Traceback" not in log
    with service.client("operate") as client:  # the workers were told of what is in
        eventually(
            lambda: client.get(path_of("gone-0", "recommendations")).json()["known"], what="the first person"
        )
    assert counts(report(service, "ratings", b"".join(rows("gone")))) == (ROWS - kept, 0, kept, 0)


def test_hanging_up_on_an_answer_that_has_begun_is_no_error_either(service: Service) -> None:
    connection = under_way(service, rows("left"), accept=JSONL)
    assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    connection.close()
    eventually(lambda: not importers(service), what="the end of the import")
    log = service.home / "service.log"
    eventually(
        lambda: log.read_text().count("the client hung up") == 2, what="a warning, beside the one before"
    )
    assert "Traceback" not in log.read_text()


def test_after_a_worker_was_killed_the_same_file_completes_what_was_begun(service: Service) -> None:
    connection = under_way(service, rows("killed"))
    eventually(lambda: stored(service.engine, "killed") > 0, within=120, what="the first batches")
    [importer] = importers(service)
    worker = importer.parent()
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    eventually(lambda: not importers(service), what="the end of the import")
    connection.close()
    kept = stored(service.engine, "killed")
    eventually(lambda: len(workers_that_answer(service)) == 2, within=60, what="another worker")
    assert counts(report(service, "ratings", b"".join(rows("killed")))) == (ROWS - kept, 0, kept, 0)


def workers_that_answer(service: Service) -> set[str]:
    answers = set()
    for _ in range(12):
        with service.client("read") as client:
            answers.add(client.get("/api/v1/health/live").headers["x-marquee-worker"])
    return answers


def test_an_import_whose_process_is_killed_is_an_error_and_may_be_repeated(service: Service) -> None:
    connection = under_way(service, rows("reaped"))
    eventually(lambda: stored(service.engine, "reaped") > 0, within=120, what="the first batches")
    [importer] = importers(service)
    importer.kill()
    connection.sendall(b"0\r\n\r\n")
    answer = connection.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 503")
    assert "stopped from outside. " in answer
    assert "were dealt with. Send" in answer
    connection.close()
    assert counts(report(service, "ratings", b"".join(rows("reaped"))))[3] == 0
    assert stored(service.engine, "reaped") == ROWS


def test_an_import_that_loses_postgres_while_it_waits_for_its_client_says_so(service: Service) -> None:
    end_the_import = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'marquee-import' AND wait_event_type = 'Lock'"
    )
    watching = service.engine.execution_options(isolation_level="AUTOCOMMIT")
    body = rows("waits", 150_000)  # more than a batch
    with service.engine.begin() as other, watching.connect() as watcher:
        other.execute(text("LOCK TABLE ratings IN SHARE MODE"))
        connection = under_way(service, body)
        eventually(lambda: bool(watcher.execute(end_the_import).all()), what="the import at work")
        answer = connection.recv(4096).decode()
    connection.close()
    assert answer.startswith("HTTP/1.1 503")
    assert "The database cannot be reached" in answer
    assert counts(report(service, "ratings", b"".join(body))) == (150_000, 0, 0, 0)


def test_two_imports_of_the_same_rows_at_once_both_succeed(service: Service) -> None:
    """In opposite orders, so that each soon wants what the other has."""
    told = there_and_back(service, rows("both"))
    assert sum(counts(content)[0] for content in told) == ROWS
    assert sum(counts(content)[2] for content in told) == ROWS
    assert stored(service.engine, "both") == ROWS


def there_and_back(service: Service, pieces: list[bytes]) -> list[dict[str, Any]]:
    """The reports of two imports at once, one of them from the end to the beginning."""
    bodies = [b"".join(pieces), b"".join([pieces[0], *reversed(pieces[1:])])]
    creating = "?create_items=true"
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda body: report(service, "ratings", body, query=creating), bodies))


def test_two_imports_at_once_share_people_and_items_that_are_there_and_that_are_not(service: Service) -> None:
    """Every other person and item is there before; each import makes, once, what the other has not."""
    with service.engine.begin() as connection:
        for table, column in (("users", "user_id"), ("items", "item_id, title")):
            values = "id" if table == "users" else "id, id"
            connection.execute(
                text(
                    f"INSERT INTO {table} ({column}) SELECT {values} "  # noqa: S608 - names of ours
                    "FROM (SELECT 'shared-' || n AS id FROM generate_series(0, 14999, 2) n) ids"
                )
            )
    lines = [f"shared-{n % 10_000},shared-{n // 20 % 15_000},4,{n}\n" for n in range(ROWS)]
    pieces = [RATINGS, *("".join(lines[start : start + 1000]) for start in range(0, ROWS, 1000))]
    told = there_and_back(service, [piece.encode() for piece in pieces])
    assert [content["rejected"] for content in told] == [0, 0]
    assert sum(content["created_users"] for content in told) == 5_000
    assert sum(content["created_items"] for content in told) == 7_500
    assert sum(content["inserted"] for content in told) == ROWS
    assert stored(service.engine, "shared") == ROWS


def test_too_many_imports_at_once_are_refused(service: Service) -> None:
    waiting = [under_way(service, [RATINGS.encode()]) for _ in range(4)]
    eventually(lambda: len(importers(service)) >= 2, what="as many imports as there may be")
    refused = [send(service, "ratings", RATINGS) for _ in range(12)]
    for connection in waiting:
        connection.close()
    assert 429 in [answer.status_code for answer in refused]
    assert all("retry-after" in answer.headers for answer in refused if answer.status_code == 429)
    eventually(lambda: not importers(service), what="the end of the imports")


def test_lists_are_answered_while_an_import_runs(service: Service) -> None:
    slowest = 0.0
    body = b"".join(rows("busy", 300_000))
    importing = threading.Thread(target=report, args=(service, "ratings", body))
    importing.start()
    with service.client("read") as client:
        while importing.is_alive():
            began = time.monotonic()
            assert client.get(path_of("u001", "recommendations")).status_code == 200
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 2.0


def test_the_memory_of_an_import_does_not_grow_with_the_rows(service: Service) -> None:
    def peak(count: int) -> int:
        highest, body = 0, iter(rows("large", count))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(send, service, "ratings", body)
            while not answer.done():
                highest = max([highest, *map(memory_of, importers(service))])
                time.sleep(0.02)
        assert counts(answer.result().json())[3] == 0
        return highest

    small, large = peak(400_000), peak(1_200_000)
    assert large < small + 30_000_000
