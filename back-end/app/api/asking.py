"""From a checked query or body to what lists are asked."""

from dataclasses import replace

from app.api.schemas.lists import BatchRequest, ItemListQuery, RecommendationQuery
from app.serving.asked import Asked, shown_of
from app.serving.lists import ListMaker


def asked_of(query: ItemListQuery, lists: ListMaker) -> Asked:
    """What a query asks; raises InvalidInput where the list is too long or the cursor none of ours."""
    diversity, explain = 0.0, False
    if isinstance(query, RecommendationQuery):
        diversity = lists.sizes.diversity if query.diversity is None else query.diversity
        explain = query.explain
    return Asked(
        lists.size(query.n),
        query.filters(),
        query.exclude,
        diversity,
        explain,
        shown=shown_of(query.cursor),
    )


def asked_of_version(query: RecommendationQuery, lists: ListMaker) -> Asked:
    """What a query asks of a version that need not serve, and whose list nobody is shown."""
    return replace(asked_of(query, lists), log=False)


def asked_of_batch(body: BatchRequest, lists: ListMaker) -> Asked:
    """What a batch asks of each of its lists."""
    diversity = lists.sizes.diversity if body.diversity is None else body.diversity
    return Asked(lists.size(body.n), body.filters(), body.exclude, diversity, body.explain, body.log)
