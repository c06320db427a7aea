"""The quality checks at the door of a training."""

from datetime import datetime

from marquee.data.quality import Quality, check_quality
from marquee.settings import RatingScale
from marquee.training.progress import OnProgress
from marquee.training.snapshot import Snapshot


def check_snapshot(snapshot: Snapshot, scale: RatingScale, now: datetime, on_progress: OnProgress) -> Quality:
    """Run every check, and say which warn.

    Raises:
        DataError: the data is broken; names the check, the column and the row.
    """
    tables = snapshot.tables
    quality = check_quality(tables.ratings, tables.items, tables.users, scale, now)
    for warning in quality.warnings:
        on_progress(f"quality warning: {warning}", None)
    quality.require()
    on_progress(f"quality: all {len(quality.checks) - len(quality.warnings)} other checks hold", None)
    return quality
