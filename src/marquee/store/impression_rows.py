"""Writing what was shown, by psycopg2 alone: a process that does nothing else is small, and starts at once.

Everything else about impressions is in `marquee.store.impressions`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson
from psycopg2.extensions import cursor

ERASURE_LOCK = 7_205_759_408  # held while somebody is forgotten; shared by those who write
CLOCKS_DIFFER = timedelta(seconds=1)  # those of workers and of Postgres


class Impression(NamedTuple):
    """One list, as it was shown.

    Attributes:
        at: when, with its offset from UTC.
        request_id: of the request that it answered, a UUID; those of version 7 sort by time.
        user_id: None for a visitor.
        model_version: None where no model made it.
        variant: the arm of the deployment.
        source: what filled the first place.
        item_ids: in the order of the places.
        propensities: of each place, how likely it was that this item stood there; None: certain everywhere.
        rollout, step: in which chance chose the variant; None: it did not.
    """

    at: datetime
    request_id: str
    user_id: str | None
    model_version: int | None
    variant: str
    source: str
    item_ids: Sequence[str]
    propensities: Sequence[float] | None = None
    rollout: int | None = None
    step: int | None = None


def prepare(session: cursor) -> None:
    """Once a session, before it writes: parsing and planning cost Postgres as much as ten lists."""
    session.execute(_PREPARE)


def write(session: cursor, rows: Sequence[Impression], unheard: timedelta = timedelta(0)) -> int:
    """Write lists, but for those shown to somebody who has been erased; returns how many it wrote.

    Args:
        unheard: for how long whoever made the lists may not have heard of an erasure.

    Raises:
        psycopg2.IntegrityError: a day has no partition.
    """
    if not rows:
        return 0
    kinds: dict[tuple[int | None, str, str, int | None, int | None], int] = {}
    kind_of = [
        kinds.setdefault((row.model_version, row.variant, row.source, row.rollout, row.step), len(kinds) + 1)
        for row in rows
    ]
    model_versions, variants, sources, rollouts, steps = zip(*kinds, strict=True)
    values = {
        "lock": ERASURE_LOCK,
        "at": _array([row.at.timestamp() for row in rows]),
        "request_ids": _array([row.request_id for row in rows]),
        "user_ids": _array([row.user_id for row in rows]),
        "item_ids": _array([_array(row.item_ids) for row in rows]),
        "propensities": _array(
            [None if row.propensities is None else _array(row.propensities) for row in rows]
        ),
        "kind_of": _array(kind_of),
        "model_versions": _array(model_versions),
        "variants": _array(variants),
        "sources": _array(sources),
        "rollouts": _array(rollouts),
        "steps": _array(steps),
        "margin": unheard + CLOCKS_DIFFER,
    }
    session.execute(_WRITE, values)
    return session.rowcount


# Two statements in one exchange, which is one transaction in autocommit mode too, so that the lock is held
# until the rows are there: the second sees whatever was erased before the first had its lock.
_WRITE = (
    "EXECUTE lock_impressions (%(lock)s); "
    "EXECUTE write_impressions (%(at)s, %(request_ids)s, %(user_ids)s, %(item_ids)s, %(propensities)s, "
    "%(kind_of)s, %(model_versions)s, %(variants)s, %(sources)s, %(rollouts)s, %(steps)s, %(margin)s)"
)

# A column is one value: bound one by one they cost the process more than making the lists did, and as a
# document of JSON they cost Postgres half as much again. What lists have in common is sent once a kind.
_PREPARE = (
    "PREPARE lock_impressions (bigint) AS SELECT pg_advisory_xact_lock_shared($1); "
    "PREPARE write_impressions (float8[], uuid[], text[], text[], text[], "
    "int[], int[], text[], text[], int[], smallint[], interval) AS "
    "INSERT INTO impressions "
    "(at, request_id, user_id, item_ids, propensities, model_version, variant, source, rollout, step) "
    "SELECT to_timestamp(at), request_id, user_id, CAST(item_ids AS text[]), CAST(propensities AS real[]), "
    "($7)[kind], ($8)[kind], ($9)[kind], ($10)[kind], ($11)[kind] "
    "FROM unnest($1, $2, $3, $4, $5, $6) "
    "AS shown (at, request_id, user_id, item_ids, propensities, kind) "
    "WHERE NOT EXISTS (SELECT FROM changes WHERE changes.kind = 'user_erased' AND key = shown.user_id "
    "AND changes.at >= to_timestamp(shown.at) - $12)"
)


def _array(values: Sequence[str | float | None]) -> str:
    """An array as Postgres reads it: as JSON in other brackets, but where JSON would escape anything."""
    text = orjson.dumps(values).decode()[1:-1]
    return "{" + (",".join(map(_element, values)) if "\\" in text else text) + "}"


def _element(value: str | float | None) -> str:
    if not isinstance(value, str):
        return "null" if value is None else str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
