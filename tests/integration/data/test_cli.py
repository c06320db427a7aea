"""`marquee data …` as a person runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.data_files import ml_100k, write

Run = Callable[..., "subprocess.CompletedProcess[str]"]
HEADER = "user_id,item_id,rating,timestamp\n"


@pytest.fixture
def run(new_database: Callable[[], str], tmp_path: Path) -> Iterator[Run]:
    """Runs a command against an empty platform."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")}
    environment |= {
        "MARQUEE_DATABASE_URL": new_database().replace("+psycopg2", ""),
        "MARQUEE_HOME": str(tmp_path / "home"),
        "MARQUEE_DATA_DIR": str(tmp_path / "data"),
    }

    def command(*words: object) -> "subprocess.CompletedProcess[str]":
        line = [sys.executable, "-m", "marquee", "data", *map(str, words)]
        return subprocess.run(
            line, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return command


def test_a_good_file_ends_with_0(run: Run, tmp_path: Path) -> None:
    done = run("load", ml_100k(tmp_path / "ml-100k"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "ratings: 3 rows read; 3 new, 0 changed, 0 as they were" in done.stdout


def test_rejected_rows_are_shown_listed_and_end_with_10(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", f"{HEADER}u,i,3,100\nu,j,11,100\n")
    done = run("load", path)
    assert done.returncode == 10
    assert "mine.csv, line 3: rating is not on the scale of 0.5 to 5 by 0.5 (rating_scale in " in done.stdout
    (listed,) = (tmp_path / "home" / "logs").glob("rejected-mine-*.csv")
    assert f"All of them: {listed}" in done.stdout
    assert listed.read_text().splitlines()[1].startswith("mine.csv,3,rating,11,")


def test_items_without_a_title_are_noted(run: Run, tmp_path: Path) -> None:
    done = run("load", "--items", write(tmp_path / "films.csv", "id,title\na,Aria\nb,\n"))
    assert done.returncode == 0
    assert "items: 1 without a title; the id stands in its place" in done.stdout


def test_bytes_that_are_no_text_are_shown_by_their_values(run: Run, tmp_path: Path) -> None:
    done = run("load", write(tmp_path / "mine.csv", f"{HEADER}u,i,3,100\n".encode() + b"d\xe97,i,3,100\n"))
    assert done.returncode == 10
    assert "(user_id: 'd\\xe97')" in done.stdout


def test_the_list_goes_where_it_is_wanted_and_json_says_it_all(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", f"{HEADER}u,i,3,100\nu,j,11,100\n")
    done = run("load", path, "--json", "--rejects", tmp_path / "bad.csv")
    assert done.returncode == 10
    report = json.loads(done.stdout)
    assert report["ratings"]["inserted"] == report["rejected"] == 1
    assert report["rejects"] == str(tmp_path / "bad.csv")
    assert report["first"][0]["line"] == 3


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["none.csv"], 3, "none.csv does not exist"),
        (["a.csv"], 3, "no column for the user"),
        (["a.csv", "--user-column", "z"], 2, "no column 'z'"),
        (["a.csv", "--delimiter", ",,"], 2, "cannot be a delimiter"),
        ([], 3, "marquee data fetch ml-100k"),
    ],
)
def test_a_mistake_is_one_line_and_a_status_of_its_own(
    run: Run, tmp_path: Path, words: list[str], status: int, said: str
) -> None:
    write(tmp_path / "a.csv", "a,b,rating\n1,2,3\n")
    done = run("load", *words)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_columns_can_be_named(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "wer|was|wie|wann\nu|i|3|100\n")
    columns = (
        "--user-column",
        "wer",
        "--item-column",
        "was",
        "--rating-column",
        "wie",
        "--time-column",
        "wann",
    )
    done = run("load", path, *columns)
    assert done.returncode == 0, done.stderr


def test_an_unknown_data_set_cannot_be_fetched(run: Run) -> None:
    done = run("fetch", "ml-1t")
    assert done.returncode == 4
    assert "There is ml-100k." in done.stderr


def test_every_command_shows_an_example(run: Run) -> None:
    for command in ("fetch", "load", "prepare", "snapshot"):
        assert f"Example: marquee data {command}" in run(command, "--help").stdout


def test_prepare_splits_what_lies_in_data_raw(run: Run, tmp_path: Path) -> None:
    rows = "".join(f"u{n},i{n},{1 + n % 5},{n}\n" for n in range(10))
    (tmp_path / "data" / "raw" / "mine").mkdir(parents=True)
    write(tmp_path / "data" / "raw" / "mine" / "ratings.csv", HEADER + rows)
    done = run("prepare", "--name", "mine", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "train": 8,
        "test": 2,
        "rejected": 0,
        "folder": str(tmp_path / "data" / "processed"),
    }


def test_a_snapshot_is_named_by_its_rows_and_kept_once(run: Run, tmp_path: Path) -> None:
    run("load", ml_100k(tmp_path / "ml-100k"))
    first, again = (json.loads(run("snapshot", "--json").stdout) for _ in range(2))
    assert first == again
    assert (first["ratings"], first["items"], first["users"]) == (3, 3, 2)
    assert first["trained_through"] == "1997-12-04T15:55:51+00:00"
    assert (Path(first["path"]) / "ratings.parquet").is_file()


def test_a_snapshot_of_nothing_is_a_mistake(run: Run) -> None:
    done = run("snapshot")
    assert done.returncode == 3
    assert "marquee data load" in done.stderr
