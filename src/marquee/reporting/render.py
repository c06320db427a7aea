"""A report as files: one HTML page that needs nothing else, and Markdown with its plots beside it."""

import json
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from marquee.reporting.drawing import draw, draw_file
from marquee.reporting.model import Findings, Mark, Number, Plot, Report, Section, Table

HTML, MARKDOWN, JSON = "report.html", "report.md", "report.json"
PLOTS = "plots"
_NARROW, _SHORT = 4, 8  # columns and rows of a table


@dataclass(frozen=True, slots=True)
class Written:
    """Where the forms of a report are."""

    html: Path
    markdown: Path
    json: Path


def write_report(report: Report, folder: Path) -> Written:
    """Write all forms of a report into a folder, over those before; OSError when the disk refuses."""
    (folder / PLOTS).mkdir(parents=True, exist_ok=True)
    for before in (folder / PLOTS).glob("*.svg"):
        before.unlink()  # a plot that this report does not have
    for plot in report.plots():
        (folder / PLOTS / f"{plot.name}.svg").write_text(draw_file(plot), encoding="utf-8")
    written = Written(folder / HTML, folder / MARKDOWN, folder / JSON)
    written.html.write_text(to_html(report), encoding="utf-8")
    written.markdown.write_text(to_markdown(report), encoding="utf-8")
    written.json.write_text(json.dumps(report.to_dict(), indent=1) + "\n", encoding="utf-8")
    return written


def to_html(report: Report) -> str:
    """One page, its style and its pictures inside."""
    return _environment(autoescape=True).get_template("report.html.j2").render(report=report)


def to_markdown(report: Report) -> str:
    """GitHub's Markdown; plots are `plots/NAME.svg`."""
    text = _environment(autoescape=False).get_template("report.md.j2").render(report=report, folder=PLOTS)
    return text.strip() + "\n"


def _environment(*, autoescape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("marquee.reporting"),
        autoescape=autoescape,  # noqa: S701 - off for Markdown alone
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["short"] = _SHORT
    environment.filters.update(
        kind=_kind, svg=draw, slug=_slug, md=_markdown_cell, prose=_prose, narrow=_narrow
    )
    return environment


def _kind(block: object) -> str:
    """What a template is to make of a block or a cell."""
    return _KINDS[type(block)]


_KINDS = {
    str: "text",
    Table: "table",
    Plot: "plot",
    Findings: "findings",
    Number: "number",
    Mark: "mark",
    Section: "section",
}


def _prose(text: str) -> Markup:
    """Text for HTML, with what stands between backticks as code."""
    parts = [escape(part) for part in text.split("`")]
    pieces = (
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )
    return Markup("").join(pieces)


def _narrow(table: Table) -> bool:
    """Whether a table is short, and narrow enough to stand beside its plot."""
    wide = any(isinstance(cell, Number) and cell.interval for row in table.rows for cell in row)
    return not wide and len(table.columns) <= _NARROW and len(table.rows) <= _SHORT


def _slug(title: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())


def _markdown_cell(cell: object) -> str:
    if isinstance(cell, Number):
        shown = f"**{cell.text}**" if cell.best else cell.text
        return f"{shown} ({cell.interval})" if cell.interval else shown
    text = (
        {"good": "✓ ", "bad": "✗ "}.get(cell.status, "") + cell.text if isinstance(cell, Mark) else str(cell)
    )
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").split())
