"""The routes, a module a family of resources."""

from starlette.routing import BaseRoute

from app.api import (
    alerts,
    deployments,
    events,
    exports,
    gorse,
    health,
    imports,
    items,
    jobs,
    keys,
    leaderboards,
    lineage,
    people,
    personal_data,
    predictions,
    ratings,
    recommendations,
    reviews,
    rollouts,
    sessions,
    users,
    versions,
)


def all_routes() -> list[BaseRoute]:
    """Every route, in the order in which they are tried: what is asked for most comes first.

    They are given to the application as one flat list: included routers are each searched twice a request.
    """
    routers = (
        recommendations.hot,
        health.hot,
        sessions.hot,
        items.routes,
        leaderboards.routes,
        people.routes,
        ratings.routes,
        events.routes,
        predictions.routes,
        recommendations.routes,
        users.routes,
        personal_data.routes,
        sessions.routes,
        lineage.routes,  # before `models/{version}`, which would take `compare` for a number
        deployments.routes,
        reviews.routes,
        versions.routes,
        rollouts.routes,
        alerts.routes,
        jobs.routes,
        keys.routes,
        imports.routes,
        exports.routes,
        health.routes,
        health.figures,
        *gorse.ROUTERS,
    )
    return [route for router in routers for route in router.routes]
