"""The report as a page and as Markdown."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from marquee.data.report.model import Table
from marquee.data.report.pictures import bars, columns, curve, heat_map
from marquee.data.report.render import make_report, markdown_table, prose, to_html, to_markdown, write_report
from tests.support.ratings import checkerboard
from tests.unit.data.report.test_facts import NOW, STARS, frames

NASTY = "<script>alert(1)</script> & | 日本"
VOID = {"meta", "link", "br", "img", "rect", "polyline"}


@pytest.fixture(scope="module")
def page() -> str:
    found = frames(checkerboard())
    found.items.loc[0, "title"] = NASTY
    return to_html(make_report(found, STARS, NOW))


class _Checker(HTMLParser):
    """Every element is closed; what each refers to is remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.count: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self.links += [str(given[name]) for name in ("href", "src") if name in given]
        if tag == "svg":
            assert given["role"] == "img"
            assert given["aria-label"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def test_the_page_is_whole_needs_nothing_else_and_its_links_lead_somewhere(page: str) -> None:
    checker = _Checker()
    checker.feed(page)
    assert checker.open == []
    assert len(checker.ids) == len(set(checker.ids))
    assert {link.removeprefix("#") for link in checker.links} <= set(checker.ids)
    assert "http" not in re.sub(r"<text.*?</text>", "", page)
    assert checker.count["h1"] == 1


def test_every_picture_has_a_table_beside_it(page: str) -> None:
    assert page.count("<svg") == page.count("<figure>") > 8
    for figure in re.findall(r"<figure>.*?</figure>", page, re.DOTALL):
        assert "<table>" in figure


def test_what_the_data_says_is_text_and_not_a_program(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_page_is_the_same_each_time() -> None:
    report = make_report(frames(checkerboard()), STARS, NOW)
    assert to_html(report) == to_html(make_report(frames(checkerboard()), STARS, NOW))


def test_markdown_has_the_same_sections_and_whole_tables(tmp_path: Path) -> None:
    report = make_report(frames(checkerboard()), STARS, NOW)
    text = to_markdown(report)
    titles = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert titles == ["Findings", *(section.title for section in report.sections)]
    assert text.splitlines()[4].count("|") == text.splitlines()[5].count("|") == len(report.tiles) + 1
    html, markdown = write_report(report, tmp_path / "out")
    assert (html.name, markdown.name) == ("report.html", "report.md")
    assert markdown.read_text(encoding="utf-8") == text


def test_a_cell_cannot_break_a_markdown_table() -> None:
    table = Table(("what", "how many"), (("a|b\nc", "1"),))
    assert markdown_table(table) == "| what | how many |\n| --- | ---: |\n| a\\|b c | 1 |"


def test_backticks_become_code_and_everything_is_escaped() -> None:
    assert prose("run `marquee tune` & <wait>") == "run <code>marquee tune</code> &amp; &lt;wait&gt;"


def test_columns_and_bars_are_in_proportion() -> None:
    upright = columns(["a", "b"], [1.0, 4.0], "two").rects
    assert upright[1].height == pytest.approx(4 * upright[0].height)
    lying = bars(["a", "b"], [2.0, 1.0], "two", ["2", "1"]).rects
    assert lying[0].width == pytest.approx(2 * lying[1].width)
    assert columns([], [], "none").rects == ()


def test_a_curve_begins_and_ends_where_the_values_do() -> None:
    line = curve([0.0, 1.0], [0.0, 1.0], "up", x_labels=("0", "1"), y_percent=True).lines[-1]
    (x0, y0), (x1, y1) = (map(float, point.split(",")) for point in line.points.split())
    assert x0 < x1
    assert y0 > y1  # SVG counts downwards


def test_a_negative_cell_has_the_second_colour() -> None:
    cells = heat_map(["a"], ["b", "c"], [[0.5, -1.0]], "two", shown=[["0.5", "-1"]], signed=True).rects
    assert [(cell.tone, cell.second) for cell in cells] == [(0.5, False), (1.0, True)]
