"""Whether a worker should get requests, and what is the matter with it."""

import time
from dataclasses import dataclass
from typing import Literal

from app.serving.worker import Worker

_STALE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Part:
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """`degraded`: lists are answered from memory, but a part is away or the deployed model does not serve."""

    status: Literal["ready", "degraded", "unready"]
    model_version: int | None
    checks: dict[str, Part]


def readiness(worker: Worker) -> Readiness:
    """Look at a worker; asks nobody else, so that it answers when others hang."""
    shelf = worker.shelf
    checks = {
        "postgres": _postgres(worker),
        "catalogue": _catalogue(worker),
        "model": _model(worker),
        "feed": _feed(worker),
    }
    # Where the deployed model was refused and none stands in, popular items are all that any worker has.
    serves = worker.follower.loaded and (shelf is not None or worker.keeper.problem is not None)
    all_well = all(part.ok for part in checks.values())
    return Readiness(
        "ready" if serves and all_well else "degraded" if serves else "unready",
        None if shelf is None else shelf.model.version,
        checks,
    )


def _postgres(worker: Worker) -> Part:
    if worker.database.available:
        return Part(True, "answers")
    return Part(False, "cannot be reached; ratings are refused, lists come from memory")


def _catalogue(worker: Worker) -> Part:
    if not worker.follower.loaded:
        return Part(False, "not loaded yet")
    return Part(True, f"{len(worker.catalogue)} items, {len(worker.histories)} people")


def _model(worker: Worker) -> Part:
    shelf, problem, wanted = worker.shelf, worker.keeper.problem, worker.keeper.wanted
    if problem is None:
        if shelf is None:
            return Part(False, "no model deployed yet" if wanted is None else f"version {wanted} is loading")
        return Part(True, f"version {shelf.model.version} serves")
    instead = "popular items are listed" if shelf is None else f"version {shelf.model.version} serves"
    return Part(False, f"{instead} instead of version {wanted}: {problem}")


def _feed(worker: Worker) -> Part:
    if not worker.follower.loaded:
        return Part(False, "not read yet")
    age = time.monotonic() - worker.follower.read_at
    return Part(age < _STALE_SECONDS, f"read {age:.1f} s ago")
