"""Each kind of bad rating, with its line, field and reason."""

from pathlib import Path

import pyarrow as pa
import pytest

from marquee.data import validation as v
from marquee.data.layout import Columns
from marquee.data.reading import RawChunk
from marquee.data.rejects import shown
from marquee.data.tables import Catalogue
from marquee.domain import ids
from tests.support.data_files import NOW, SCALE, read, read_text, write

HEADER = "user_id,item_id,rating,timestamp\n"
GOOD = "u,i,4,1000\n"
SECONDS = int(NOW.timestamp())
OFF_SCALE = v.RatingRules(SCALE, NOW).off_scale


def test_the_reason_names_the_field_that_holds_the_time() -> None:
    faults = v.Faults(3)
    v.moments(pa.array(["", "soon", "1000"]), "at", faults)
    chunk = RawChunk([2, 3, 4], {"at": ["", "soon", "1000"]})
    assert [reject.reason for reject in faults.rejects("body", chunk)] == [
        "at is empty",
        "at is neither unix seconds nor ISO 8601",
    ]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (",i,4,1000", "user_id", ids.EMPTY),
        ("\u00a0,i,4,1000", "user_id", ids.BLANK),
        ('" d22",i,4,1000', "user_id", ids.EDGE_SPACE),
        ("u,i\u200b,4,1000", "item_id", ids.UNSEEN),
        ("u,,4,1000", "item_id", ids.EMPTY),
        ("u\0,i,4,1000", "user_id", ids.NUL),
        ("u,i\0,4,1000", "item_id", ids.NUL),
        (f"{'u' * 256},i,4,1000", "user_id", ids.LONG),
        ("u,i,,1000", "rating", v.NOT_A_NUMBER),
        ("u,i,good,1000", "rating", v.NOT_A_NUMBER),
        ('u,i,"4,5",1000', "rating", v.DECIMAL_COMMA),
        ("u,i,0x4,1000", "rating", v.NOT_A_NUMBER),
        ("u,i,٤,1000", "rating", v.NOT_A_NUMBER),
        ("u,i,nan,1000", "rating", v.NOT_FINITE),
        ("u,i,-Infinity,1000", "rating", v.NOT_FINITE),
        ("u,i,1e400,1000", "rating", OFF_SCALE),
        ("u,i,11,1000", "rating", OFF_SCALE),
        ("u,i,0,1000", "rating", OFF_SCALE),
        ("u,i,-4,1000", "rating", OFF_SCALE),
        ("u,i,3.7,1000", "rating", OFF_SCALE),
        ("u,i,4,", "timestamp", v.no_time("timestamp")),
        ("u,i,4,yesterday", "timestamp", v.not_a_time("timestamp")),
        ("u,i,4,nan", "timestamp", v.not_a_time("timestamp")),
        ("u,i,4,1e999", "timestamp", v.not_a_time("timestamp")),
        ("u,i,4,2025-13-01", "timestamp", v.not_a_time("timestamp")),
        ("u,i,4,-1", "timestamp", v.BEFORE_1970),
        ("u,i,4,1969-12-31T23:59:59Z", "timestamp", v.BEFORE_1970),
        (f"u,i,4,{SECONDS + 86_401}", "timestamp", v.IN_THE_FUTURE),
        ("u,i,4,9999-01-01", "timestamp", v.IN_THE_FUTURE),
    ],
)
def test_a_bad_rating_is_rejected_and_its_neighbours_are_taken(
    tmp_path: Path, row: str, field: str, reason: str
) -> None:
    outcome = read_text(tmp_path, f"{HEADER}{GOOD}{row}\nu,j,3.5,1001\n")
    assert outcome.faults == [(3, field, reason)]
    assert outcome.rows == [("u", "i", 4.0, 1000), ("u", "j", 3.5, 1001)]


def test_bytes_that_are_no_text_reject_their_row_alone(tmp_path: Path) -> None:
    content = f"{HEADER}{GOOD}".encode() + b"u,caf\xe9,4,1000\nu,j,3,1000\n"
    outcome = read_text(tmp_path, content)
    assert outcome.faults == [(3, "item_id", v.NOT_DECODABLE)]
    assert outcome.rejects[0].value == "caf\\xe9"
    assert len(outcome.rows) == 2
    named = read_text(tmp_path, content, Columns(encoding="latin-1"))
    assert (named.rows[1][1], named.faults) == ("café", [])


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("881250949", 881250949),
        ("881250949.9", 881250949),
        (" 8.8e8 ", 880000000),
        ("881250949123", 881250949),
        ("881250949123456", 881250949),
        ("881250949123456789", 881250949),
        ("1997-12-04T15:55:49Z", 881250949),
        ("1997-12-04T16:55:49+01:00", 881250949),
        ("1997-12-04 15:55:49.999", 881250949),
        ("1997-12-04", 881193600),
        ("0", 0),
        (str(SECONDS + 86_400), SECONDS + 86_400),
    ],
)
def test_times_are_unix_numbers_of_any_unit_or_iso_8601(tmp_path: Path, written: str, seconds: int) -> None:
    outcome = read_text(tmp_path, f"{HEADER}u,i,4,{written}\n")
    assert (outcome.faults, [row[3] for row in outcome.rows]) == ([], [seconds])


def test_stars_that_are_hardly_off_a_step_are_that_step(tmp_path: Path) -> None:
    outcome = read_text(tmp_path, f"{HEADER}u,i,4.0000000001,1\nu,j,4.5,1\n")
    assert (outcome.faults, [row[2] for row in outcome.rows]) == ([], [4.0, 4.5])


def test_ratings_without_a_time_column_are_of_the_moment_of_the_load(tmp_path: Path) -> None:
    outcome = read_text(tmp_path, "user_id,item_id,rating\nu,i,4\n")
    assert outcome.rows == [("u", "i", 4.0, SECONDS)]
    assert outcome.tables.ratings is not None
    assert not outcome.tables.ratings.timed


def test_only_the_first_fault_of_a_row_is_told(tmp_path: Path) -> None:
    assert read_text(tmp_path, f"{HEADER}{GOOD},i,eleven,never\n").faults == [(3, "user_id", ids.EMPTY)]


def test_rejects_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    outcome = read_text(tmp_path, f'{HEADER}u,i,11,1\nu,i\nu,i,12,1\n"u,i\nu,i,13,1\n')
    assert [line for line, _, _ in outcome.faults] == [2, 3, 4, 5, 6]


def test_unknown_items_are_rejected_where_there_is_a_catalogue(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", f"{HEADER}u,old,4,1\nu,new,4,1\nu,none,4,1\nu,bad,4,1\n")
    items = write(tmp_path / "i.csv", "item_id,title,year\nnew,New,2000\nbad,Bad,MM\n")
    outcome = read(path, items=items, catalogue=Catalogue(known=frozenset({"old"})))
    assert [row[1] for row in outcome.rows] == ["old", "new"]
    assert outcome.faults[1:] == [(4, "item_id", v.UNKNOWN_ITEM), (5, "item_id", v.REJECTED_ITEM)]


def test_a_long_value_is_shown_short_and_printable() -> None:
    assert shown("a\tb\0c\x1b") == "a\\tb\\x00c\\x1b"
    assert shown("d\udce97") == "d\\xe97"
    assert shown("x" * 1_000_000) == "x" * 80 + "… (1,000,000 characters)"
