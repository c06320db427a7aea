"""Lists of items, made for somebody or for everybody."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.fields import Answer, Id, ListSize, Message, Stars
from app.api.schemas.items import ItemSummary

Source = Literal["personal", "profile", "similar", "popular"]

ModelVersionNumber = Annotated[
    int | None,
    Field(description="the model version that made it; null when no model is deployed", examples=[3]),
]
# Nine of ten ratings lie within, or what `intervals.coverage` in params.yaml says; null for a model without.
StarsEnd = float | None
Category = Annotated[
    str | None, Field(max_length=200, description="only items of this category", examples=["Comedy"])
]


class ListedItem(ItemSummary):
    """An item at its place in a list."""

    rank: int = Field(description="1 is the first", examples=[1])
    score: float = Field(
        description="what the list is ordered by; comparable within one list", examples=[1.0932]
    )
    stars: float | None = Field(description="predicted stars; null where no model says", examples=[4.41])
    stars_low: StarsEnd = Field(description="low end of the interval of the stars", examples=[3.12])
    stars_high: StarsEnd = Field(description="high end of the interval of the stars", examples=[5.0])
    source: Source = Field(description="what put it there")


class RecommendationQuery(Message):
    """The query of a recommendation request."""

    n: Annotated[
        int | None, Field(ge=1, description="entries; default and largest: configs/serving.yaml")
    ] = None
    category: Category = None
    exclude: Annotated[
        tuple[Id, ...], Field(max_length=1000, description="items to leave out; give it once for each")
    ] = ()


class Recommendations(Answer):
    """A list for one person."""

    request_id: str = Field(description="names this list", examples=["019a8b2e-6c1f-7d3a-9f52-0b6f3c1d2e4f"])
    user_id: str | None = Field(description="null for a visitor", examples=["42"])
    known: bool = Field(description="whether anything is known of the person")
    notice: str | None = Field(description="what the reader should be told about this list")
    model_version: ModelVersionNumber
    variant: str = Field(description="which arm of the deployment answered", examples=["champion"])
    items: list[ListedItem]


class ItemList(Answer):
    """A list that is the same for everybody."""

    notice: str | None = Field(description="what the reader should be told about this list")
    model_version: ModelVersionNumber
    items: list[ListedItem]


class SessionRating(Message):
    item_id: Id = Field(examples=["50"])
    rating: Stars


class SessionRequest(Message):
    """A visitor's ratings; nothing of it is kept."""

    ratings: list[SessionRating] = Field(max_length=1000)
    n: ListSize | None = None
    category: Category = None


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
