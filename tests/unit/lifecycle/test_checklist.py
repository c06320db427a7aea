"""What an item of the checklist makes of what was found: what is not known never passes."""

from typing import Any

import pytest

from marquee.lifecycle.checklist import gates_passed, workers_warm
from marquee.store.deployment import Deployment
from marquee.store.workers import ServingWorker
from tests.support.versions import FAILED, PASSED, SLICED, VERSION
from tests.support.world import NOW


def _worker(revision: int, champion: int | None, challenger: int | None = None) -> ServingWorker:
    return ServingWorker(f"w{revision}", "here", 1, NOW, revision, champion, challenger, None)


@pytest.mark.parametrize(
    ("gates", "states"),
    [
        ((), {"Gates": "not yet"}),
        ((PASSED, PASSED), {"Gates: quality": "ok"}),
        ((PASSED, SLICED, FAILED), {"Gates: quality": "failed", "Gates: slices": "ok"}),
        (({"name": "known.rmse", "passed": True, "reason": "fine"},), {"Gates: quality": "ok"}),
    ],
)
def test_each_kind_of_gate_is_an_item(gates: tuple[dict[str, Any], ...], states: dict[str, str]) -> None:
    assert {item.name: item.state for item in gates_passed(gates)} == states


@pytest.mark.parametrize(
    ("alive", "state"),
    [
        ([], "failed"),
        ([_worker(9, 2, 3)], "ok"),
        ([_worker(9, 2, 3), _worker(10, 2, 3)], "ok"),  # one has read on since
        ([_worker(9, 2, 3), _worker(8, 2, 3)], "not yet"),
        ([_worker(9, 2)], "not yet"),  # without the challenger
        ([_worker(9, None, 3)], "not yet"),
    ],
)
def test_workers_are_warm_when_each_holds_what_the_deployment_names(
    alive: list[ServingWorker], state: str
) -> None:
    now = Deployment(champion=2, previous=1, revision=9, deployed_at=NOW, mirrored=2, challenger=3)
    assert workers_warm(VERSION, now, alive).state == state
