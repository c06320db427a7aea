"""The list of rejected rows."""

import csv
from pathlib import Path

import pytest

from marquee.data.rejects import COLUMNS, KEPT_IN_MEMORY, Reject, RejectLog, in_order, summary
from marquee.domain.errors import ConfigurationError

REJECTS = [
    Reject("r.csv", line, "rating", 'a "value", quoted', f"reason {line % 2}") for line in range(2, 20)
]


def test_all_rejects_are_listed_counted_and_the_first_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "rejected.csv"
    with RejectLog(path) as log:
        log.add(REJECTS)
    assert log.path == path
    assert len(log) == len(REJECTS)
    assert log.by_reason == {"reason 0": 9, "reason 1": 9}
    assert log.first == REJECTS[:KEPT_IN_MEMORY]
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert [Reject(row[0], int(row[1]), *row[2:]) for row in rows] == REJECTS


def test_no_list_is_made_when_there_is_nothing_to_list(tmp_path: Path) -> None:
    with RejectLog(tmp_path / "rejected.csv") as log:
        log.add([])
    assert log.path is None
    assert list(tmp_path.iterdir()) == []


def test_a_list_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        RejectLog(tmp_path / "file" / "rejected.csv") as log,
        pytest.raises(ConfigurationError, match=r"cannot be written.*--rejects"),
    ):
        log.add(REJECTS)


def test_a_summary_tells_the_ten_most_frequent_reasons_and_the_first_rows() -> None:
    counts = {f"reason {number}": number for number in range(1, 13)}
    lines = summary(counts, REJECTS[:2])
    assert lines[0].split(maxsplit=1) == ["12", "reason 12"]
    assert lines[9].split(maxsplit=1) == ["3", "reason 3"]
    assert lines[10].split(maxsplit=1) == ["3", "for 2 other reasons"]
    assert lines[11:] == [
        "The first of them:",
        "  r.csv, line 2: reason 0 (rating: 'a \"value\", quoted')",
        "  r.csv, line 3: reason 1 (rating: 'a \"value\", quoted')",
    ]


def test_order_is_by_line() -> None:
    assert in_order(reversed(REJECTS)) == REJECTS
