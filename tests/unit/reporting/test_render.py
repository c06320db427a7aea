"""One model, two forms: the page is well-formed, says everything, and every picture has words and a table."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from marquee.reporting.model import (
    Finding,
    Findings,
    Mark,
    Number,
    Plot,
    Report,
    Section,
    Series,
    Table,
    Tile,
)
from marquee.reporting.render import to_html, to_markdown, write_report

TABLE = Table(
    "Errors by contender",
    ("contender", "RMSE", "outcome"),
    (
        ("svd <tuned>", Number(0.9123, 4, 0.9, 0.92, best=True), Mark("better", "good")),
        ("a|b", Number(None), Mark("worse", "bad")),
    ),
    note="Lower is better.",
)


def _plot(name: str, kind: str, **more: object) -> Plot:
    words = kind in ("categories", "columns")
    series = tuple(
        Series(who, ("men", "women") if words else (1.0, 2.0), (y, y + 1), (y - 0.1, None), (y + 0.1, None))
        for who, y in (("svd", 1.0), ("bias & co", 2.0))
    )
    return Plot(name, f"Title of {name}", f'What "{name}" shows', kind, "x", "y", series, TABLE, **more)  # type: ignore[arg-type]


PLOTS = (
    _plot("points", "points", x_scale="log"),
    _plot("slices", "categories"),
    _plot("curves", "lines", diagonal=True),
    _plot("days", "curve", x_scale="days", diagonal=True),
    _plot("upright", "columns"),
    Plot(
        "lying",
        "Lying",
        "Bars.",
        "bars",
        "x",
        "",
        (Series("n", ("a", "b"), (2.0, 1.0), text=("2", "1")),),
        TABLE,
    ),
    Plot(
        "cells",
        "Cells",
        "A grid.",
        "heat",
        "",
        "",
        (Series("a", ("b", "c"), (0.5, -1.0), text=("0.5", "-1")),),
        TABLE,
    ),
)
FINDINGS = Findings((Finding("warning", "Few & far", "See `a<b`.", "Run `marquee tune`."),))
REPORT = Report(
    "svd against bias & co",
    "It is better.",
    (("Data", "ml-100k"),),
    (Tile("nDCG", "0.2", "0.1 to 0.3", "good"),),
    (
        Section("First", ("A paragraph with <angles>.", TABLE), (Section("Within", (PLOTS[0],)),)),
        Section("Second", (FINDINGS, *PLOTS[1:])),
    ),
)


class _Page(HTMLParser):
    """Checks nesting, and collects tags with their attributes."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def html() -> str:
    return to_html(REPORT)


@pytest.fixture(scope="module")
def page(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    assert page.open == []
    return page


def test_headings_go_down_one_level_at_a_time(page: _Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_table_has_a_caption_and_headers_that_say_their_scope(page: _Page) -> None:
    assert len(page.named("table")) == len(page.named("caption")) == 1 + len(PLOTS)
    assert {header["scope"] for header in page.named("th")} == {"col", "row"}


def test_every_plot_is_inside_with_its_words(page: _Page) -> None:
    pictures = page.named("svg")
    assert [picture["aria-label"] for picture in pictures] == [plot.alt for plot in PLOTS]
    assert {picture["role"] for picture in pictures} == {"img"}


def test_identifiers_are_unique_and_links_lead_somewhere(page: _Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    links = [link["href"] for link in page.named("a")]
    assert links
    assert {str(link).removeprefix("#") for link in links} <= set(ids)


def test_nothing_is_fetched_from_elsewhere(html: str) -> None:
    assert not re.findall(r"(?:src|href)=\"(?!#)", html)
    assert "@import" not in html
    assert "url(http" not in html


def test_what_contenders_are_called_is_escaped(html: str) -> None:
    assert "svd &lt;tuned&gt;" in html
    assert "<angles>" not in html


def test_colours_are_the_pages_own(html: str) -> None:
    """None of the colours that stand for variables is left."""
    assert "var(--series-2)" in html
    assert "#010101" not in html
    assert "prefers-color-scheme: dark" in html


def test_findings_have_their_level_and_backticks_become_code(html: str) -> None:
    assert '<li class="is-warning">' in html
    assert "<strong>Few &amp; far</strong>" in html
    assert "See <code>a&lt;b</code>." in html
    assert "- **Few & far** (warning). See `a<b`. Run `marquee tune`." in to_markdown(REPORT)


def test_bars_and_cells_say_their_numbers_and_a_negative_cell_has_another_colour(html: str) -> None:
    cells = html[html.index("cells-figure_1") : html.index("</svg>", html.index("cells-figure_1"))]
    assert cells.count("var(--series-1)") == 1
    assert cells.count("var(--series-2)") == 1
    assert ">0.5</text>" in cells
    assert "var(--on-series)" in cells  # letters on a dark cell
    assert ">1970-01-01</text>" in html[html.index("days-figure_1") :]


def test_plots_of_the_report_before_are_gone(tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "old.svg").write_text("<svg/>")
    write_report(REPORT, tmp_path)
    assert {path.stem for path in (tmp_path / "plots").iterdir()} == {plot.name for plot in PLOTS}


def test_markdown_says_the_same(tmp_path: Path) -> None:
    text = to_markdown(REPORT)
    assert "# svd against bias & co\n" in text
    assert "### Within" in text
    assert "| svd <tuned> | **0.9123** (0.9000 to 0.9200) | ✓ better |" in text
    assert "| a\\|b | none | ✗ worse |" in text
    written = write_report(REPORT, tmp_path / "report")
    for plot in PLOTS:
        assert f"![{plot.alt}](plots/{plot.name}.svg)" in text
        assert (tmp_path / "report" / "plots" / f"{plot.name}.svg").read_text().startswith("<svg")
    assert written.markdown.read_text() == text
    assert json.loads(written.json.read_text()) == json.loads(json.dumps(REPORT.to_dict()))


def test_the_same_report_gives_the_same_bytes() -> None:
    assert to_html(REPORT) == to_html(REPORT)


@pytest.mark.parametrize(
    ("number", "text", "interval"),
    [
        (Number(0.19304, 3, 0.1712, 0.2119), "0.193", "0.171 to 0.212"),
        (Number(-0.5, 2, signed=True), "−0.50", ""),  # noqa: RUF001 - a minus sign
        (Number(0.5, 1, signed=True, percent=True), "+50.0%", ""),
        (Number(12345.6, 0), "12,346", ""),
        (Number(None, 3, 0.1, None), "none", ""),
    ],
)
def test_numbers_are_written_for_people(number: Number, text: str, interval: str) -> None:
    assert (number.text, number.interval) == (text, interval)
