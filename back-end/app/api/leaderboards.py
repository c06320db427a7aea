"""Lists that are the same for everybody."""

from typing import Annotated

from fastapi import Query

from app.api.asking import asked_of
from app.api.routing import BROWSING, JsonBytes, router
from app.api.schemas.lists import ItemList, ItemListQuery
from app.dependencies import BROWSERS, WorkerDep
from app.serving.worker import Worker
from marquee.models.protocol import Float32
from marquee.recommend.chain import Board

routes = router("leaderboards")

ListQuery = Annotated[ItemListQuery, Query()]


@routes.get(
    "/leaderboards/popular",
    response_model=ItemList,
    responses=BROWSING,
    operation_id="list_popular_items",
    dependencies=[BROWSERS],
)
async def popular_items(worker: WorkerDep, query: ListQuery) -> JsonBytes:
    """What most people like, by the model that serves."""
    return JsonBytes(worker.lists.popular(asked_of(query, worker.lists), worker.shelf, worker.catalogue))


@routes.get(
    "/leaderboards/trending",
    response_model=ItemList,
    responses=BROWSING,
    operation_id="list_trending_items",
    dependencies=[BROWSERS],
)
async def trending_items(worker: WorkerDep, query: ListQuery) -> JsonBytes:
    """What people turn to lately: each rating counts 1, each event what its kind weighs, and that fades.

    The score is what is left at the time of the newest of them; `leaderboards` in configs/serving.yaml says
    in how many days it halves. Somebody counts once for an item.
    """
    return await _board(worker, query, "trending", (await worker.boards.get()).trending)


@routes.get(
    "/leaderboards/top-rated",
    response_model=ItemList,
    responses=BROWSING,
    operation_id="list_top_rated_items",
    dependencies=[BROWSERS],
)
async def top_rated_items(worker: WorkerDep, query: ListQuery) -> JsonBytes:
    """What has the highest mean of stars, that of few ratings being drawn towards the mean of all.

    The score is that mean; `leaderboards` in configs/serving.yaml says how many ratings few are.
    """
    return await _board(worker, query, "top-rated", (await worker.boards.get()).top_rated)


@routes.get(
    "/leaderboards/latest",
    response_model=ItemList,
    responses=BROWSING,
    operation_id="list_latest_items",
    dependencies=[BROWSERS],
)
async def latest_items(worker: WorkerDep, query: ListQuery) -> JsonBytes:
    """What was added last, by days (UTC); of one day, as when a whole catalogue is loaded, by year.

    The score says how many items of the catalogue are not newer.
    """
    return await _board(worker, query, "latest", (await worker.boards.get()).latest)


async def _board(worker: Worker, query: ItemListQuery, board: Board, scores: Float32) -> JsonBytes:
    asked = asked_of(query, worker.lists)
    return JsonBytes(worker.lists.board(board, scores, asked, worker.catalogue))
