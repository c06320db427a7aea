"""Lines that are too long to be rows, where reading goes on behind them."""

import io

import pytest

from marquee.data.lines import BLOCK_CHARACTERS, Lines, LongLine

LONGEST = 2**20


def lines_of(text: str) -> Lines:
    return Lines(io.TextIOWrapper(io.BytesIO(text.encode()), newline=""), "f", LONGEST)


def rest(lines: Lines) -> list[str]:
    """What is left, with what is too long as its number of characters that are kept."""
    found = []
    while True:
        try:
            found.append(next(lines))
        except StopIteration:
            return found
        except LongLine as cut:
            found.append(f"<{len(str(cut))}>")
        lines.next_record()


def test_a_long_line_is_told_by_its_beginning_and_counted() -> None:
    lines = lines_of("a\n" + "x" * (3 * LONGEST) + "\nb\n")
    assert rest(lines) == ["a\n", "<200>", "b\n"]
    assert lines.number == 3


def test_a_long_last_line_needs_no_end() -> None:
    assert rest(lines_of("a\n" + "x" * (3 * LONGEST))) == ["a\n", "<200>"]


def test_a_line_that_is_just_long_enough_is_one() -> None:
    line = "x" * (LONGEST - 1) + "\n"
    assert rest(lines_of(line + "b\n")) == [line, "b\n"]


def test_a_block_ends_before_a_long_line() -> None:
    start = "a\n" * 10
    lines = lines_of(start + "x" * (BLOCK_CHARACTERS + 2 * LONGEST) + "\nb\n")
    assert lines.block() == ""
    assert rest(lines) == ["a\n"] * 10 + ["<200>", "b\n"]


def test_a_long_line_within_a_block_is_cut_too() -> None:
    lines = lines_of("a\n" + "x" * (LONGEST + 10) + "\r\nb\n" + "c\n" * BLOCK_CHARACTERS)
    assert lines.block() == ""
    assert [next(lines)] == ["a\n"]
    lines.next_record()
    with pytest.raises(LongLine):
        next(lines)
    assert next(lines) == "b\n"


def test_a_record_that_runs_into_a_long_line_has_no_end() -> None:
    lines = lines_of('"a\nb\n' + "x" * (2 * LONGEST) + "\nc\n")
    assert [next(lines), next(lines)] == ['"a\n', "b\n"]
    with pytest.raises(StopIteration):
        next(lines)
    assert lines.give_up() == '"a\n'
    assert rest(lines) == ["b\n", "<200>", "c\n"]
    assert lines.number == 4


def test_the_head_is_read_again() -> None:
    lines = lines_of("a\nb\nc\n")
    assert lines.head(2, 1000) == ["a\n", "b\n"]
    assert lines.number == 0
    assert rest(lines) == ["a\n", "b\n", "c\n"]


@pytest.mark.parametrize(
    ("line", "most"), [("1,1,5\n", 100_000), ("x" * 999 + "\n", BLOCK_CHARACTERS // 1000)]
)
def test_a_block_has_about_so_many_lines_and_not_more_characters(line: str, most: int) -> None:
    lines = lines_of(line * (3 * BLOCK_CHARACTERS // len(line)))
    first = lines.block()
    lines.accept(first, first.count("\n"))
    second = lines.block()
    assert most * 0.99 <= second.count("\n") <= most + 1
    assert len(second) <= BLOCK_CHARACTERS + len(line)
