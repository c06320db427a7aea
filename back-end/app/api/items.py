"""The catalogue: list, search, get, what goes with an item, categories, what is popular."""

from typing import Annotated

from fastapi import Query
from pydantic import TypeAdapter

from app.api.cursors import decode_cursor, encode_cursor
from app.api.routing import BROWSING, JsonBytes, problems, router
from app.api.schemas.fields import Cursor, ItemIdInPath, PageLimit, SearchText, Text
from app.api.schemas.items import Categories, Category, Item, ItemDetail, ItemPage
from app.api.schemas.lists import ItemList
from app.dependencies import BROWSERS, WorkerDep
from app.serving.catalogue import Catalogue, Position
from app.serving.lists import Asked, unknown_category
from marquee.domain import records
from marquee.domain.errors import NotFound, Unavailable
from marquee.store import items

routes = router("items")

_POSITION = TypeAdapter(tuple[int, Text, Text])
CategoryQuery = Annotated[str | None, Query(max_length=200, description="only items of this category")]
SizeQuery = Annotated[
    int | None, Query(ge=1, description="entries; default and largest: configs/serving.yaml")
]


@routes.get("/items", responses=BROWSING, operation_id="list_items", dependencies=[BROWSERS])
async def list_items(
    worker: WorkerDep,
    q: SearchText = "",
    category: CategoryQuery = None,
    limit: PageLimit = 50,
    cursor: Cursor = None,
) -> ItemPage:
    """Items by title; with `q`, those whose title holds it: first where it begins the title, then a word."""
    after = None if cursor is None else Position(*decode_cursor(cursor, _POSITION))
    page = worker.catalogue.page(q, category, after=after, limit=limit)
    return ItemPage(
        items=[_summary(entry.item) for entry in page.entries],
        notice=unknown_category(category, worker.catalogue),
        next_cursor=encode_cursor(page.entries[-1].position) if page.more else None,
        total=page.total,
    )


@routes.get(
    "/items/{item_id}",
    responses=problems(400, 401, 404, 422, 503),
    operation_id="get_item",
    dependencies=[BROWSERS],
)
def get_item(item_id: ItemIdInPath, worker: WorkerDep) -> ItemDetail:
    """One item, and how people rate it; without Postgres, from the ratings in memory."""
    item = visible(worker.catalogue, item_id)
    try:
        with worker.database.reading() as connection:
            count, mean = items.rating_summary(connection, item_id)
    except Unavailable:
        count, mean = worker.histories.summary_of_item(worker.catalogue.number_of[item_id])
    return ItemDetail(**dict(_summary(item)), rating_count=count, mean_rating=mean)


@routes.get(
    "/items/{item_id}/similar",
    response_model=ItemList,
    responses=problems(400, 401, 404, 422, 503),
    operation_id="list_similar_items",
    dependencies=[BROWSERS],
)
async def similar_items(item_id: ItemIdInPath, worker: WorkerDep, n: SizeQuery = None) -> JsonBytes:
    """What people who rated this item also rated; then, if that is too little, what is popular."""
    visible(worker.catalogue, item_id)
    return JsonBytes(worker.lists.similar(item_id, worker.lists.size(n), worker.shelf, worker.catalogue))


@routes.get(
    "/leaderboards/popular",
    response_model=ItemList,
    responses=BROWSING,
    operation_id="list_popular_items",
    dependencies=[BROWSERS],
)
async def popular_items(worker: WorkerDep, n: SizeQuery = None, category: CategoryQuery = None) -> JsonBytes:
    """What most people like."""
    asked = Asked(worker.lists.size(n), category)
    return JsonBytes(worker.lists.popular(asked, worker.shelf, worker.catalogue))


@routes.get("/categories", responses=BROWSING, operation_id="list_categories", dependencies=[BROWSERS])
async def list_categories(worker: WorkerDep) -> Categories:
    """The categories that visible items have, the largest first."""
    numbers_in = worker.catalogue.numbers_in
    counted = sorted(
        ((len(numbers), name) for name, numbers in numbers_in.items()), key=lambda c: (-c[0], c[1])
    )
    return Categories(categories=[Category(name=name, count=count) for count, name in counted])


def visible(catalogue: Catalogue, item_id: str) -> records.Item:
    """A visible item; raises NotFound."""
    item = catalogue.item(item_id)
    if item is None:
        raise NotFound(f"There is no item {item_id!r}.", hint="GET /api/v1/items lists those there are.")
    return item


def _summary(item: records.Item) -> Item:
    return Item.model_validate(item, from_attributes=True)
