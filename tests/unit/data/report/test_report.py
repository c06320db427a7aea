"""The report on data, as a page and as Markdown."""

import pytest

from marquee.data.report.report import make_report
from marquee.reporting.model import Findings, Report
from marquee.reporting.render import to_html, to_markdown
from tests.support.ratings import checkerboard
from tests.unit.data.report.test_facts import NOW, STARS, frames

NASTY = "<script>alert(1)</script> & | 日本"


@pytest.fixture(scope="module")
def report() -> Report:
    found = frames(checkerboard())
    found.items.loc[0, "title"] = NASTY
    return make_report(found, STARS, NOW)


def test_findings_come_first_and_the_summary_names_the_gravest(report: Report) -> None:
    first = report.sections[0]
    assert first.title == "Findings"
    assert isinstance(first.blocks[1], Findings)
    grave = [one.title for one in report.findings() if one.level == "warning"]
    assert all(title in report.summary for title in grave)
    assert "error" not in report.summary


def test_every_picture_has_a_name_of_its_own_and_a_table(report: Report) -> None:
    names = [plot.name for plot in report.plots()]
    assert len(names) == len(set(names)) > 8
    assert all(plot.table.rows and plot.alt for plot in report.plots())


def test_what_the_data_says_is_text_and_not_a_program(report: Report) -> None:
    page = to_html(report)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_page_is_the_same_each_time(report: Report) -> None:
    again = make_report(frames(checkerboard()), STARS, NOW)
    assert to_html(again) == to_html(make_report(frames(checkerboard()), STARS, NOW))


def test_markdown_has_the_same_sections(report: Report) -> None:
    titles = [line.removeprefix("## ") for line in to_markdown(report).splitlines() if line.startswith("## ")]
    assert titles == [*(section.title for section in report.sections), "What this rests on"]
