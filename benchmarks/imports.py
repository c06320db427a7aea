"""Ratings through HTTP: rows a second beside bare COPY of the same rows, and memory by their number."""

import http.client
import json
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pyarrow as pa
from pyarrow import csv as arrow_csv
from sqlalchemy import Engine, text

from benchmarks import synthetic
from benchmarks.progress import say
from benchmarks.report import Row, at_least, at_most, plain
from benchmarks.stack import RunningStack, running
from marquee.domain.columns import RATING, TIME, USER
from marquee.settings import load_settings
from marquee.store.engine import connect

SIZES = (1.0,)  # millions of ratings; `--sizes 1 10` shows that memory stays
LEAST_RATE = 50_000.0
MOST_GROWTH = 1.25  # of the peak memory, from the smallest size to the largest
MB = 1e6
_PIECE = 2**16
_LOOK_SECONDS = 0.05


def measure(home: Path, sizes: Sequence[float] = SIZES) -> list[Row]:
    """Each size into a platform that holds no more than MovieLens 100K."""
    with running(home, workers=1) as stack, tempfile.TemporaryDirectory(prefix="marquee-rows-") as folder:
        key = stack.api_key("write")
        url = load_settings(stack.environment).database()
        engine = connect(url, application_name="benchmark")
        measured = [_measure(stack, engine, key, Path(folder), millions) for millions in sizes]
        engine.dispose()
    rows = [row for pair in measured for row in pair[0]]
    (_, smallest), (_, largest) = measured[0], measured[-1]
    if len(measured) > 1:
        what = f"peak memory of the import, {sizes[-1]:g} million ratings"
        peer = (f"{sizes[0]:g} million", smallest / MB)
        rows.append(at_most(what, largest / MB, "MB", MOST_GROWTH * smallest / MB, peer=peer))
    return rows


def _measure(
    stack: RunningStack, engine: Engine, key: str, folder: Path, millions: float
) -> tuple[list[Row], float]:
    """(rows of the report, peak memory of the import in bytes) of one size."""
    say(f"{millions:g} million ratings: making them")
    count, sent, bare = _files(folder, millions)
    say(f"{millions:g} million ratings: importing them")
    with _watching(stack) as peaks:
        report, seconds = _import(stack, key, sent)
    if report["rejected"] or report["rows"] != count:
        raise RuntimeError(f"The import of {count} ratings says {report}.")
    say(f"{millions:g} million ratings: bare COPY")
    bare_seconds = _copy(engine, bare)
    _forget(engine)
    peer = ("bare COPY of the same rows into a table like it", count / bare_seconds)
    what = f"import of {millions:g} million ratings through HTTP, request to report"
    held = [
        plain("the same: peak memory of the import", peaks["import"] / MB, "MB"),
        plain("the same: of the service, which keeps people's histories", peaks["service"] / MB, "MB"),
    ]
    return [at_least(what, count / seconds, "rows/s", LEAST_RATE, peer=peer), *held], peaks["import"]


def _files(folder: Path, millions: float) -> tuple[int, Path, Path]:
    """(number of ratings, the file as people send it, the same rows as COPY takes them)."""
    frame = synthetic.make(synthetic.Size.of_millions(millions)).sample(frac=1.0, random_state=0)
    frame[USER] = f"bench-{millions:g}-" + frame[USER]
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.set_column(2, RATING, table[RATING].cast(pa.float64()))
    sent, bare = folder / "sent.csv", folder / "plain.csv"
    arrow_csv.write_csv(table, sent)
    moments = table[TIME].cast(pa.timestamp("s"))
    headless = arrow_csv.WriteOptions(include_header=False)
    arrow_csv.write_csv(table.set_column(3, TIME, moments), bare, headless)
    return len(frame), sent, bare


def _import(stack: RunningStack, key: str, path: Path) -> tuple[dict[str, int], float]:
    """(report, seconds until it was there)."""
    connection = http.client.HTTPConnection(*stack.address, timeout=3600)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "text/csv",
        "Content-Length": str(path.stat().st_size),
    }
    began = time.perf_counter()
    with path.open("rb") as file:
        connection.request("POST", "/api/v1/imports/ratings?create_items=true", file, headers)
    answer = connection.getresponse()
    content = answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(content.decode())
    report: dict[str, int] = json.loads(content)
    return report, seconds


@contextmanager
def _watching(stack: RunningStack) -> Iterator[dict[str, float]]:
    """The most memory, in bytes, that `service` and `import` held while an import ran."""
    peaks, over = {"service": 0.0, "import": 0.0}, threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_SECONDS):
            held = _held(stack.process)
            if held["import"]:
                peaks.update({name: max(peaks[name], held[name]) for name in peaks})

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


def _held(process: psutil.Process) -> dict[str, float]:
    """Bytes that the inference service and its imports hold; 0 for these while none runs."""
    held = {"service": 0.0, "import": 0.0}
    for member in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if _is_service(member):
                of = "import" if "marquee.data.imports" in member.cmdline() else "service"
                held[of] += member.memory_info().rss
    return held


def _is_service(member: psutil.Process) -> bool:
    """Whether a process is of the inference service: its launcher, or anything below that."""
    return any("app" in ancestor.cmdline() for ancestor in (member, *member.parents()))


def _copy(engine: Engine, path: Path) -> float:
    """Seconds that COPY takes into a table with the columns, keys and indexes of `ratings`."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE peer (LIKE ratings INCLUDING ALL)"))
        for column, table in (("user_id", "users"), ("item_id", "items")):
            connection.execute(text(f"ALTER TABLE peer ADD FOREIGN KEY ({column}) REFERENCES {table}"))
    began = time.perf_counter()
    with engine.begin() as connection, path.open("rb") as file:
        cursor = connection.connection.cursor()
        cursor.copy_expert("COPY peer (user_id, item_id, rating, rated_at) FROM STDIN CSV", file)
    seconds = time.perf_counter() - began
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE peer"))
    return seconds


def _forget(engine: Engine) -> None:
    """Take the people away again, and their ratings with them."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM ratings WHERE starts_with(user_id, 'bench-')"))
        connection.execute(text("DELETE FROM users WHERE starts_with(user_id, 'bench-')"))
        connection.execute(text("DELETE FROM items WHERE item_id LIKE 'i%'"))
