"""configs/serving.yaml: what the inference service accepts and shows."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AwareDatetime, Field, model_validator

from marquee.domain.errors import InvalidInput
from marquee.settings.documents import Document, load_document

CLOCKS_DIFFER_BY = timedelta(minutes=5)  # a moment that far in the future is taken for now
FIRST_YEAR = 1900  # what is said to be older is a mistake


class RatingScale(Document):
    """Stars run from `min` to `max` in steps of `step`."""

    min: float = 0.5
    max: float = 5.0
    step: Annotated[float, Field(gt=0)] = 0.5

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min >= self.max:
            raise ValueError("min must be below max")
        if not self.accepts(self.max):
            raise ValueError("steps from min must lead to max")
        return self

    def accepts(self, rating: float) -> bool:
        """Whether a rating lies on the scale; a NaN does not."""
        if not self.min <= rating <= self.max:
            return False
        steps = (rating - self.min) / self.step
        return abs(steps - round(steps)) < 1e-6

    def nearest(self, rating: float) -> float:
        """The stars that an accepted rating stands for: 4.5 for 4.5000000001."""
        stars = self.min + round((rating - self.min) / self.step) * self.step
        is_it = math.isclose(rating, stars, rel_tol=1e-14, abs_tol=1e-12)
        return rating if is_it else min(round(stars, 9), self.max)

    @property
    def liked(self) -> float:
        """Stars that mean *liked*: the upper quarter, from 4 of 0.5 to 5, 8 of 1 to 10, 1 of thumbs."""
        steps = math.ceil(0.75 * (self.max - self.min) / self.step - 1e-6)
        return min(self.min + steps * self.step, self.max)

    def check(self, rating: float) -> float:
        """The stars that a rating stands for; raises InvalidInput when it is off the scale."""
        if not self.accepts(rating):
            raise InvalidInput(
                f"A rating of {rating:.15g} is not on the scale.",
                hint=f"Ratings run from {self.min:g} to {self.max:g} in steps of {self.step:g}.",
            )
        return self.nearest(rating)


class ListSizes(Document):
    """How long lists are.

    Attributes:
        diversity: from 0 (by relevance alone) to 1 (as unlike each other as may be), unless a request says.
    """

    default_size: Annotated[int, Field(ge=1)] = 10
    largest_size: Annotated[int, Field(ge=1, le=10_000)] = 100
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.largest_size < self.default_size:
            raise ValueError("largest_size must not be below default_size")
        return self


class Histories(Document):
    ratings_at_start: Annotated[int, Field(ge=0)] = 5_000_000


class FeedbackKind(Document):
    """What one event of a kind says of a person and an item: a `weight`, or `stars`, not both.

    Attributes:
        weight: what it counts where the catalogue is ordered; 1 is as much as a rating of the most stars.
            Below 0 it is a dislike: the item is left out of that person's lists, and counts nothing.
        stars: it stands for a rating of that many, in lists and in training, where the person gave none.
        seen: the item is left out of that person's lists.
    """

    weight: Annotated[float, Field(ge=-1, le=1)] | None = None
    stars: float | None = None
    seen: bool = False

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        if (self.weight is None) == (self.stars is None):
            raise ValueError("give weight or stars, one of the two")
        return self


class Feedback(Document):
    """What events count.

    Attributes:
        half_life_days: in which the weight of an event halves; null: it does not age.
        unknown_kinds: of events whose kind is not among `kinds`: refuse them, or keep them, counting nothing.
        most_late_days: events older than this are refused; null: none is.
    """

    kinds: dict[Annotated[str, Field(min_length=1, max_length=100)], FeedbackKind] = Field(
        default_factory=dict
    )
    half_life_days: Annotated[float, Field(gt=0)] | None = 30.0
    unknown_kinds: Literal["refuse", "keep"] = "refuse"
    most_late_days: Annotated[float, Field(gt=0)] | None = None

    def positive(self, liked: float) -> tuple[str, ...]:
        """The kinds that say yes to an item: a weight above 0, or stars from `liked` up."""
        return tuple(
            name
            for name, kind in self.kinds.items()
            if (kind.weight or 0.0) > 0 or (kind.stars is not None and kind.stars >= liked)
        )

    def stars_of(self, kind: str) -> float | None:
        """The stars of the rating that an event of a kind stands for; None where it stands for none."""
        found = self.kinds.get(kind)
        return None if found is None else found.stars

    def refusal(self, kind: str, at: datetime, now: datetime) -> str | None:
        """Why an event is not taken; None when it is. The clocks of clients may be `CLOCKS_DIFFER_BY` fast.

        Args:
            at: when it happened.
        """
        if kind not in self.kinds and self.unknown_kinds == "refuse":
            known = ", ".join(map(repr, self.kinds)) or "none"
            return f"There is no kind {kind!r} here; configs/serving.yaml has {known}."
        if at > now + CLOCKS_DIFFER_BY:
            return f"It lies in the future: {at.isoformat()}; it is {now.isoformat()} now."
        if at.year < FIRST_YEAR:
            return f"It lies before {FIRST_YEAR}: {at.isoformat()}."
        if self.most_late_days is not None and now - at > timedelta(days=self.most_late_days):
            return f"It is more than {self.most_late_days:g} days old: {at.isoformat()}."
        return None


Stage: TypeAlias = Literal["personal", "similar", "category", "popular"]
STAGES: tuple[Stage, ...] = ("personal", "similar", "category", "popular")


class RuleWhere(Document):
    """Which items a rule is about: those that pass all that is given.

    Attributes:
        items: by id.
        category: of this category.
        attributes: with these values, by the attribute's name.
    """

    items: tuple[str, ...] = ()
    category: str | None = None
    attributes: dict[str, str | int | float | bool] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.items or self.category is not None or self.attributes):
            raise ValueError("give items, category or attributes")
        return self


class Rule(Document):
    """What the house wants of its lists, whatever the models say.

    Attributes:
        name: shown by `explain`.
        action: `boost` and `bury` multiply and divide how relevant an item is by `factor`; `pin` puts the
            items at `position` of lists; `hide` leaves them out.
        factor: of `boost` and `bury`, above 1.
        position: of `pin`, from 1.
        since, until: between which it holds, the one included, the other not; null: no limit.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)]
    action: Literal["boost", "bury", "pin", "hide"]
    where: RuleWhere
    factor: Annotated[float, Field(gt=1, le=100)] | None = None
    position: Annotated[int, Field(ge=1, le=100)] | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _fits_its_action(self) -> Self:
        if (self.factor is not None) != (self.action in ("boost", "bury")):
            raise ValueError("boost and bury have a factor, the others none")
        if (self.position is not None) != (self.action == "pin"):
            raise ValueError("pin has a position, the others none")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("since must be before until")
        return self


class Exploration(Document):
    """Places given to an item drawn at random from the best `pool` that the list would not have shown."""

    share: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    pool: Annotated[int, Field(ge=1, le=1000)] = 100


class Impressions(Document):
    """What is kept of the lists that were shown.

    Attributes:
        log: whether they are written to Postgres.
        keep_days: after which a day's are deleted.
        queue: lists that wait in a worker's memory to be written, at most; others are dropped, and counted.
        discount: what an item loses of its relevance each time it was shown without an answer; 0: nothing.
        discount_hours: for how long that counts.
    """

    log: bool = True
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 90
    queue: Annotated[int, Field(ge=1)] = 20_000
    discount: Annotated[float, Field(ge=0, le=1)] = 0.0
    discount_hours: Annotated[float, Field(gt=0, le=24 * 30)] = 24.0

    @model_validator(mode="after")
    def _discount_has_a_log(self) -> Self:
        if self.discount > 0 and not self.log:
            raise ValueError("a discount needs log: true, by which workers learn what others have shown")
        return self


class Leaderboards(Document):
    """Lists that are the same for everybody.

    Attributes:
        trending_half_life_days: in which a rating's or an event's weight halves in `trending`.
        prior_ratings: how many ratings of the mean stars every item is given beforehand in `top-rated`.
    """

    trending_half_life_days: Annotated[float, Field(gt=0)] = 14.0
    prior_ratings: Annotated[float, Field(ge=0)] = 20.0


class Serving(Document):
    rating_scale: RatingScale = RatingScale()
    lists: ListSizes = ListSizes()
    histories: Histories = Histories()
    feedback: Feedback = Feedback()
    fallback: Annotated[tuple[Stage, ...], Field(min_length=1)] = STAGES
    rules: tuple[Rule, ...] = ()
    exploration: Exploration = Exploration()
    impressions: Impressions = Impressions()
    leaderboards: Leaderboards = Leaderboards()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if twice := _twice(self.fallback):
            raise ValueError(f"fallback names the stage {twice!r} twice")
        if twice := _twice([rule.name for rule in self.rules]):
            raise ValueError(f"two rules have the name {twice!r}")
        for name, kind in self.feedback.kinds.items():
            if kind.stars is not None and not self.rating_scale.accepts(kind.stars):
                raise ValueError(f"the stars of the feedback kind {name!r} are not on the rating scale")
        return self


def _twice(names: Sequence[str]) -> str | None:
    """The first name that stands there again; None where none does."""
    return next((name for place, name in enumerate(names) if name in names[:place]), None)


def load_serving(path: Path) -> Serving:
    """Read `serving.yaml`; raises ConfigurationError naming the file and the key."""
    return load_document(path, Serving)
