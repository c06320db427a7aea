"""Ratings, items and users as they travel between the store, the services and the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Rating:
    """One person's stars for one item; there is at most one for each pair, and the latest stands."""

    user_id: str
    item_id: str
    rating: float
    rated_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person did with an item; what it counts is a matter of its kind, see `settings.Feedback`.

    Attributes:
        event_id: the client's; the first event with an id stands.
        at: when it happened.
        value: whatever the client measured, such as minutes watched; kept, not interpreted.
        request_id, model_version, variant: of the list that it answers; None when no list was named.
    """

    event_id: str
    kind: str
    user_id: str
    item_id: str
    at: datetime
    value: float | None = None
    request_id: UUID | None = None
    model_version: int | None = None
    variant: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    item_id: str
    title: str
    year: int | None = None
    genres: tuple[str, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)
    hidden: bool = False
    created_at: datetime | None = field(default=None, compare=False)  # None: not in the catalogue yet


@dataclass(frozen=True, slots=True)
class User:
    user_id: str
    age: int | None = None
    gender: str | None = None
    occupation: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
