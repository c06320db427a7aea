"""Ratings in memory: one a pair, and every id as it was."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.data.tables import latest
from marquee.domain.ids import fault_of_new
from tests.support.data_files import NOW, read, read_text, write

HEADER = "user_id,item_id,rating,timestamp\n"


def test_the_latest_rating_of_a_pair_stands_wherever_it_is_in_the_file(tmp_path: Path) -> None:
    outcome = read_text(tmp_path, f"{HEADER}u,i,5,30\nu,i,4,10\nu,j,3,10\nu,i,2,20\nv,i,1,5\n")
    assert outcome.rows == [("u", "i", 5.0, 30), ("u", "j", 3.0, 10), ("v", "i", 1.0, 5)]
    assert outcome.tables.ratings is not None
    assert (outcome.tables.ratings.rows, outcome.tables.ratings.duplicates) == (5, 2)


def test_of_ratings_of_one_second_the_last_in_the_file_stands(tmp_path: Path) -> None:
    outcome = read_text(tmp_path, f"{HEADER}u,i,5,10\nu,i,4,10\nu,i,3,10\n")
    assert outcome.rows == [("u", "i", 3.0, 10)]


def test_a_rejected_row_does_not_replace_a_good_one(tmp_path: Path) -> None:
    outcome = read_text(tmp_path, f"{HEADER}u,i,5,10\nu,i,99,20\n")
    assert outcome.rows == [("u", "i", 5.0, 10)]
    assert outcome.tables.ratings is not None
    assert (outcome.tables.ratings.rows, outcome.tables.ratings.duplicates) == (2, 0)


def test_latest_by_hand() -> None:
    pairs = np.array([7, 8, 7, 7, 8], dtype=np.int64)
    times = np.array([5, 1, 9, 9, 1], dtype=np.int64)
    assert latest(pairs, times).tolist() == [3, 4]
    assert latest(pairs[:0], times[:0]).tolist() == []


IDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=255
).filter(lambda text: fault_of_new(text) is None)
STARS = st.integers(1, 10).map(lambda halves: halves / 2)
TIMES = st.integers(0, int(NOW.timestamp()))


@settings(deadline=None, max_examples=50)  # it writes files, and the disk may be busy
@given(ratings=st.dictionaries(st.tuples(IDS, IDS), st.tuples(STARS, TIMES), min_size=1, max_size=30))
def test_ratings_with_any_ids_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, ratings: dict[tuple[str, str], tuple[float, int]]
) -> None:
    """Slashes, quotes, delimiters, emoji: whatever may name something new."""
    path = tmp_path_factory.mktemp("round") / "ratings.csv"
    rows = [(user, item, stars, time) for (user, item), (stars, time) in ratings.items()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(["user_id", "item_id", "rating", "timestamp"])
        writer.writerows(rows)
    outcome = read(path)
    assert outcome.rejects == []
    assert outcome.rows == rows


def test_chunks_share_their_codes(tmp_path: Path) -> None:
    """Enough rows for several blocks; every third pair is rated twice."""
    rows = [(f"u{n % 7}", f"i{n}", 1.0, n) for n in range(120_000)]
    again = [(user, item, 2.0, time + 1) for user, item, _, time in rows[::3]]
    body = "".join(f"{user},{item},{stars:g},{time}\n" for user, item, stars, time in rows + again)
    outcome = read(write(tmp_path / "r.csv", HEADER + body))
    assert outcome.rejects == []
    assert sorted(outcome.rows) == sorted([row for n, row in enumerate(rows) if n % 3] + again)
