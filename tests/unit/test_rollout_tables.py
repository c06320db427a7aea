"""What a person reads of a rollout in a terminal, worked out by hand."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from marquee.cli.rollout_tables import findings_table, lines_of, moment_line, news_of
from marquee.store.rollouts import Rollout, Step

_DASH = "\N{EN DASH}"
_NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def _finding(metric: str, **figures: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ["estimate", "low", "high", "relative", "relative_low", "relative_high", "champion", "challenger"]
    )
    people = {"people_champion": 60, "people_challenger": 61}
    return {"metric": metric, "verdict": "inconclusive", "margin": 0.1, **people, **nothing, **figures}


def _cells(finding: dict[str, Any]) -> list[str]:
    table = findings_table([finding])
    out = StringIO()
    Console(file=out, width=400).print(table)
    return [cell.strip() for cell in out.getvalue().splitlines()[1].split("  ") if cell.strip()]


@pytest.mark.parametrize(
    ("finding", "cells"),
    [
        (
            _finding(
                "positive", champion=0.4, challenger=0.36, estimate=-0.04, low=-0.06, high=0.02,
                relative=-0.1, relative_low=-0.15, relative_high=0.05,
            ),
            ["positive", "40.00%", "36.00%", "-10.00%", "-15.00% … +5.00%", "-10.00%"],
        ),
        (
            _finding(
                "latency", champion=2.0, challenger=2.5, estimate=0.5, low=0.1, high=0.9,
                relative=0.25, relative_low=None, relative_high=0.5,
            ),
            ["latency", "2.000 ms", "2.500 ms", "+25.00%", f"{_DASH} … +50.00%", "+10.00%"],
        ),
        (
            _finding(
                "errors", champion=0.0, challenger=0.01, estimate=0.01, low=-0.00001, high=0.03, margin=0.005
            ),
            ["errors", "0.00%", "1.00%", "+1.00 points", "0.00 points … +3.00 points", "+0.50 points"],
        ),
        (
            _finding("error", estimate=-0.0004, low=-0.02, high=0.03, margin=0.05),
            ["error (paired)", _DASH, _DASH, "0.000 stars", "-0.020 stars … +0.030 stars", "+0.050 stars"],
        ),
        (_finding("stars", margin=0.1), ["stars", _DASH, _DASH, _DASH, _DASH, "-0.100 stars"]),
    ],
)  # fmt: skip
def test_difference_interval_and_margin_are_in_one_unit(finding: dict[str, Any], cells: list[str]) -> None:
    assert _cells(finding) == [*cells, "60 / 61", "inconclusive"]


def _rollout(verdict: dict[str, Any] | None) -> Rollout:
    return Rollout(**{**dict.fromkeys(Rollout.__dataclass_fields__), **_FACTS, "verdict": verdict})


_FACTS: dict[str, Any] = {
    "rollout_id": 1, "challenger": 2, "champion": 1, "preset": "canary", "state": "canary", "step": 1,
    "requested_by": "key:ada", "revision": 7,
}  # fmt: skip


def test_what_is_not_asked_for_is_not_counted_and_no_line_is_without_a_name_but_more_stages() -> None:
    verdict = {"reached": {"minutes": 0.72, "of_minutes": 0, "people": 12, "of_people": 50}}
    steps = [
        Step(step=step, state=state, share=0.1, began_at=_NOW, ended_at=None)
        for step, state in ((0, "shadow"), (1, "canary"))
    ]
    lines = lines_of(_rollout(verdict), steps)
    assert ("reached", "12 of 50 people") in lines
    assert [name for name, _ in lines] == [
        "rollout",
        "versions",
        "state",
        "revision",
        "stages",
        "",
        "reached",
    ]


def test_a_line_of_a_moment_carries_its_time_and_each_metrics_verdict() -> None:
    verdict = {
        "verdict": "inconclusive",
        "reached": {"minutes": 3, "of_minutes": 10, "people": 12, "of_people": 50},
        "findings": [_finding("positive"), _finding("errors", verdict="not worse")],
    }
    assert moment_line(_rollout(verdict), _NOW) == (
        "2026-03-04 05:06:07  canary, step 1: inconclusive; 3 of 10 minutes, 12 of 50 people; "
        "positive inconclusive (60 / 61); errors not worse (60 / 61)"
    )
    assert moment_line(_rollout(None), _NOW).endswith(": nothing is judged yet")


@pytest.mark.parametrize(
    ("change", "is_news"),
    [
        ({"people_challenger": 62}, True),
        ({"verdict": "worse"}, True),
        ({"estimate": 0.2}, False),
    ],
)
def test_news_are_people_and_verdicts(change: dict[str, Any], *, is_news: bool) -> None:
    before, after = (
        news_of(_rollout({"verdict": "inconclusive", "findings": [_finding("positive", **figures)]}))
        for figures in ({}, change)
    )
    assert (before != after) is is_news


def test_time_alone_is_no_news() -> None:
    before, after = (
        news_of(_rollout({"reached": {"minutes": minutes, "of_minutes": 10}})) for minutes in (1, 2)
    )
    assert before == after
