"""What a rollout was planned with, read again by whichever release goes on with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from marquee.lifecycle import observed
from marquee.lifecycle.rollout_plan import Plan
from marquee.settings.policy import Gates, Judge, Policy
from marquee.store.rollouts import Rollout

PLAN = Plan.of(Policy(gates=Gates()), "blue-green")
ROLLOUT = Rollout(
    *(7, 2, 1, "blue-green", PLAN.to_dict(), "canary", 1, "salt", 3, "ada", "why", datetime.now(UTC)),
    counted_until=None,
    verdict=None,
    judged_at=None,
    ended_at=None,
    outcome=None,
)


def test_a_plan_is_read_as_it_was_written() -> None:
    assert Plan.read(ROLLOUT) == PLAN
    assert PLAN.early == timedelta(seconds=30)


def test_a_plan_that_knew_no_early_answers_goes_on_without() -> None:
    plan = PLAN.to_dict()
    del plan["judge"]["early_seconds"]
    older = Plan.read(replace(ROLLOUT, plan=plan))
    assert older.early is None
    assert "early" not in [metric.name for metric in observed.metrics(older.judge)]


@pytest.mark.parametrize(("minutes", "looked_at"), [(0.5, False), (0.4, False), (0.6, True)])
def test_answers_are_early_only_if_later_ones_count_too(minutes: float, looked_at: bool) -> None:
    judge = Judge(attribution_minutes=minutes)
    assert (judge.early_window is not None) == looked_at
    assert ("early" in [metric.name for metric in observed.metrics(judge)]) == looked_at
