"""Taking in events: what is wrong with one is its own affair, the others are kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from app import metrics
from app.serving.database import Database
from app.serving.tokens import Attribution, Tokens
from marquee.domain.errors import Conflict, InvalidInput
from marquee.domain.records import Event
from marquee.settings.serving import Feedback
from marquee.store import events
from marquee.store.events import Outcome


@dataclass(frozen=True, slots=True)
class Reported:
    """An event as a client sent it; `token` of the list that it answers."""

    event: Event
    token: str | None = None


def take(
    reported: Sequence[Reported], database: Database, tokens: Tokens, feedback: Feedback, now: datetime
) -> list[Outcome]:
    """Keep what can be kept, in one transaction; an outcome for each, in their order. Blocks.

    Raises:
        Unavailable: Postgres is away; then nothing was kept.
        Conflict: people were deleted at the same moment; nor then.
    """
    refusals: dict[int, str] = {}
    sound: list[Event] = []
    for place, one in enumerate(reported):
        try:
            sound.append(_attributed(one, tokens, feedback, now))
        except InvalidInput as error:
            refusals[place] = str(error)
    kept = iter(_kept(database, sound))
    outcomes = [
        Outcome(one.event.event_id, "refused", refusals[place]) if place in refusals else next(kept)
        for place, one in enumerate(reported)
    ]
    _count(reported, outcomes, feedback)
    return outcomes


def _attributed(one: Reported, tokens: Tokens, feedback: Feedback, now: datetime) -> Event:
    event = one.event
    refusal = feedback.refusal(event.kind, event.at, now)
    if refusal is not None:
        raise InvalidInput(refusal)
    return event if one.token is None else _of_list(event, tokens.read(one.token))


def _of_list(event: Event, shown: Attribution) -> Event:
    return replace(
        event, request_id=shown.request_id, model_version=shown.model_version, variant=shown.variant
    )


def _kept(database: Database, sound: Sequence[Event]) -> list[Outcome]:
    if not sound:
        return []
    for _ in range(2):
        try:
            with database.writing() as connection:
                return events.add_many(connection, sound)
        except IntegrityError:  # somebody was made by another, and deleted before this transaction ended
            continue
    raise Conflict("People were deleted while their events arrived.", hint="Send the batch again.")


def _count(reported: Sequence[Reported], outcomes: Sequence[Outcome], feedback: Feedback) -> None:
    kinds = (one.event.kind for one in reported)
    labels = (kind if kind in feedback.kinds else metrics.OTHER_KIND for kind in kinds)
    counts = Counter(zip(labels, (outcome.status for outcome in outcomes), strict=True))
    for (kind, status), number in counts.items():
        metrics.count_events(kind, status, number)
