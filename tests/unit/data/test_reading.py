"""Raw rows and the lines on which they begin."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.data.layout import MOST_CHARACTERS, Columns
from marquee.data.lines import BLOCK_CHARACTERS, MOST_RECORD_LINES
from marquee.data.parsing import NOT_AN_ID, NOT_AN_OBJECT, RAGGED, STRAY_QUOTE, UNCLOSED
from marquee.data.plain import parse_block
from marquee.data.progress import unheard
from marquee.data.reading import read_chunks
from marquee.data.sources import locate
from marquee.domain.errors import DataError
from tests.support.data_files import write

HEADER = "user,item,rating,note\n"


def rows_of(
    path: Path, columns: Columns | None = None
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """([(line, item)], [(line, reason)])."""
    table = locate(path, columns or Columns()).ratings
    assert table is not None
    rows: list[tuple[int, str]] = []
    faults: list[tuple[int, str]] = []
    for chunk in read_chunks(table, unheard):
        rows += zip(chunk.lines, chunk.texts("item_id"), strict=True)
        faults += [(reject.line, reject.reason) for reject in chunk.rejects]
    return rows, faults


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_from_the_header_whatever_ends_them(tmp_path: Path, end: str) -> None:
    text = (HEADER + "1,a,3,\n\n1,b,3,\n1,c,3,").replace("\n", end)
    assert rows_of(write(tmp_path / "r.csv", text)) == ([(2, "a"), (4, "b"), (5, "c")], [])


def test_a_row_begins_on_the_first_of_its_lines(tmp_path: Path) -> None:
    text = HEADER + '1,a,3,"two\nlines, and ""quotes"""\n1,b,3,x\n1,"c\n\nd",3,x\n1,e,3,x\n'
    assert rows_of(write(tmp_path / "r.csv", text)) == ([(2, "a"), (4, "b"), (5, "c\n\nd"), (8, "e")], [])


def test_ragged_rows_are_rejected_and_the_others_taken(tmp_path: Path) -> None:
    text = HEADER + "1,a,3,x\n1,b,3\n1,c,3,x,y\n1,d,3,x\n"
    assert rows_of(write(tmp_path / "r.csv", text)) == ([(2, "a"), (5, "d")], [(3, RAGGED), (4, RAGGED)])


def test_an_unclosed_quote_costs_one_row(tmp_path: Path) -> None:
    text = HEADER + '1,a,3,x\n1,b,3,"oops\n' + "".join(f"1,i{n},3,x\n" for n in range(3 * MOST_RECORD_LINES))
    rows, faults = rows_of(write(tmp_path / "r.csv", text))
    assert faults == [(3, UNCLOSED)]
    assert rows[:2] == [(2, "a"), (4, "i0")]
    assert len(rows) == 1 + 3 * MOST_RECORD_LINES


def test_text_after_a_closing_quote_costs_one_row(tmp_path: Path) -> None:
    text = HEADER + '1,a,3,"so "called""\n1,b,3,x\n'
    assert rows_of(write(tmp_path / "r.csv", text)) == ([(3, "b")], [(2, STRAY_QUOTE)])


def test_a_line_without_an_end_stops_the_reading(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", HEADER + "1,a,3,x\n1,b,3," + "x" * (MOST_CHARACTERS + BLOCK_CHARACTERS))
    with pytest.raises(DataError, match="line of over 16,777,216 characters"):
        rows_of(path)


def test_a_text_of_a_million_characters_is_only_a_row(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", HEADER + f'1,a,3,"{"x" * 1_000_000}"\n1,{"y" * 1_000_000},3,x\n')
    rows, faults = rows_of(path)
    assert [(line, len(item)) for line, item in rows] == [(2, 1), (3, 1_000_000)]
    assert faults == []


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    text = (HEADER + "1,a,3,x\n").replace(",", delimiter)
    assert rows_of(write(tmp_path / "r.csv", text)) == ([(2, "a")], [])


def test_two_colons_can_be_named_as_the_delimiter(tmp_path: Path) -> None:
    text = 'user::item::rating::note\n1::"a::3::x\n1::b:3\n'
    rows = rows_of(write(tmp_path / "r.csv", text), Columns(delimiter="::"))
    assert rows == ([(2, '"a')], [(3, RAGGED)])


@pytest.mark.parametrize("header", ["user,item,rating", "user , item , rating"])
def test_blanks_around_values_are_decoration(tmp_path: Path, header: str) -> None:
    text = f"{header}\n1, a , 3\n1 ,b , 3\n 1,\tc\t,3\n"
    assert rows_of(write(tmp_path / "r.csv", text)) == ([(2, "a"), (3, "b"), (4, "c")], [])


def test_blanks_within_quotes_are_part_of_the_value(tmp_path: Path) -> None:
    text = 'user,item,rating\n1, " a",3\n1,"say ""b"" ", 3\n1, c ," 3"\n'
    assert rows_of(write(tmp_path / "r.csv", text)) == ([(2, " a"), (3, 'say "b" '), (4, "c")], [])


def test_json_lines_have_their_objects_found_and_others_rejected(tmp_path: Path) -> None:
    text = (
        '{"user": 1, "item": "a", "rating": 4}\n'
        "\n"
        '{"rating": 4, "item": 2, "user": 1}\n'
        "[1, 2]\n"
        '{"user": 1, "item": "b", "rating"\n'
        '{"user": 1.5, "item": "c", "rating": 4}\n'
        '{"user": 1, "item": ["d"], "rating": 4}\n'
        '{"user": 1, "item": true, "rating": 4}\n'
        '{"user": 1, "rating": 4}\n'
        '{"user": 1, "item": "e", "rating": NaN}\n'
        '{"user": 1, "item": null, "rating": 4}\n'
    )
    rows, faults = rows_of(write(tmp_path / "r.jsonl", text))
    assert rows == [(1, "a"), (3, "2"), (11, "")]
    assert faults == [
        (4, NOT_AN_OBJECT),
        (5, "not JSON: unexpected end of data"),
        (6, NOT_AN_ID),
        (7, NOT_AN_ID),
        (8, NOT_AN_ID),
        (9, "the key 'item' is missing"),
        (10, "not JSON: unexpected character, expected a JSON value"),
    ]


def test_a_line_that_is_no_json_says_where_it_breaks_off(tmp_path: Path) -> None:
    table = locate(write(tmp_path / "r.jsonl", '{"user": 1, "item": 2, "rating": 3}\n{bad\n')).ratings
    assert table is not None
    (reject,) = [reject for chunk in read_chunks(table, unheard) for reject in chunk.rejects]
    assert str(reject).startswith("r.jsonl, line 2: not JSON: unexpected character")
    assert str(reject).endswith("(column 2: '{bad')")


def test_a_json_array_is_refused_with_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="one object a line"):
        rows_of(write(tmp_path / "r.json", '[\n  {"user": 1, "item": 2, "rating": 3}\n]\n'))


PLAIN = st.text(st.characters(exclude_characters='\0\r\n,"', exclude_categories=("Cs",)), max_size=5)


@settings(deadline=None, max_examples=50)  # it writes files, and the disk may be busy
@given(rows=st.lists(st.tuples(PLAIN, PLAIN.filter(bool), PLAIN), min_size=1, max_size=20))
def test_the_quick_way_reads_what_the_careful_way_reads(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    """A doubled quote in the last row sends a block through the parser; without it, it goes the quick way."""
    folder = tmp_path_factory.mktemp("rows")
    body = "user,item,rating\n0,first,3\n" + "".join(",".join(row) + "\n" for row in rows)
    table = locate(write(folder / "r.csv", body)).ratings
    assert table is not None
    assert parse_block(body, table.layout) is not None
    assert parse_block(body + '"', table.layout) is None
    quick, no_faults = rows_of(folder / "r.csv")
    careful, also_none = rows_of(write(folder / "q.csv", body + '1,"q""",3\n'))
    assert careful == [*quick, (len(rows) + 3, 'q"')]
    assert no_faults == also_none == []


@settings(max_examples=500)
@given(body=st.text(st.sampled_from('ab,,""""\n\n \t'), min_size=1, max_size=40))
def test_the_quick_way_takes_no_quotes_that_mean_something(
    tmp_path_factory: pytest.TempPathFactory, body: str
) -> None:
    table = locate(write(tmp_path_factory.mktemp("rows") / "r.csv", "user,item,rating\n1,a,3\n")).ratings
    assert table is not None
    parsed = parse_block(body, table.layout)
    if parsed is not None:
        read = list(csv.reader(body.splitlines(keepends=True), strict=True))
        assert [list(row.values()) for row in parsed.to_pylist()] == read


def test_quotes_around_every_text_go_the_quick_way(tmp_path: Path) -> None:
    body = '"user","item","rating"\n"1","a b",3\n"2","c",4\r\n"","",5'
    table = locate(write(tmp_path / "r.csv", body)).ratings
    assert table is not None
    parsed = parse_block(body.partition("\n")[2], table.layout)
    assert parsed is not None
    assert parsed.to_pylist() == [
        {"0": "1", "1": "a b", "2": "3"},
        {"0": "2", "1": "c", "2": "4"},
        {"0": "", "1": "", "2": "5"},
    ]
