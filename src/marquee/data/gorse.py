"""Gorse's users, items and feedback (https://gorse.io), in Marquee's terms and back.

Gorse knows no title, year, age, gender or occupation: an item's title is its comment, the others are labels.
Its data model: https://gorse.io/docs/concepts/data-source
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from marquee.domain.ids import LONGEST_ID, fault_of
from marquee.domain.limits import (
    AGES,
    END_OF_TIME,
    FIRST_TIME,
    LONGEST_ATTRIBUTE,
    LONGEST_TITLE,
    LONGEST_WORD,
    MOST_GENRES,
    YEARS,
    fault_of_attributes,
)
from marquee.domain.records import Event, Item, User
from marquee.domain.words import CONTROLS

LABELS, COMMENT = "labels", "comment"  # attributes for labels that are no object, and for a comment

_SHORTEST_VECTOR = 64  # numbers in a list; that is an embedding, which no model of Marquee's takes
_LONGEST_KIND = 100
_UNIX = re.compile(r"[0-9]{9,10}")
_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ([+-]\d{4})(?: [A-Z]+)?")


def _id(value: str) -> str:
    fault = fault_of(value)
    if fault is not None:
        raise ValueError(f"the {fault}")
    return value


def _text(value: str | None) -> str | None:
    if value is not None and "\0" in value:
        raise ValueError("holds a NUL character")
    return value


def moment(written: str) -> datetime | None:
    """A time as Gorse's clients write it, without an offset in UTC; None for none, as Go's zero time is.

    Raises:
        ValueError: it is neither ISO 8601, nor unix seconds, nor as Go prints times.
    """
    stripped = written.strip()
    if not stripped:
        return None
    if _UNIX.fullmatch(stripped):
        return datetime.fromtimestamp(int(stripped), UTC)
    printed = _GO_TIME.fullmatch(stripped)
    try:
        at = datetime.fromisoformat("{}T{}{}".format(*printed.groups()) if printed else stripped)
    except ValueError as error:
        raise ValueError("is neither ISO 8601 nor unix seconds") from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at < FIRST_TIME:
        return None
    if at >= END_OF_TIME:
        raise ValueError("lies beyond the calendar")
    return at.astimezone(UTC)


def _time(written: str | None) -> str | None:
    if written is not None:
        moment(written)
    return written


GorseId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID), AfterValidator(_id)]
GorseKind = Annotated[str, Field(min_length=1, max_length=_LONGEST_KIND), AfterValidator(_text)]
GorseText = Annotated[str, AfterValidator(_text)]
GorseTime = Annotated[str, AfterValidator(_time)]


class GorseMessage(BaseModel):
    """Names are taken however they are spelt: `ItemId`, `itemId`, `item_id`; unknown ones are left out."""

    model_config = ConfigDict(allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _spelt_alike(cls, content: Any) -> Any:
        if not isinstance(content, Mapping):
            return content
        names = {name.lower(): name for name in cls.model_fields}
        plain = {str(key).replace("_", "").lower(): value for key, value in content.items()}
        return {names[key]: value for key, value in plain.items() if key in names}


class GorseItem(GorseMessage):
    """An item as Gorse's clients send it."""

    ItemId: GorseId = Field(examples=["50"])
    IsHidden: bool | None = None
    Categories: list[GorseText] | None = Field(None, examples=[["Action"]])
    Timestamp: GorseTime | None = Field(None, examples=["2026-03-01T20:15:00Z"])
    Labels: JsonValue = Field(None, examples=[{"director": "George Lucas"}])
    Comment: GorseText | None = Field(None, examples=["Star Wars"])

    @property
    def at(self) -> datetime | None:
        return None if self.Timestamp is None else moment(self.Timestamp)


class GorseUser(GorseMessage):
    """A user as Gorse's clients send them."""

    UserId: GorseId = Field(examples=["42"])
    Labels: JsonValue = Field(None, examples=[{"age": 30, "gender": "M"}])
    Comment: GorseText | None = Field(None, examples=["a friend of the house"])


class GorseFeedback(GorseMessage):
    """What a user did with an item, as Gorse's clients send it."""

    FeedbackType: GorseKind = Field(examples=["like"])
    UserId: GorseId = Field(examples=["42"])
    ItemId: GorseId = Field(examples=["50"])
    Value: float | None = Field(None, examples=[1.0])
    Timestamp: GorseTime | None = Field(None, examples=["2026-03-01T20:15:00Z"])
    Comment: GorseText | None = None

    @property
    def at(self) -> datetime | None:
        return None if self.Timestamp is None else moment(self.Timestamp)


class Unfit(Exception):
    """What of a Gorse object cannot be kept, and why."""

    def __init__(self, field: str, value: object, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.value, self.reason = field, value, reason


def event_id(kind: str, user_id: str, item_id: str) -> str:
    """The id of a feedback's event: Gorse keeps one of a type, user and item."""
    named = "\0".join((kind, user_id, item_id)).encode()
    return f"gorse:{hashlib.blake2b(named, digest_size=16).hexdigest()}"


def event_of(feedback: GorseFeedback, now: datetime) -> Event:
    """Args: now: stands in for a time that is not said."""
    kind, user_id, item_id = feedback.FeedbackType, feedback.UserId, feedback.ItemId
    return Event(event_id(kind, user_id, item_id), kind, user_id, item_id, feedback.at or now, feedback.Value)


def item_of(content: GorseItem) -> Item:
    """An item whose title is the comment, or else its id; raises Unfit."""
    attributes = _attributes(content.Labels)
    year = _taken(attributes, "year", lambda value: _is_whole(value, YEARS))
    comment = content.Comment or ""
    title = _line(comment)[:LONGEST_TITLE].strip()
    if title != comment and comment:
        attributes[COMMENT] = comment[:LONGEST_ATTRIBUTE]
    _check(attributes)
    genres = _genres(content.Categories or [])
    return Item(content.ItemId, title or content.ItemId, year, genres, attributes, bool(content.IsHidden))


def user_of(content: GorseUser) -> User:
    """Somebody whose age, gender and occupation are labels; raises Unfit."""
    attributes = _attributes(content.Labels)
    age = _taken(attributes, "age", lambda value: _is_whole(value, AGES))
    gender = _taken(attributes, "gender", _is_word)
    occupation = _taken(attributes, "occupation", _is_word)
    if content.Comment:
        attributes[COMMENT] = content.Comment[:LONGEST_ATTRIBUTE]
    _check(attributes)
    return User(content.UserId, age, gender, occupation, attributes)


def gorse_item(item: Item, created_at: datetime) -> dict[str, Any]:
    """An item in Gorse's terms: what `item_of` makes of it is the same item."""
    labels = {name: value for name, value in item.attributes.items() if name != COMMENT}
    if item.year is not None:
        labels["year"] = item.year
    comment = item.attributes.get(COMMENT)
    if not isinstance(comment, str):
        comment = "" if item.title == item.item_id else item.title
    return {
        "ItemId": item.item_id,
        "IsHidden": item.hidden,
        "Categories": list(item.genres),
        "Timestamp": created_at,
        "Labels": _labels(labels),
        "Comment": comment,
    }


def gorse_user(user: User) -> dict[str, Any]:
    """Somebody in Gorse's terms."""
    labels = {name: value for name, value in user.attributes.items() if name != COMMENT}
    known = {"age": user.age, "gender": user.gender, "occupation": user.occupation}
    labels.update({name: value for name, value in known.items() if value is not None})
    comment = user.attributes.get(COMMENT)
    return {
        "UserId": user.user_id,
        "Labels": _labels(labels),
        "Comment": comment if isinstance(comment, str) else "",
    }


def gorse_feedback(event: Event) -> dict[str, Any]:
    """An event in Gorse's terms."""
    return {
        "FeedbackType": event.kind,
        "UserId": event.user_id,
        "ItemId": event.item_id,
        "Value": event.value or 0.0,
        "Timestamp": event.at,
        "Comment": "",
    }


def _attributes(labels: JsonValue) -> dict[str, Any]:
    """Labels as attributes, without embeddings."""
    if labels is None or labels == [] or _is_vector(labels):
        return {}
    if not isinstance(labels, dict):
        return {LABELS: labels}
    return {name: value for name, value in labels.items() if not _is_vector(value)}


def _labels(attributes: Mapping[str, Any]) -> Any:
    return attributes[LABELS] if attributes.keys() == {LABELS} else dict(attributes)


def _is_vector(value: JsonValue) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= _SHORTEST_VECTOR
        and all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
    )


def _taken(attributes: dict[str, Any], name: str, fits: Any) -> Any:
    """Take a label out that has a column of its own; None, and it stays, where it does not fit there."""
    return attributes.pop(name) if fits(attributes.get(name)) else None


def _is_whole(value: object, allowed: range) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in allowed


def _is_word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_WORD and value == _line(value)


def _line(text: str) -> str:
    return " ".join(CONTROLS.sub(" ", text).split())


def _genres(categories: list[str]) -> tuple[str, ...]:
    genres = tuple(dict.fromkeys(line for category in categories if (line := _line(category))))
    too_long = next((genre for genre in genres if len(genre) > LONGEST_WORD), None)
    if too_long is not None:
        raise Unfit("Categories", too_long, f"longer than {LONGEST_WORD} characters")
    if len(genres) > MOST_GENRES:
        raise Unfit("Categories", "", f"more than {MOST_GENRES} categories")
    return genres


def _check(attributes: Mapping[str, object]) -> None:
    fault = fault_of_attributes(attributes)
    if fault is not None:
        raise Unfit("Labels", "", fault)
