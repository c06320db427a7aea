"""All of it as one report."""

from datetime import datetime
from importlib.metadata import version

from marquee.data.quality import check_quality
from marquee.data.report.facts import count, day, share
from marquee.data.report.findings import all_findings
from marquee.data.report.frames import Frames
from marquee.data.report.sections import all_sections
from marquee.domain.columns import RATING, TIME
from marquee.reporting.model import Finding, Findings, Report, Section, Tile
from marquee.settings import RatingScale


def make_report(frames: Frames, scale: RatingScale, now: datetime) -> Report:
    """Look at everything; the same data and `now` give the same report."""
    quality = check_quality(frames.ratings, frames.items, frames.users, scale, now)
    found = all_findings(frames, quality, scale)
    findings = Section("Findings", ("What the figures below say, and what to do about it.", Findings(found)))
    n_ratings, n_people, n_items = len(frames.ratings), len(frames.users), len(frames.items)
    first, last = (day(moment) for moment in (frames.ratings[TIME].min(), frames.ratings[TIME].max()))
    return Report(
        title=f"What the data are like: {frames.source}",
        summary=_summary(found),
        facts=(
            ("Data", frames.source),
            (
                "Rows",
                f"{n_ratings:,} ratings of {n_people:,} people, {n_items:,} items",
            ),
            ("Ratings made", f"{first} to {last}"),
            ("Made by", f"`marquee data report`, Marquee {version('marquee')}"),
        ),
        tiles=_tiles(frames),
        sections=(findings, *all_sections(frames, quality)),
    )


def _summary(found: tuple[Finding, ...]) -> str:
    """How many findings there are of each level, and the gravest by name."""
    counts = {level: sum(one.level == level for one in found) for level in ("error", "warning", "note")}
    words = [f"{n} {level}{'s' if n > 1 else ''}" for level, n in counts.items() if n]
    grave = [one.title for one in found if one.level in ("error", "warning")]
    told = f" {'; '.join(grave)}." if grave else ""
    return f"{', '.join(words) if words else 'Nothing to note'}.{told}"


def _tiles(frames: Frames) -> tuple[Tile, ...]:
    times = frames.ratings[TIME]
    days = (int(times.max()) - int(times.min())) / 86_400
    return (
        Tile("Ratings", count(len(frames.ratings)).text),
        Tile("People", count(len(frames.users)).text),
        Tile("Items", count(len(frames.items)).text),
        Tile("Of the matrix rated", share(frames.matrix_share, 2).text),
        Tile("Mean stars", f"{frames.ratings[RATING].mean():.2f}"),
        Tile("Days", count(days).text),
    )
