"""Items: the catalogue."""

from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, Strict

from app.api.schemas.fields import Answer, Attributes, Message, NextCursor, Word, checked_line
from marquee.domain.limits import LONGEST_TITLE, MOST_GENRES, YEARS


class ItemSummary(Answer):
    """What a card of an item shows."""

    item_id: str = Field(examples=["50"])
    title: str = Field(examples=["Star Wars"])
    year: int | None = Field(examples=[1977])
    genres: list[str] = Field(examples=[["Action", "Adventure", "Sci-Fi"]])


class Item(ItemSummary):
    attributes: dict[str, JsonValue] = Field(description="whatever else is known", examples=[{}])
    hidden: bool = Field(description="whether it is kept out of every list", examples=[False])


class ItemDetail(Item):
    """An item, and how people rate it."""

    rating_count: int = Field(examples=[583])
    mean_rating: float | None = Field(description="null when nobody has rated it", examples=[4.358])


class ItemPage(Answer):
    items: list[Item]
    notice: str | None = Field(description="what the reader should be told about this list")
    next_cursor: NextCursor
    total: int = Field(description="items that match, on all pages", examples=[1682])


class ItemBody(Message):
    """A whole item; what is left out is as its default says."""

    title: Annotated[
        str,
        Field(min_length=1, max_length=LONGEST_TITLE, examples=["The Third Man"]),
        AfterValidator(checked_line),
    ]
    year: Annotated[int, Strict(), Field(ge=YEARS[0], le=YEARS[-1], examples=[1949])] | None = None
    genres: Annotated[
        list[Word],
        Field(max_length=MOST_GENRES, description="its categories, each once", examples=[["Film-Noir"]]),
        AfterValidator(lambda genres: list(dict.fromkeys(genres))),
    ] = Field(default_factory=list)
    attributes: Attributes = Field(default_factory=dict)
    hidden: Annotated[bool, Strict(), Field(description="keep it out of every list")] = False


class ItemPatch(Message):
    """What is to change, as a JSON merge patch (RFC 7386): null takes a field or an attribute out."""

    title: str | None = Field(None, examples=["The Third Man"])
    year: int | None = Field(None, examples=[1949])
    genres: list[str] | None = Field(None, description="all of them: lists are replaced, not merged")
    attributes: dict[str, JsonValue] | None = Field(
        None, examples=[{"director": "Carol Reed", "stock": None}]
    )
    hidden: bool | None = Field(None, examples=[True])


class Category(Answer):
    name: str = Field(examples=["Comedy"])
    count: int = Field(description="visible items in it", examples=[505])


class Categories(Answer):
    categories: list[Category]
