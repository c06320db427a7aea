"""Ratings: put, delete, list."""

from datetime import datetime

from fastapi import Response
from pydantic import TypeAdapter
from sqlalchemy.exc import IntegrityError

from app.api.cursors import decode_cursor, encode_cursor
from app.api.items import item_for, no_item
from app.api.routing import CHANGING, problems, router
from app.api.schemas.fields import Cursor, ItemIdInPath, PageLimit, Text, UserIdInPath
from app.api.schemas.ratings import RatedItem, RatingBody, RatingPage, StoredRating
from app.dependencies import CallerDep, WorkerDep
from app.security.callers import Level
from marquee.domain.clock import system_clock
from marquee.domain.errors import InvalidInput, NotFound
from marquee.domain.records import Rating
from marquee.settings.serving import CLOCKS_DIFFER_BY, FIRST_YEAR
from marquee.store import ratings

routes = router("ratings")

_POSITION = TypeAdapter(tuple[datetime, Text])


@routes.get(
    "/users/{user_id}/ratings", responses=problems(400, 401, 403, 422, 503), operation_id="list_ratings"
)
def list_ratings(
    user_id: UserIdInPath, worker: WorkerDep, caller: CallerDep, limit: PageLimit = 50, cursor: Cursor = None
) -> RatingPage:
    """A person's ratings, newest first; none for somebody unknown."""
    caller.require_person(user_id, Level.READ)
    after = None if cursor is None else decode_cursor(cursor, _POSITION)
    with worker.database.reading() as connection:
        found = ratings.of_user(connection, user_id, limit=limit + 1, after=after)
    page = found[:limit]
    last = page[-1].rating if len(found) > limit else None
    return RatingPage(
        ratings=[_rated(item) for item in page],
        next_cursor=None if last is None else encode_cursor((last.rated_at, last.item_id)),
    )


@routes.put(
    "/users/{user_id}/ratings/{item_id}",
    responses={**CHANGING, 201: {"model": StoredRating, "description": "There was none before"}},
    operation_id="put_rating",
)
def put_rating(
    user_id: UserIdInPath,
    item_id: ItemIdInPath,
    body: RatingBody,
    worker: WorkerDep,
    caller: CallerDep,
    response: Response,
) -> StoredRating:
    """Rate an item, over whatever stood. When this has answered, every list takes account of it.

    A user id that is new becomes a person. Viewers may rate for themselves.
    """
    caller.require_person(user_id, Level.WRITE)
    item_for(caller, worker.catalogue, item_id)
    stars = worker.serving.rating_scale.check(body.rating)
    rating = Rating(user_id, item_id, stars, _moment(body.rated_at))
    before = worker.before_rating(user_id)
    try:
        with worker.database.writing() as connection:
            created = ratings.put(connection, rating)
    except IntegrityError as error:  # the item was deleted since this worker looked
        raise no_item(item_id) from error
    worker.scored.note(before, item_id, stars, system_clock())
    response.status_code = 201 if created else 200
    return StoredRating(user_id=user_id, item_id=item_id, rating=stars, rated_at=rating.rated_at)


@routes.delete(
    "/users/{user_id}/ratings/{item_id}", status_code=204, responses=CHANGING, operation_id="delete_rating"
)
def delete_rating(user_id: UserIdInPath, item_id: ItemIdInPath, worker: WorkerDep, caller: CallerDep) -> None:
    """Take a rating back. When this has answered, no list takes account of it any more."""
    caller.require_person(user_id, Level.WRITE)
    with worker.database.writing() as connection:
        removed = ratings.remove(connection, user_id, item_id)
    if not removed:
        raise NotFound(f"User {user_id!r} has not rated item {item_id!r}.")


def _moment(rated_at: datetime | None) -> datetime:
    now = system_clock()
    if rated_at is None:
        return now
    if rated_at > now + CLOCKS_DIFFER_BY:
        raise InvalidInput(
            f"rated_at lies in the future: {rated_at.isoformat()}.", hint=f"It is {now.isoformat()} now."
        )
    if rated_at.year < FIRST_YEAR:
        raise InvalidInput(f"rated_at lies before {FIRST_YEAR}: {rated_at.isoformat()}.")
    return rated_at


def _rated(found: ratings.RatedItem) -> RatedItem:
    return RatedItem(
        item_id=found.rating.item_id,
        title=found.title,
        year=found.year,
        genres=list(found.genres),
        rating=found.rating.rating,
        rated_at=found.rating.rated_at,
    )
