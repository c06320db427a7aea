"""What an item of the checklist makes of what was found: what is not known never passes."""

from dataclasses import replace
from typing import Any

import pytest

from marquee.lifecycle.checklist import gates_passed, not_sent_back, reviewed, workers_warm
from marquee.store.audit import AuditEntry
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


@pytest.mark.parametrize(
    ("actor", "evidence", "state"),
    [
        ("shell:ann", {"state": "approved"}, "failed"),
        ("policy", {"state": "approved"}, "ok"),
        ("operator:ann", {"state": "approved", "part": "technical"}, "ok"),
    ],
)
def test_a_version_that_a_person_forced_is_not_reviewed(
    actor: str, evidence: dict[str, str], state: str
) -> None:
    row = AuditEntry(1, NOW, actor, "approve", "version 3", "it must be", evidence, "", "")
    item = reviewed(replace(VERSION, state="approved"), [], None, row)
    assert item.state == state
    if state == "failed":
        assert item.evidence == (
            "Overruled: shell:ann deployed it without the reviews it needs (it must be)."
        )


def test_a_version_that_was_sent_back_fails_and_says_by_what() -> None:
    item = not_sent_back(replace(VERSION, sent_back="by rollout 7: its lists failed."))
    assert (item.state, item.evidence) == ("failed", "sent back by rollout 7: its lists failed.")
    assert not_sent_back(VERSION).state == "ok"
