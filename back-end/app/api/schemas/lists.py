"""Lists of items, made for somebody or for everybody."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema

from app.api.schemas.fields import Answer, Id, ListSize, Message, NextCursor, Stars
from app.api.schemas.items import ItemSummary
from marquee.recommend.filters import NO_FILTERS, Filters, named_value
from marquee.recommend.paging import LONGEST_LIST_CURSOR

Source = Literal[
    "personal",
    "profile",
    "similar",
    "category",
    "popular",
    "pinned",
    "explored",
    "trending",
    "top-rated",
    "latest",
]
ListSource = Literal["personal", "profile", "similar", "category", "popular", "pinned"]

ModelVersionNumber = Annotated[
    int | None,
    Field(description="the model version that made it; null when no model is deployed", examples=[3]),
]
# Nine of ten ratings lie within, or what `intervals.coverage` in params.yaml says; null for a model without.
StarsEnd = float | None
CategoryName = Annotated[str, Field(max_length=200, examples=["Comedy"])]
NamedValue = Annotated[
    str, Field(pattern="^[^:]+:", max_length=1000, description="name:value", examples=["studio:Ghibli"])
]
Year = Annotated[int, Field(ge=-10_000, le=10_000, examples=[1990])]
ListCursor = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_LIST_CURSOR,
        description="`next_cursor` of the page before; ask for the rest as before; the first page has none",
    ),
]
Diversity = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="0: by relevance alone; 1: as unlike each other as may be; default: configs/serving.yaml",
        examples=[0.3],
    ),
]


class RuleReason(Answer):
    """A rule of configs/serving.yaml moved it."""

    kind: Literal["rule"]
    rule: str = Field(description="the rule's name", examples=["film of the week"])
    action: Literal["boost", "bury", "pin"]


Share = Annotated[
    float,
    Field(gt=0, le=1, description="of all in their history that speaks for it", examples=[0.41]),
]


class BecauseReason(Answer):
    """The ranking model puts it there because of an item that they rated, or did something with."""

    kind: Literal["because"]
    item_id: str = Field(examples=["50"])
    title: str = Field(examples=["Star Wars (1977)"])
    share: Share


class SimilarReason(Answer):
    """It is similar to an item that they liked."""

    kind: Literal["similar"]
    item_id: str = Field(examples=["50"])
    title: str = Field(examples=["Star Wars (1977)"])
    share: Share


class CategoryReason(Answer):
    """It is popular in a category that they like."""

    kind: Literal["category"]
    category: str = Field(examples=["Drama"])


class ProfileReason(Answer):
    """People of whom the same is known rate it."""

    kind: Literal["profile"]


class PopularReason(Answer):
    """It is popular with everybody."""

    kind: Literal["popular"]


class ExploredReason(Answer):
    """It was drawn at random, so that other orders can be judged."""

    kind: Literal["explored"]


Reason = Annotated[
    BecauseReason
    | SimilarReason
    | CategoryReason
    | ProfileReason
    | PopularReason
    | ExploredReason
    | RuleReason,
    Field(discriminator="kind"),
]


class ListedItem(ItemSummary):
    """An item at its place in a list."""

    rank: int = Field(description="1 is the first", examples=[1])
    score: float | None = Field(
        description="what the list is ordered by; comparable within one source; null for what is pinned",
        examples=[1.0932],
    )
    stars: float | None = Field(description="predicted stars; null where no model says", examples=[4.41])
    stars_low: StarsEnd = Field(description="low end of the interval of the stars", examples=[3.12])
    stars_high: StarsEnd = Field(description="high end of the interval of the stars", examples=[5.0])
    source: Source = Field(
        description="what put it there: the ranking model (`personal`), what people alike rate (`profile`), "
        "what is similar to what they liked, or to the item (`similar`), what is popular in their, or its, "
        "categories (`category`), or with everybody (`popular`), a rule (`pinned`), chance (`explored`), "
        "or the leaderboard that it is on"
    )
    reasons: list[Reason] | None = Field(
        description="why it stands there, the strongest first, then the rules that moved it; "
        "null unless asked to explain"
    )


# Made, not given: generated clients take a field whose default the document states for a required one.
_NONE: Any = Field(default_factory=tuple)


class ListFilters(Message):
    """Which items may be listed: those for which all that is given holds."""

    category: Annotated[
        tuple[CategoryName, ...],
        Field(max_length=50, description="only items of this category; of several, of one at least"),
    ] = _NONE
    category_all: Annotated[
        tuple[CategoryName, ...], Field(max_length=50, description="only items of each of these categories")
    ] = _NONE
    category_none: Annotated[
        tuple[CategoryName, ...], Field(max_length=50, description="no items of these categories")
    ] = _NONE
    year_from: Annotated[Year | None, Field(description="only items of this year or later")] = None
    year_to: Annotated[Year | None, Field(description="only items of this year or earlier")] = None
    attribute: Annotated[
        tuple[NamedValue, ...],
        Field(
            max_length=20,
            description="only items whose attribute has this value, written `name:value`; of a list, one is "
            "enough; given more than once, all must hold",
        ),
    ] = _NONE
    exclude: Annotated[tuple[Id, ...], Field(max_length=1000, description="items to leave out, by id")] = (
        _NONE
    )

    def filters(self) -> Filters:
        """All but `exclude`."""
        if not (self.model_fields_set & _FILTERS):
            return NO_FILTERS
        filters = Filters(
            self.category,
            self.category_all,
            self.category_none,
            self.year_from,
            self.year_to,
            tuple(map(named_value, self.attribute)),
        )
        return NO_FILTERS if filters == NO_FILTERS else filters


_FILTERS = ListFilters.model_fields.keys() - {"exclude"}


class ItemListQuery(ListFilters):
    """The query of a list that is the same for everybody."""

    n: ListSize | None = None
    cursor: ListCursor | None = None


class RecommendationQuery(ItemListQuery):
    """The query of a recommendation request."""

    diversity: Diversity | None = None
    explain: Annotated[bool, Field(description="whether to say why each item stands where it does")] = Field(
        default_factory=bool
    )


class Recommendations(Answer):
    """A list for one person."""

    request_id: str = Field(description="names this list", examples=["019a8b2e-6c1f-7d3a-9f52-0b6f3c1d2e4f"])
    token: str = Field(description="names this list in events that answer it; signed")
    user_id: str | None = Field(description="null for a visitor", examples=["42"])
    known: bool = Field(description="whether anything is known of the person")
    notice: str | None = Field(description="what the reader should be told about this list")
    model_version: ModelVersionNumber
    variant: str = Field(
        description="whose turn it was: `champion`, or the `challenger` of a rollout (where that fails, "
        "`model_version` is the champion's); `requested` where the version was asked for",
        examples=["champion"],
    )
    source: ListSource | None = Field(
        description="what its first item came from, leaving out what is pinned or explored; null: it is empty"
    )
    next_cursor: NextCursor
    items: list[ListedItem]


class ItemList(Answer):
    """A list that is the same for everybody."""

    notice: str | None = Field(description="what the reader should be told about this list")
    model_version: ModelVersionNumber
    next_cursor: NextCursor
    items: list[ListedItem]


class SessionRating(Message):
    item_id: Id = Field(examples=["50"])
    rating: Stars


class SessionEvent(Message):
    """Something a visitor did with an item."""

    item_id: Id = Field(examples=["50"])
    kind: str = Field(
        min_length=1,
        max_length=100,
        description="one of `feedback.kinds` in configs/serving.yaml, which says what it counts",
        examples=["click"],
    )
    at: Annotated[
        AwareDatetime | None,
        Field(description="when, with its offset from UTC; default: now", examples=["2026-03-01T20:15:00Z"]),
    ] = None


_NAME = {"type": "string", "maxLength": 200, "examples": ["Comedy"]}
_ONE_OR_SEVERAL = {
    "anyOf": [_NAME, {"type": "array", "items": _NAME, "maxItems": 50}, {"type": "null"}],
    "description": "only items of this category; of several, of one at least",
    "title": "Category",
}


def _several(categories: object) -> object:
    """In a body one category may stand for itself."""
    if categories is None:
        return ()
    return (categories,) if isinstance(categories, str) else categories


class SessionRequest(RecommendationQuery):
    """A visitor's ratings and events, and what is wanted of the list; nothing of it is kept."""

    category: Annotated[
        tuple[CategoryName, ...],
        BeforeValidator(_several),
        Field(max_length=50),
        WithJsonSchema(_ONE_OR_SEVERAL),
    ] = _NONE
    ratings: list[SessionRating] = Field(default_factory=list, max_length=1000)
    events: list[SessionEvent] = Field(default_factory=list, max_length=1000)


class BatchRequest(ListFilters):
    """Who lists are for, and what is wanted of each."""

    category: Annotated[
        tuple[CategoryName, ...],
        BeforeValidator(_several),
        Field(max_length=50),
        WithJsonSchema(_ONE_OR_SEVERAL),
    ] = _NONE
    user_ids: list[Id] = Field(min_length=1, max_length=1000, examples=[["42", "77"]])
    n: ListSize | None = None
    diversity: Diversity | None = None
    explain: Annotated[bool, Field(description="whether to say why each item stands where it does")] = Field(
        default_factory=bool
    )
    log: Annotated[
        bool,
        Field(description="whether the lists are shown to people now, so that they belong in the log"),
    ] = Field(default_factory=bool)


class BatchRecommendations(Answer):
    """A list for each person, in their order. They have no further pages."""

    lists: list[Recommendations]


class UserItemPair(Message):
    user_id: Id = Field(examples=["42"])
    item_id: Id = Field(examples=["50"])


class PredictionRequest(Message):
    pairs: list[UserItemPair] = Field(min_length=1, max_length=1000)


class Prediction(Answer):
    user_id: str
    item_id: str
    stars: float = Field(description="predicted stars, on the scale of ratings", examples=[4.21])
    stars_low: StarsEnd = Field(description="low end of the interval of the stars", examples=[2.9])
    stars_high: StarsEnd = Field(description="high end of the interval of the stars", examples=[5.0])
    source: Literal["model", "fallback"] = Field(
        description="fallback: from averages, the model knows too little"
    )


class Predictions(Answer):
    model_version: ModelVersionNumber
    predictions: list[Prediction]
