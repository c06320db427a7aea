"""Before a version serves: its card, its reviews, its checklist; and putting it away."""

from typing import Annotated, Any, Literal

from fastapi import Header, Query
from starlette.responses import Response

from app.api.configured import policy_of, unavailable_when_wrong
from app.api.deployments import VersionInPath
from app.api.routing import problems, router
from app.api.schemas import reviews as schemas
from app.dependencies import OPERATORS, READERS, Operator, WorkerDep
from marquee.store import reviews, versions
from marquee.store.reviews import Review

routes = router("models")

CardFormat = Literal["html", "markdown"]
_MEDIA_TYPES: dict[CardFormat, str] = {
    "html": "text/html; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
}
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
_AS_A_PAGE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_READING = problems(400, 401, 403, 404, 422, 503)
_WRITING = problems(400, 401, 403, 404, 409, 413, 415, 422, 503)


@routes.get(
    "/models/{version}/card",
    responses={
        **_READING,
        200: {
            "description": "The card",
            "content": {
                "text/html": {**_TEXT, "example": "<!doctype html>…"},
                "text/markdown": {**_TEXT, "example": "# Model card: version 3 (1.0.2)\n"},
            },
        },
    },
    response_class=Response,
    operation_id="get_model_card",
    dependencies=[READERS],
)
def get_model_card(
    version: VersionInPath,
    worker: WorkerDep,
    form: Annotated[
        CardFormat | None, Query(alias="format", description="as Accept says, unless it is given here")
    ] = None,
    accept: Annotated[str, Header(description="`text/markdown` for Markdown, else HTML")] = "text/html",
) -> Response:
    """The model card: use, data, figures with intervals, gates, limits, risks, reviews, rollouts, lineage.

    HTML is one page that needs nothing else; Markdown says the same.
    """
    from marquee.lifecycle.card import card_of  # these are for few requests, and take memory
    from marquee.reporting.card import card_report
    from marquee.reporting.render import to_html, to_markdown

    chosen = form or ("markdown" if "text/markdown" in accept else "html")
    with worker.database.reading() as connection, unavailable_when_wrong():
        report = card_report(card_of(connection, version, worker.settings))
    content = to_html(report) if chosen == "html" else to_markdown(report)
    return Response(content, headers=_AS_A_PAGE, media_type=_MEDIA_TYPES[chosen])


@routes.post("/models/{version}/review", status_code=201, responses=_WRITING, operation_id="review_model")
def review_model(
    version: VersionInPath, body: schemas.ReviewRequest, worker: WorkerDep, caller: Operator
) -> schemas.Reviewed:
    """Approve or decline a validated version, for one part.

    It is approved when every part is that policy.yaml wants signed, and declined by the first who declines.
    """
    from marquee.lifecycle.review import review

    policy = policy_of(worker).review
    with worker.database.engine() as engine:
        done = review(
            engine,
            version,
            part=body.part,
            decision=body.decision,
            comment=body.comment,
            reviewer=caller.actor,
            policy=policy,
        )
    return schemas.Reviewed(review=_review(done.review), state=done.state, missing=list(done.missing))


@routes.get(
    "/models/{version}/reviews",
    responses=_READING,
    operation_id="list_reviews",
    dependencies=[READERS],
)
def list_reviews(version: VersionInPath, worker: WorkerDep) -> schemas.VersionReviews:
    """What people said of a version, and which parts are still to be signed."""
    from marquee.lifecycle.review import missing_parts

    policy = policy_of(worker).review
    with worker.database.reading() as connection:
        state = versions.get(connection, version).state
        given = reviews.of_version(connection, version)
    return schemas.VersionReviews.model_validate(
        {
            "version": version,
            "state": state,
            "sign_offs": policy.sign_offs,
            "missing": missing_parts(given, policy),
            "reviews": [_review(one) for one in given],
        }
    )


@routes.get(
    "/models/{version}/checklist",
    responses=_READING,
    operation_id="get_checklist",
    dependencies=[OPERATORS],
)
def get_checklist(version: VersionInPath, worker: WorkerDep) -> schemas.Checklist:
    """What must hold before, and while, a version serves: looked at now."""
    from marquee.lifecycle.checklist import checklist

    with worker.database.engine() as engine:
        items = checklist(engine, version, worker.settings)
    return schemas.Checklist(
        version=version,
        items=[schemas.ChecklistItem.model_validate(item, from_attributes=True) for item in items],
    )


@routes.post("/models/{version}/archive", responses=_WRITING, operation_id="archive_model")
def archive_model(
    version: VersionInPath, body: schemas.ArchiveRequest, worker: WorkerDep, caller: Operator
) -> schemas.Archived:
    """Put a rejected, declined or retired version away; its record and its card stay."""
    from marquee.lifecycle.retirement import archive

    with worker.database.engine() as engine:
        archive(engine, version, actor=caller.actor, reason=body.reason)
    return schemas.Archived(version=version, state="archived")


def _review(given: Review) -> schemas.VersionReview:
    return schemas.VersionReview.model_validate(given, from_attributes=True)
