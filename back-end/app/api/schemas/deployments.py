"""Which model serves, and the versions there are."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue

from app.api.schemas.fields import Answer, Message, Reason

VersionState = Literal["candidate", "validated", "rejected", "approved", "declined", "retired", "archived"]


class Champion(Answer):
    """A version that serves, or did before."""

    version: int = Field(examples=[3])
    semantic_version: str = Field(examples=["1.0.2"])


class ServingWorker(Answer):
    """What the worker that answered this request serves by itself at this moment.

    Right after a promotion or a rollback it may still be the version before: workers follow within moments.
    """

    pid: int
    version: int | None = Field(description="the version it serves; null: none yet")
    problem: str | None = Field(description="why it does not serve the champion, when it does not")


class WorkerInMemory(Answer):
    """What one worker, of whatever machine, last said of itself; it says so every other second, and at once
    when it has followed a change: `revision` says which."""

    worker_id: str = Field(description="another one after each start")
    host: str
    pid: int
    started_at: AwareDatetime
    revision: int = Field(description="of the deployment that it has followed")
    champion: int | None = Field(description="the version that serves", examples=[3])
    challenger: int | None = Field(description="the version on trial, if it is in memory", examples=[4])
    problem: str | None = Field(description="why it does not have what it should")


class Deployment(Answer):
    champion: Champion | None
    previous: Champion | None = Field(description="what a rollback returns to")
    deployed_at: AwareDatetime | None
    revision: int = Field(description="grows with each change")
    worker: ServingWorker
    workers: list[WorkerInMemory] = Field(description="those that were heard of lately")


class RollbackRequest(Message):
    reason: Annotated[Reason, Field(examples=["clicks fell by a third"])]
    to: int | None = Field(
        None,
        ge=1,
        le=2**31 - 1,
        strict=True,
        description="a version that has served, inside its time; null: the previous champion",
        examples=[2],
    )
    expected_revision: int | None = Field(
        None, strict=True, description="refuse when the deployment has changed since"
    )


class Snapshot(Answer):
    """Data that do not change: what versions are trained on."""

    hash: str = Field(description="SHA-256 of the sorted rows")
    ratings: int = Field(examples=[100_000])
    users: int = Field(examples=[943])
    items: int = Field(examples=[1682])
    first_rated_at: AwareDatetime
    trained_through: AwareDatetime = Field(description="the newest rating")
    taken_at: AwareDatetime
    versions: list[int] = Field(description="trained on it, oldest first", examples=[[3, 4]])


class SideBySideFigure(Answer):
    """A figure of two versions."""

    name: str = Field(examples=["known.ndcg"])
    a: float | None
    b: float | None
    difference: float | None = Field(description="b - a")
    better: Literal["a", "b", "neither"]


class SideBySideSetting(Answer):
    """What two versions differ in."""

    name: str = Field(examples=["ranking.regularization"])
    a: JsonValue
    b: JsonValue


class SideBySide(Answer):
    """Two versions compared."""

    a: int
    b: int
    same_data: bool = Field(description="whether both were judged on the same ratings")
    note: str = Field(description="how the figures may be read")
    figures: list[SideBySideFigure]
    recipe: list[SideBySideSetting] = Field(description="algorithms and hyperparameters that differ")
    data: list[SideBySideSetting] = Field(description="counts and dates of the data that differ")


class ModelVersion(Answer):
    """A version of `marquee-recommender`."""

    version: int = Field(examples=[3])
    semantic_version: str = Field(examples=["1.0.2"])
    state: VersionState
    serving: bool = Field(description="whether it is the champion")
    created_at: AwareDatetime
    run_id: str = Field(description="the run in MLflow that made it")
    snapshot: str = Field(description="hash of the data it was trained on")
    trained_through: AwareDatetime = Field(description="the newest rating that it has seen")
    algorithms: dict[str, str] = Field(examples=[{"rating": "svd", "ranking": "ease"}])
    metrics: dict[str, JsonValue] = Field(description="figures on the temporal split, by group of people")
    served_at: AwareDatetime | None = Field(
        description="when it first was the champion; null: never, so no rollback returns to it"
    )
    purge_after: AwareDatetime | None = Field(
        description="until when a rollback may return to it, or a rollout try it again if it never served; "
        "null: no end is set, as for the champion"
    )


class ModelVersionDetail(ModelVersion):
    hyperparameters: dict[str, JsonValue]
    gates: list[dict[str, JsonValue]] = Field(description="what it had to show, and what it showed")
    data: Snapshot | None = Field(description="what it was trained on; null: it is not known any more")
    facts: dict[str, JsonValue] = Field(
        description="seed, sizes, environment, code version: what else is known of how it was made"
    )


class ModelVersions(Answer):
    """Newest first."""

    versions: list[ModelVersion]
