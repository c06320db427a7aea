"""Items: the catalogue."""

from pydantic import Field, JsonValue

from app.api.schemas.fields import Answer, NextCursor


class ItemSummary(Answer):
    """What a card of an item shows."""

    item_id: str = Field(examples=["50"])
    title: str = Field(examples=["Star Wars"])
    year: int | None = Field(examples=[1977])
    genres: list[str] = Field(examples=[["Action", "Adventure", "Sci-Fi"]])


class Item(ItemSummary):
    attributes: dict[str, JsonValue] = Field(description="whatever else is known", examples=[{}])


class ItemDetail(Item):
    """An item, and how people rate it."""

    rating_count: int = Field(examples=[583])
    mean_rating: float | None = Field(description="null when nobody has rated it", examples=[4.358])


class ItemPage(Answer):
    items: list[Item]
    notice: str | None = Field(description="what the reader should be told about this list")
    next_cursor: NextCursor
    total: int = Field(description="items that match, on all pages", examples=[1682])


class Category(Answer):
    name: str = Field(examples=["Comedy"])
    count: int = Field(description="visible items in it", examples=[505])


class Categories(Answer):
    categories: list[Category]
