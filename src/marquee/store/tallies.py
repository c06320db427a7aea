"""What the workers count while a rollout goes: each writes what it has counted so far over its own rows.

To write twice does no harm, and the rows of a worker that was killed stay as they were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, text
from sqlalchemy.dialects.postgresql import insert

from marquee.store.tables import rollout_tallies, shadow_tallies


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the lists of one arm in one worker so far; each sequence has a place for each bucket.

    Attributes:
        requests: lists that were asked for.
        errors: of them, those whose making failed.
        empty: without items, although something passes what was asked for.
        fallback: whose first item is not from the ranking model.
        timed: made alone, so that their time can be told.
        milliseconds, milliseconds_squared: sums over those that were timed.
    """

    rollout_id: int
    step: int
    variant: str
    worker: str
    requests: Sequence[int]
    errors: Sequence[int]
    empty: Sequence[int]
    fallback: Sequence[int]
    timed: Sequence[int]
    milliseconds: Sequence[float]
    milliseconds_squared: Sequence[float]


@dataclass(frozen=True, slots=True)
class ScoredRating:
    """A rating, and what two versions had predicted before they learnt of it; all in stars."""

    rollout_id: int
    step: int
    user_id: str
    item_id: str
    stars: float
    champion: float
    challenger: float
    at: datetime


def replace(connection: Connection, tally: Tally) -> None:
    """Write a tally over what the worker had written of the same arm."""
    values = {**asdict(tally), "at": func.now()}
    statement = insert(rollout_tallies).values(**values)
    keys = ["rollout_id", "step", "variant", "worker"]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def replace_shadow(connection: Connection, rollout_id: int, worker: str, figures: Mapping[str, Any]) -> None:
    """Write a worker's figures of a shadow over those it had written."""
    values = {"rollout_id": rollout_id, "worker": worker, "figures": dict(figures), "at": func.now()}
    statement = insert(shadow_tallies).values(**values)
    keys = ["rollout_id", "worker"]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def add_scored(connection: Connection, scored: Sequence[ScoredRating]) -> None:
    """Keep ratings that were predicted; the first of a person and item stands.

    Those of people who have been erased are left out, also of those who are being erased at this moment.
    """
    if scored:
        connection.execute(_ADD_SCORED, {"rows": orjson.dumps(list(scored)).decode()})


_ADD_SCORED = text(
    "INSERT INTO scored_ratings (rollout_id, user_id, item_id, step, stars, champion, challenger, at) "
    "SELECT rollout_id, scored.user_id, item_id, step, stars, champion, challenger, scored.at "
    "FROM json_to_recordset(CAST(:rows AS json)) AS scored (rollout_id int, user_id text, item_id text, "
    "step smallint, stars float8, champion float8, challenger float8, at timestamptz) "
    "JOIN users ON users.user_id = scored.user_id "
    "WHERE NOT EXISTS (SELECT FROM changes "
    "WHERE kind = 'user_erased' AND key = scored.user_id AND changes.at >= scored.at) "
    "FOR KEY SHARE OF users ON CONFLICT DO NOTHING"
)
