"""What became of the lists that a rollout showed, by person; and what else is known of its two versions.

Lists are counted once each, when the time in which an answer counts is over: from a watermark that moves in
the transaction that counts, so that a process may be killed at any point.
"""

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, select, text, update

from marquee.store.impressions import first_uuid7
from marquee.store.tables import rollout_outcomes, rollout_tallies, rollouts, scored_ratings, shadow_tallies

CLOCK_SLACK = timedelta(minutes=5)  # a request id is made a little before its list, and by another clock
TALLIES = ("requests", "errors", "empty", "fallback", "timed", "milliseconds", "milliseconds_squared")

_COUNT = text(
    """
    WITH shown AS MATERIALIZED (
        SELECT request_id, user_id, at, step, variant, item_ids
        FROM impressions
        WHERE rollout = :rollout AND user_id IS NOT NULL AND step IS NOT NULL
          AND at > :since AND at <= :until
          AND request_id >= CAST(:first AS uuid) AND request_id < CAST(:beyond AS uuid)
    ), answered AS (
        SELECT DISTINCT shown.request_id, shown.user_id
        FROM shown JOIN events USING (request_id)
        WHERE events.user_id = shown.user_id AND events.item_id = ANY (shown.item_ids)
          AND events.kind = ANY (CAST(:kinds AS text[]))
          AND events.received_at > :since AND events.received_at <= :until + CAST(:window AS interval)
          AND events.received_at <= shown.at + CAST(:window AS interval)
    ), rated AS (
        SELECT shown.request_id, user_id, count(*) AS rated, sum(rating) AS stars,
               sum(rating * rating) AS squares, bool_or(rating >= :liked) AS liked
        FROM shown JOIN ratings USING (user_id)
        WHERE ratings.item_id = ANY (shown.item_ids)
          AND ratings.received_at > :since AND ratings.received_at <= :until + CAST(:window AS interval)
          AND ratings.received_at >= shown.at
          AND ratings.received_at <= shown.at + CAST(:window AS interval)
          AND ratings.rated_at >= shown.at - CAST(:slack AS interval)
        GROUP BY shown.request_id, user_id
    )
    INSERT INTO rollout_outcomes AS held
        (rollout_id, step, variant, user_id, early, lists, positive, rated, stars, stars_squared)
    SELECT :rollout, shown.step, shown.variant, shown.user_id, :early, count(*),
           count(*) FILTER (WHERE answered.request_id IS NOT NULL OR rated.liked),
           coalesce(sum(rated.rated), 0), coalesce(sum(rated.stars), 0), coalesce(sum(rated.squares), 0)
    FROM shown
        LEFT JOIN answered USING (request_id, user_id) LEFT JOIN rated USING (request_id, user_id)
    GROUP BY shown.step, shown.variant, shown.user_id
    ORDER BY shown.step, shown.variant, shown.user_id
    ON CONFLICT (rollout_id, step, variant, user_id, early) DO UPDATE SET
        lists = held.lists + excluded.lists, positive = held.positive + excluded.positive,
        rated = held.rated + excluded.rated, stars = held.stars + excluded.stars,
        stars_squared = held.stars_squared + excluded.stars_squared
    """
)


def count_until(
    connection: Connection,
    rollout_id: int,
    until: datetime,
    *,
    window: timedelta,
    kinds: Sequence[str],
    liked: float,
    early: bool = False,
) -> bool:
    """Count the lists that were shown since the last time, up to a moment; False when it is not later.

    A list has a positive answer if an event of one of the `kinds` names it and one of its items, or its
    person rates one of its items with `liked` stars or more, and either comes within the `window`.

    Args:
        until: so long ago that the window of every list is over, and all that came within is committed.
        early: count by themselves what came within a window of seconds; the same lists count again when
            their whole window is over.
    """
    watermark = rollouts.c.early_until if early else rollouts.c.counted_until
    locked = select(watermark, rollouts.c.created_at).where(rollouts.c.rollout_id == rollout_id)
    counted, created = connection.execute(locked.with_for_update()).one()
    since: datetime = counted or created
    if until <= since:
        return False
    connection.execute(
        _COUNT,
        {
            "rollout": rollout_id,
            "early": early,
            "since": since,
            "until": until,
            "first": first_uuid7(since - CLOCK_SLACK),
            "beyond": first_uuid7(until + CLOCK_SLACK),
            "window": window,
            "slack": CLOCK_SLACK,
            "kinds": list(kinds),
            "liked": liked,
        },
    )
    connection.execute(update(rollouts).where(rollouts.c.rollout_id == rollout_id).values({watermark: until}))
    return True


def of_people(connection: Connection, rollout_id: int) -> NDArray[Any]:
    """A row a (person, step, variant) that was counted, and one more if it was counted early.

    Fields: `person` (a number of theirs), `step`, `challenger`, `early`, `lists`, `positive`, `rated`,
    `stars`, `stars_squared`.
    """
    return _copy_out(
        connection,
        "SELECT hashtextextended(user_id, 0) AS person, step, variant = 'challenger' AS challenger, early, "
        "lists, positive, rated, stars, stars_squared FROM rollout_outcomes "
        "WHERE rollout_id = :rollout",
        rollout_id,
        person=">i8",
        step=">i2",
        challenger="?",
        early="?",
        lists=">i4",
        positive=">i4",
        rated=">i4",
        stars=">f8",
        stars_squared=">f8",
    )


def of_predictions(connection: Connection, rollout_id: int) -> NDArray[Any]:
    """By how much more the challenger's predicted stars missed than the champion's: a row a (person, step).

    Fields: `person`, `step`, `rated` (how many ratings), `excess` and `excess_squared`, sums in stars.
    """
    return _copy_out(
        connection,
        "SELECT hashtextextended(user_id, 0), step, CAST(count(*) AS int), sum(excess), sum(excess * excess) "
        "FROM (SELECT user_id, step, abs(stars - challenger) - abs(stars - champion) AS excess "
        "FROM scored_ratings WHERE rollout_id = :rollout) AS scored "
        "GROUP BY user_id, step",
        rollout_id,
        person=">i8",
        step=">i2",
        rated=">i4",
        excess=">f8",
        excess_squared=">f8",
    )


def of_buckets(connection: Connection, rollout_id: int) -> dict[tuple[int, str], dict[str, NDArray[Any]]]:
    """What the workers counted together: by (step, variant) the `TALLIES`, each an array of 256 buckets."""
    columns = [rollout_tallies.c[name] for name in TALLIES]
    query = select(rollout_tallies.c.step, rollout_tallies.c.variant, *columns).where(
        rollout_tallies.c.rollout_id == rollout_id
    )
    sums: dict[tuple[int, str], dict[str, NDArray[Any]]] = {}
    for step, variant, *arrays in connection.execute(query):
        held = sums.setdefault((step, variant), {})
        for name, array in zip(TALLIES, arrays, strict=True):
            held[name] = held.get(name, 0.0) + np.asarray(array, dtype=np.float64)
    return sums


def of_shadow(connection: Connection, rollout_id: int) -> dict[str, float]:
    """The figures of the shadow, summed over the workers; empty before the first.

    What a worker counts by classes, such as {"seconds": {"0.005": 3}}, is named `seconds.0.005`.
    """
    query = select(shadow_tallies.c.figures).where(shadow_tallies.c.rollout_id == rollout_id)
    sums: dict[str, float] = {}
    for figures in connection.scalars(query):
        for name, value in figures.items():
            classes = {f"{name}.{one}": n for one, n in value.items()} if isinstance(value, dict) else None
            for key, number in ({name: value} if classes is None else classes).items():
                sums[key] = sums.get(key, 0) + number
    return sums


def forget(connection: Connection, rollout_id: int) -> None:
    """Delete what is kept of single people for a rollout's sake."""
    for table in (rollout_outcomes, scored_ratings):
        connection.execute(delete(table).where(table.c.rollout_id == rollout_id))


def forget_ended(connection: Connection) -> None:
    """`forget` what workers wrote of rollouts that had ended by then."""
    ended = select(rollouts.c.rollout_id).where(rollouts.c.ended_at.is_not(None))
    for table in (rollout_outcomes, scored_ratings):
        connection.execute(delete(table).where(table.c.rollout_id.in_(ended)))


_HEADER_BYTES = 19  # signature, flags, length of an extension that Postgres does not write
_TRAILER_BYTES = 2


def _copy_out(connection: Connection, query: str, rollout_id: int, **fields: str) -> NDArray[Any]:
    """A query's rows by COPY in binary: no value may be NULL, so that all rows have one layout.

    A million rows come in a second; as Python's numbers they would take many.
    """
    layout: list[tuple[str, str]] = [("_fields", ">i2")]
    for name, kind in fields.items():
        layout += [(f"_{name}", ">i4"), (name, kind)]
    buffer = io.BytesIO()
    driver: Any = connection.connection.driver_connection
    query = query.replace(":rollout", str(int(rollout_id)))  # COPY takes no parameters
    with driver.cursor() as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", buffer)
    rows = memoryview(buffer.getbuffer())[_HEADER_BYTES:-_TRAILER_BYTES]
    return np.frombuffer(rows, dtype=np.dtype(layout))
