"""When a training is due. Pure questions to Postgres and the clock; the scheduler asks them."""

from datetime import UTC, datetime, timedelta
from itertools import takewhile

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import Connection

from marquee.settings.serving import Feedback
from marquee.store import ratings, runs, snapshots
from marquee.store.standing import ONLY_RATINGS

SCHEDULE = "schedule"
NEW_DATA = "new data"

GRACE = timedelta(hours=6)  # a schedule that nobody could keep is made up for within this time
PAUSE_AFTER_FAILURE = timedelta(minutes=10)  # new data do not ask again at once when a training has failed
LONGEST_PAUSE = timedelta(days=1)  # it doubles with each further failure
_MOST_FAILURES = 10  # looked at


def cron_trigger(expression: str) -> CronTrigger:
    """The schedule of `policy.yaml`, in UTC; the settings have checked it."""
    return CronTrigger.from_crontab(expression, timezone=UTC)


def is_busy(connection: Connection) -> bool:
    """Whether a training waits or runs already."""
    return bool(runs.in_state(connection, "queued") or runs.in_state(connection, "running"))


def missed(connection: Connection, schedule: CronTrigger, now: datetime) -> bool:
    """Whether the schedule fell due while nobody led: since the newest run, within `GRACE`."""
    newest = runs.list_page(connection, limit=1)
    if not newest:
        return False
    since = max(newest[0].created_at, now - GRACE)
    due: datetime | None = schedule.get_next_fire_time(None, since)
    return due is not None and due <= now


def enough_new_ratings(
    connection: Connection, wanted: int, now: datetime, feedback: Feedback = ONLY_RATINGS
) -> int | None:
    """How many ratings came since the last training that made a version, if `wanted` or more; None if not.

    Events that stand for ratings, by `feedback`, count too. After a training that failed they wait for
    `PAUSE_AFTER_FAILURE`, and twice as long for each that failed before it.
    """
    if now < _pause_until(connection):
        return None
    count = ratings.count_received_since(connection, snapshots.last_trained_on(connection), feedback)
    return count if count >= wanted else None


def _pause_until(connection: Connection) -> datetime:
    """When new data may ask again, for all that has failed in a row until now."""
    newest = runs.list_page(connection, limit=_MOST_FAILURES)
    failed = list(takewhile(lambda run: run.state == "failed", newest))
    if not failed:
        return datetime.min.replace(tzinfo=UTC)
    pause = PAUSE_AFTER_FAILURE * 2.0 ** (len(failed) - 1)
    return (failed[0].finished_at or failed[0].created_at) + min(pause, LONGEST_PAUSE)
