"""How a rollout is shown in a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from marquee.store.rollouts import Rollout, Step

_SHARES = {"positive", "errors", "empty", "fallback"}
_STYLES = {"better": "green", "not worse": "green", "worse": "red", "inconclusive": "yellow"}


def lines_of(rollout: Rollout, steps: Sequence[Step]) -> list[tuple[str, str]]:
    """What is known of a rollout but for the figures, as names and values."""
    step = f", step {rollout.step}" if rollout.state == "canary" else ""
    lines = [
        ("rollout", f"{rollout.rollout_id}, {rollout.preset}, asked for by {rollout.requested_by}"),
        ("versions", f"{rollout.challenger} beside {rollout.champion}, the champion at its start"),
        ("state", rollout.state.replace("_", " ") + step),
        ("revision", str(rollout.revision)),
    ]
    lines += [("", f"{_stage(each)}, {_when(each)}") for each in steps]
    verdict = rollout.verdict or {}
    if rollout.outcome is not None:
        lines.append(("outcome", rollout.outcome))
    elif verdict:
        lines.append(
            ("verdict", f"{verdict['verdict']}: {verdict['reason']}" if "verdict" in verdict else "")
        )
    if "reached" in verdict:
        lines.append(("reached", _reached(verdict["reached"])))
    return lines


def findings_table(findings: Sequence[Mapping[str, Any]]) -> Table:
    """The judge's figures, a row a metric."""
    table = Table(
        "metric", "champion", "challenger", "difference", "interval", "margin", "people", "verdict", box=None
    )
    for one in findings:
        show = _percent if one["metric"] in _SHARES else _plain
        interval = "" if one["low"] is None else f"{show(one['low'])} … {show(one['high'])}"
        people = f"{one['people_champion']} / {one['people_challenger']}"
        table.add_row(
            one["metric"],
            show(one["champion"]),
            show(one["challenger"]),
            show(one["estimate"]),
            interval,
            f"{one['margin']:g}",
            people,
            one["verdict"],
            style=_STYLES.get(one["verdict"]),
        )
    return table


def _stage(step: Step) -> str:
    return "shadow" if step.state == "shadow" else f"step {step.step}, {step.share:.0%} of the people"


def _when(step: Step) -> str:
    since = f"since {step.began_at:%Y-%m-%d %H:%M:%S}"
    return since if step.ended_at is None else f"{since}, until {step.ended_at:%H:%M:%S}"


def _reached(reached: Mapping[str, float]) -> str:
    names = [name for name in reached if not name.startswith("of_")]
    return ", ".join(f"{reached[name]:g} of {reached[f'of_{name}']:g} {name}" for name in names)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
