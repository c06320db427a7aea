"""Gorse's calls about items and users."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator

from app.api.gorse.shared import (
    READERS,
    READING,
    WRITERS,
    WRITING,
    Category,
    Cursor,
    N,
    cursor_of,
    page_size,
    position,
    router,
)
from app.api.routing import problems
from app.api.schemas import gorse as schemas
from app.api.schemas.fields import ItemIdInPath, UserIdInPath, checked_text
from app.dependencies import WorkerDep
from marquee.data.gorse import GorseItem, GorseUser, Unfit, gorse_item, gorse_user, item_of, user_of
from marquee.domain.clock import system_clock
from marquee.domain.errors import InvalidInput, NotFound
from marquee.domain.records import Item, User
from marquee.store import gorse, items, personal_data, users

routes = router()

GETTING = {**READING, **problems(404)}
SearchText = Annotated[
    str, Query(max_length=200, description="text to look for in titles"), AfterValidator(checked_text)
]


# ---- items ----


@routes.post("/item", responses=WRITING, operation_id="gorse_insert_item", dependencies=[WRITERS])
def insert_item(body: GorseItem, worker: WorkerDep) -> schemas.Success:
    """Write an item over whatever stood. Its comment becomes its title, its labels become attributes."""
    return insert_items([body], worker)


@routes.post("/items", responses=WRITING, operation_id="gorse_insert_items", dependencies=[WRITERS])
def insert_items(body: schemas.Items, worker: WorkerDep) -> schemas.Success:
    """Write items over whatever stood, all of them or none."""
    batch = [(_item(content), content.at) for content in body]
    with worker.database.writing() as connection:
        gorse.put_items(connection, batch)
    return schemas.Success(RowAffected=len(batch))


@routes.get("/item/{item_id}", responses=GETTING, operation_id="gorse_get_item", dependencies=[READERS])
def get_item(item_id: ItemIdInPath, worker: WorkerDep) -> schemas.HeldItem:
    """One item, hidden or not."""
    with worker.database.reading() as connection:
        found = gorse.item(connection, item_id)
    if found is None:
        raise _no_item(item_id)
    return _held_item(*found)


@routes.get("/items", responses=READING, operation_id="gorse_get_items", dependencies=[READERS])
def get_items(
    worker: WorkerDep, n: N = None, cursor: Cursor = "", q: SearchText = ""
) -> schemas.ItemIterator:
    """Items by id, hidden ones too; with `q`, the visible ones that the search finds, the best first."""
    limit, after = page_size(n, worker.lists.sizes.default_size), position(cursor)
    if q:
        entries = worker.catalogue.page(q, limit=limit).entries
        with worker.database.reading() as connection:
            found = gorse.items_of(connection, [entry.item.item_id for entry in entries])
        return schemas.ItemIterator(Cursor="", Items=[_held_item(*one) for one in found])
    with worker.database.reading() as connection:
        found = gorse.item_page(connection, limit=limit + 1, after=after)
    ids = [item.item_id for item, _ in found]
    return schemas.ItemIterator(
        Cursor=cursor_of(ids, limit), Items=[_held_item(*one) for one in found[:limit]]
    )


@routes.patch("/item/{item_id}", responses=WRITING, operation_id="gorse_modify_item", dependencies=[WRITERS])
def modify_item(item_id: ItemIdInPath, body: schemas.GorseItemPatch, worker: WorkerDep) -> schemas.Success:
    """Change some fields of an item."""
    with worker.database.writing() as connection:
        before = items.locked(connection, item_id)
        if before is None:
            raise _no_item(item_id)
        content = GorseItem.model_validate(
            {**_sent_item(before), **body.model_dump(exclude_none=True), "ItemId": item_id}
        )
        gorse.put_items(connection, [(_item(content), content.at)])
    return schemas.Success(RowAffected=1)


@routes.delete("/item/{item_id}", responses=WRITING, operation_id="gorse_delete_item", dependencies=[WRITERS])
def delete_item(item_id: ItemIdInPath, worker: WorkerDep) -> schemas.Success:
    """Delete an item, with everybody's ratings and feedback of it."""
    with worker.database.writing() as connection:
        return schemas.Success(RowAffected=int(items.remove(connection, item_id)))


@routes.put(
    "/item/{item_id}/category/{category}",
    responses=WRITING,
    operation_id="gorse_insert_item_category",
    dependencies=[WRITERS],
)
def insert_item_category(item_id: ItemIdInPath, category: Category, worker: WorkerDep) -> schemas.Success:
    """Make an item one of a category."""
    return _recategorized(item_id, category, worker, add=True)


@routes.delete(
    "/item/{item_id}/category/{category}",
    responses=WRITING,
    operation_id="gorse_delete_item_category",
    dependencies=[WRITERS],
)
def delete_item_category(item_id: ItemIdInPath, category: Category, worker: WorkerDep) -> schemas.Success:
    """Take an item out of a category."""
    return _recategorized(item_id, category, worker, add=False)


def _recategorized(item_id: str, category: str, worker: WorkerDep, *, add: bool) -> schemas.Success:
    with worker.database.writing() as connection:
        before = items.locked(connection, item_id)
        if before is None:
            raise _no_item(item_id)
        others = [genre for genre in before.genres if genre != category]
        categories = [*before.genres, category] if add else others
        content = GorseItem.model_validate({**_sent_item(before), "Categories": categories})
        items.put(connection, _item(content))
    return schemas.Success(RowAffected=1)


def _sent_item(item: Item) -> dict[str, object]:
    """An item as a client would send it."""
    held = gorse_item(item, system_clock())
    return {name: value for name, value in held.items() if name != "Timestamp"}


def _item(content: GorseItem) -> Item:
    try:
        return item_of(content)
    except Unfit as unfit:
        raise InvalidInput(f"The item {content.ItemId!r} cannot be kept: {unfit}.") from unfit


def _held_item(item: Item, created_at: datetime) -> schemas.HeldItem:
    return schemas.HeldItem.model_validate(gorse_item(item, created_at))


def _no_item(item_id: str) -> NotFound:
    return NotFound(f"There is no item {item_id!r}.")


# ---- users ----


@routes.post("/user", responses=WRITING, operation_id="gorse_insert_user", dependencies=[WRITERS])
def insert_user(body: GorseUser, worker: WorkerDep) -> schemas.Success:
    """Write a user over whatever stood; labels become attributes; their feedback stays."""
    return insert_users([body], worker)


@routes.post("/users", responses=WRITING, operation_id="gorse_insert_users", dependencies=[WRITERS])
def insert_users(body: schemas.Users, worker: WorkerDep) -> schemas.Success:
    """Write users over whatever stood, all of them or none."""
    batch = [_user(content) for content in body]
    with worker.database.writing() as connection:
        for user in sorted(batch, key=lambda user: user.user_id):
            users.put(connection, user)
    return schemas.Success(RowAffected=len(batch))


@routes.get("/user/{user_id}", responses=GETTING, operation_id="gorse_get_user", dependencies=[READERS])
def get_user(user_id: UserIdInPath, worker: WorkerDep) -> schemas.HeldUser:
    """One user."""
    with worker.database.reading() as connection:
        found = users.get(connection, user_id)
    if found is None:
        raise _no_user(user_id)
    return _held_user(found.user)


@routes.get("/users", responses=READING, operation_id="gorse_get_users", dependencies=[READERS])
def get_users(worker: WorkerDep, n: N = None, cursor: Cursor = "") -> schemas.UserIterator:
    """Users by id."""
    limit, after = page_size(n, worker.lists.sizes.default_size), position(cursor)
    with worker.database.reading() as connection:
        found = gorse.user_page(connection, limit=limit + 1, after=after)
    ids = [user.user_id for user in found]
    return schemas.UserIterator(
        Cursor=cursor_of(ids, limit), Users=[_held_user(user) for user in found[:limit]]
    )


@routes.patch("/user/{user_id}", responses=WRITING, operation_id="gorse_modify_user", dependencies=[WRITERS])
def modify_user(user_id: UserIdInPath, body: schemas.GorseUserPatch, worker: WorkerDep) -> schemas.Success:
    """Change some fields of a user."""
    with worker.database.writing() as connection:
        before = users.locked(connection, user_id)
        if before is None:
            raise _no_user(user_id)
        sent = {**gorse_user(before), **body.model_dump(exclude_none=True), "UserId": user_id}
        users.put(connection, _user(GorseUser.model_validate(sent)))
    return schemas.Success(RowAffected=1)


@routes.delete("/user/{user_id}", responses=WRITING, operation_id="gorse_delete_user", dependencies=[WRITERS])
def delete_user(user_id: UserIdInPath, worker: WorkerDep) -> schemas.Success:
    """Erase a user, as `DELETE /api/v1/users/{user_id}` does."""
    with worker.database.writing() as connection:
        return schemas.Success(RowAffected=int(personal_data.erase(connection, user_id)))


def _user(content: GorseUser) -> User:
    try:
        return user_of(content)
    except Unfit as unfit:
        raise InvalidInput(f"The user {content.UserId!r} cannot be kept: {unfit}.") from unfit


def _held_user(user: User) -> schemas.HeldUser:
    return schemas.HeldUser.model_validate(gorse_user(user))


def _no_user(user_id: str) -> NotFound:
    return NotFound(f"There is no user {user_id!r}.")
