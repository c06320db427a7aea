"""From a checked query or body to what lists are asked."""

from app.api.schemas.lists import ItemListQuery, RecommendationQuery
from app.serving.asked import Asked, shown_of
from app.serving.lists import ListMaker


def asked_of(query: ItemListQuery, lists: ListMaker) -> Asked:
    """What a query asks; raises InvalidInput where the list is too long or the cursor none of ours."""
    diversity, explain = 0.0, False
    if isinstance(query, RecommendationQuery):
        diversity = lists.sizes.diversity if query.diversity is None else query.diversity
        explain = query.explain
    return Asked(
        lists.size(query.n), query.filters(), query.exclude, diversity, explain, shown_of(query.cursor)
    )
