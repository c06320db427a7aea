"""The catalogue: list, search, read and write items; what goes with one, categories."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Response
from pydantic import TypeAdapter

from app.api.asking import asked_of
from app.api.cursors import decode_cursor, encode_cursor
from app.api.patching import patched
from app.api.routing import BROWSING, CHANGING, JsonBytes, problems, router
from app.api.schemas.fields import Cursor, ItemIdInPath, PageLimit, SearchText, Text
from app.api.schemas.items import Categories, Category, Item, ItemBody, ItemDetail, ItemPage, ItemPatch
from app.api.schemas.lists import ItemList, ItemListQuery
from app.dependencies import BROWSERS, WRITERS, CallerDep, WorkerDep
from app.security.callers import Caller, Level
from app.serving.catalogue import Catalogue, Position
from app.serving.lists import unknown_category
from marquee.domain import records
from marquee.domain.errors import NotFound, Unavailable
from marquee.store import items

routes = router("items")

_POSITION = TypeAdapter(tuple[int, Text, Text])
CategoryQuery = Annotated[str | None, Query(max_length=200, description="only items of this category")]
ListQuery = Annotated[ItemListQuery, Query()]


@routes.get(
    "/items", responses={**BROWSING, **problems(403)}, operation_id="list_items", dependencies=[BROWSERS]
)
def list_items(
    worker: WorkerDep,
    caller: CallerDep,
    q: SearchText = "",
    category: CategoryQuery = None,
    hidden: Annotated[bool, Query(description="the hidden ones instead; needs the scope write")] = False,
    limit: PageLimit = 50,
    cursor: Cursor = None,
) -> ItemPage:
    """Items by title; with `q`, those whose title matches it, the best first.

    First where it begins the title, then a word, then within one, then titles with all its words in any
    order, of which one may be the item's year. Where there are none of these, typing errors are forgiven.
    """
    if hidden:
        caller.require(Level.WRITE)
    after = None if cursor is None else Position(*decode_cursor(cursor, _POSITION))
    page = worker.catalogue.page(q, category, hidden=hidden, after=after, limit=limit)
    return ItemPage(
        items=[_item(entry.item) for entry in page.entries],
        notice=None if hidden else unknown_category(category, worker.catalogue),
        next_cursor=encode_cursor(page.entries[-1].position) if page.more else None,
        total=page.total,
    )


@routes.get(
    "/items/{item_id}",
    responses=problems(400, 401, 404, 422, 503),
    operation_id="get_item",
    dependencies=[BROWSERS],
)
def get_item(item_id: ItemIdInPath, worker: WorkerDep, caller: CallerDep) -> ItemDetail:
    """One item, and how people rate it; without Postgres, from the ratings in memory.

    A hidden item is shown to keys and operators that may write.
    """
    item = item_for(caller, worker.catalogue, item_id)
    try:
        with worker.database.reading() as connection:
            count, mean = items.rating_summary(connection, item_id)
    except Unavailable:
        count, mean = worker.histories.summary_of_item(worker.catalogue.number_of[item_id])
    return ItemDetail(**dict(_item(item)), rating_count=count, mean_rating=mean)


@routes.put(
    "/items/{item_id}",
    responses={**CHANGING, 201: {"model": Item, "description": "There was none before"}},
    operation_id="put_item",
    dependencies=[WRITERS],
)
def put_item(item_id: ItemIdInPath, body: ItemBody, worker: WorkerDep, response: Response) -> Item:
    """Make an item, or replace it as a whole.

    When this has answered, lists show it as it is now: a new one is recommended at once by what is known of
    it, and one that is hidden is in no list.
    """
    item = _record(item_id, body)
    with worker.database.writing() as connection:
        created = items.put(connection, item)
    response.status_code = 201 if created else 200
    return _item(item)


@routes.patch("/items/{item_id}", responses=CHANGING, operation_id="patch_item", dependencies=[WRITERS])
def patch_item(item_id: ItemIdInPath, body: ItemPatch, worker: WorkerDep) -> Item:
    """Change some fields of an item, or hide it (`{"hidden": true}`), by a JSON merge patch."""
    with worker.database.writing() as connection:
        before = items.locked(connection, item_id)
        if before is None:
            raise no_item(item_id)
        document = {name: value for name, value in asdict(before).items() if name in ItemBody.model_fields}
        item = _record(item_id, patched(ItemBody, document, body))
        items.put(connection, item)
    return _item(item)


@routes.delete(
    "/items/{item_id}",
    status_code=204,
    responses=CHANGING,
    operation_id="delete_item",
    dependencies=[WRITERS],
)
def delete_item(item_id: ItemIdInPath, worker: WorkerDep) -> None:
    """Delete an item, with everybody's ratings and events of it. To keep those, hide it instead.

    When this has answered, it is in no list and in nobody's history. The log of lists that were shown keeps
    its id until its days are over, and models know it until one is trained without it, but show it nowhere.
    """
    with worker.database.writing() as connection:
        removed = items.remove(connection, item_id)
    if not removed:
        raise no_item(item_id)


@routes.get(
    "/items/{item_id}/similar",
    response_model=ItemList,
    responses=problems(400, 401, 404, 422, 503),
    operation_id="list_similar_items",
    dependencies=[BROWSERS],
)
async def similar_items(item_id: ItemIdInPath, worker: WorkerDep, query: ListQuery) -> JsonBytes:
    """What people who like this item also like; then, if that is too little, what is popular among items of
    its categories, and with everybody. Each item's `source` says which.
    """
    if worker.catalogue.item(item_id) is None:
        raise no_item(item_id)
    asked = asked_of(query, worker.lists)
    return JsonBytes(worker.lists.similar(item_id, asked, worker.shelf, worker.catalogue))


@routes.get("/categories", responses=BROWSING, operation_id="list_categories", dependencies=[BROWSERS])
async def list_categories(worker: WorkerDep) -> Categories:
    """The categories that visible items have, the largest first."""
    numbers_in = worker.catalogue.numbers_in
    counted = sorted(
        ((len(numbers), name) for name, numbers in numbers_in.items()), key=lambda c: (-c[0], c[1])
    )
    return Categories(categories=[Category(name=name, count=count) for count, name in counted])


def item_for(caller: Caller, catalogue: Catalogue, item_id: str) -> records.Item:
    """An item; hidden ones are there for those alone who may write. Raises NotFound."""
    item = catalogue.known_item(item_id) if caller.level >= Level.WRITE else catalogue.item(item_id)
    if item is None:
        raise no_item(item_id)
    return item


def no_item(item_id: str) -> NotFound:
    return NotFound(f"There is no item {item_id!r}.", hint="GET /api/v1/items lists those there are.")


def _record(item_id: str, body: ItemBody) -> records.Item:
    return records.Item(item_id, body.title, body.year, tuple(body.genres), body.attributes, body.hidden)


def _item(item: records.Item) -> Item:
    return Item.model_validate(item, from_attributes=True)
