"""What people's ratings and events say together, by `settings.Feedback`; for lists and training alike.

A rating stands for itself. Where somebody gave an item none, the latest of their events whose kind has
`stars` stands for a rating of that many, at its time. Beside that, the events of an item whose kinds have a
weight add up, each by its age; a dislike makes it nothing, and hides the item, as does a kind of what was
seen. `recommend.doings` says the same of events in hand; a test holds the two against each other.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marquee.settings.serving import Feedback

ONLY_RATINGS = Feedback(kinds={})

_SECONDS_A_DAY = 86_400
_MOST_HALVINGS = 60  # 1e-18; Postgres takes a number that is nearer to 0 than it can write for an error


@dataclass(frozen=True, slots=True)
class Relation:
    """A subquery, and the parameters it needs."""

    sql: str
    parameters: dict[str, Any]


def ratings_of(feedback: Feedback, *, where: str = "true") -> Relation:
    """Ratings as they stand: user_id, item_id, rating, rated_at; one row a pair.

    Args:
        where: a condition on user_id, over ratings and over events, a constant of the caller's.
    """
    given = f"SELECT user_id, item_id, rating, rated_at FROM ratings WHERE {where}"  # noqa: S608 - constants
    kinds = {name: kind.stars for name, kind in feedback.kinds.items() if kind.stars is not None}
    if not kinds:
        return Relation(f"({given})", {})
    return Relation(
        f"({given} UNION ALL SELECT * FROM ("  # noqa: S608
        "SELECT DISTINCT ON (user_id, item_id) user_id, item_id, stars, at FROM events "
        "JOIN unnest(CAST(:star_kinds AS text[]), CAST(:stars AS float8[])) k (kind, stars) USING (kind) "
        f"WHERE {where} ORDER BY user_id, item_id, at DESC, event_id DESC) latest "
        "WHERE NOT EXISTS (SELECT FROM ratings r "
        "WHERE (r.user_id, r.item_id) = (latest.user_id, latest.item_id)))",
        {"star_kinds": list(kinds), "stars": list(kinds.values())},
    )


def doings_of(feedback: Feedback, now: datetime, *, where: str = "true") -> Relation:
    """What is implied: user_id, item_id, weight (as of now, not bounded), hidden, last; one row a pair.

    Args:
        where: as for `ratings_of`.
    """
    kinds = {name: kind for name, kind in feedback.kinds.items() if kind.seen or kind.weight}
    halvings = "0"
    parameters: dict[str, Any] = {
        "kinds": list(kinds),
        "weights": [kind.weight or 0.0 for kind in kinds.values()],
        "seen": [kind.seen for kind in kinds.values()],
    }
    if feedback.half_life_days is not None:
        parameters |= {"now": now, "half_life": feedback.half_life_days * _SECONDS_A_DAY}
        age = "extract(epoch FROM CAST(:now AS timestamptz) - at)::float8"
        halvings = f"least(greatest({age} / :half_life, 0), {_MOST_HALVINGS})"
    return Relation(
        "(SELECT user_id, item_id, max(at) AS last, "  # noqa: S608
        "CASE WHEN bool_or(weight < 0) THEN 0 "
        f"ELSE sum(weight * power(0.5::float8, {halvings})) END AS weight, "
        "bool_or(seen OR weight < 0) AS hidden FROM events "
        "JOIN unnest(CAST(:kinds AS text[]), CAST(:weights AS float8[]), CAST(:seen AS bool[])) "
        f"k (kind, weight, seen) USING (kind) WHERE {where} GROUP BY user_id, item_id)",
        parameters,
    )
