"""A report as one HTML file, which needs nothing beside it, and as Markdown."""

from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from marquee.data.quality import check_quality
from marquee.data.report.findings import all_findings
from marquee.data.report.frames import Frames
from marquee.data.report.model import Report, Table
from marquee.data.report.sections import all_sections
from marquee.data.tidy import write_file
from marquee.domain.columns import RATING, TIME
from marquee.settings import RatingScale

HTML, MARKDOWN = "report.html", "report.md"


def make_report(frames: Frames, scale: RatingScale, now: datetime) -> Report:
    """Look at everything; the same data and `now` give the same report."""
    quality = check_quality(frames.ratings, frames.items, frames.users, scale, now)
    times = frames.ratings[TIME]
    days = (int(times.max()) - int(times.min())) / 86_400
    tiles = (
        ("ratings", f"{len(frames.ratings):,}"),
        ("people", f"{len(frames.users):,}"),
        ("items", f"{len(frames.items):,}"),
        ("of the matrix rated", f"{frames.matrix_share:.2%}"),
        ("mean stars", f"{frames.ratings[RATING].mean():.2f}"),
        ("days", f"{days:,.0f}"),
    )
    return Report(
        title="Data report",
        subtitle=frames.source,
        tiles=tiles,
        findings=all_findings(frames, quality),
        sections=tuple(all_sections(frames, quality)),
        made=f"Made by `marquee data report`, Marquee {version('marquee')}.",
    )


def write_report(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write report.html and report.md; returns their paths."""
    paths = folder / HTML, folder / MARKDOWN
    for path, text in zip(paths, (to_html(report), to_markdown(report)), strict=True):
        write_file(path, text.encode())
    return paths


def to_html(report: Report) -> str:
    """One page with its styles and pictures in it; every text of the data is escaped."""
    return _environment(html=True).get_template("data_report.html.j2").render(report=report)


def to_markdown(report: Report) -> str:
    """The same facts without the pictures."""
    return _environment(html=False).get_template("data_report.md.j2").render(report=report)


def prose(text: str) -> Markup:
    """Text for HTML, with what stands between backticks as code."""
    parts = [escape(part) for part in text.split("`")]
    pieces = (
        Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )
    return Markup("").join(pieces)


def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("marquee.data.report"),
        autoescape=html,  # noqa: S701 - Markdown is no HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"markdown_table": markdown_table, "prose": prose}
    return environment


def markdown_table(table: Table) -> str:
    """Pipes and dashes; numbers to the right."""
    marks = ["---" if place < table.numeric_from else "---:" for place in range(len(table.header))]
    lines = [table.header, marks, *table.rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").split())
