"""How a rollout is shown in a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from rich.table import Table

from marquee.store.rollouts import Rollout, Step

_STYLES = {"better": "green", "not worse": "green", "worse": "red", "inconclusive": "yellow"}
_NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class _Measure:
    """How a metric's figures are told: a margin that is `relative` is a share of the champion's figure."""

    unit: Literal["share", "stars", "ms"]
    relative: bool = False
    paired: bool = False
    higher_is_better: bool = False


_MEASURES = {
    "positive": _Measure("share", relative=True, higher_is_better=True),
    "early": _Measure("share", relative=True, higher_is_better=True),
    "stars": _Measure("stars", higher_is_better=True),
    "error": _Measure("stars", paired=True),
    "errors": _Measure("share"),
    "latency": _Measure("ms", relative=True),
    "empty": _Measure("share"),
    "fallback": _Measure("share"),
}


def lines_of(rollout: Rollout, steps: Sequence[Step]) -> list[tuple[str, str]]:
    """What is known of a rollout but for the figures, as names and values."""
    lines = [
        ("rollout", f"{rollout.rollout_id}, {rollout.preset}, asked for by {rollout.requested_by}"),
        ("versions", f"{rollout.challenger} beside {rollout.champion}, the champion at its start"),
        ("state", _state(rollout)),
        ("revision", str(rollout.revision)),
    ]
    lines += [
        ("" if number else "stages", f"{_stage(each)}, {_when(each)}") for number, each in enumerate(steps)
    ]
    verdict = rollout.verdict or {}
    if rollout.outcome is not None:
        lines.append(("outcome", rollout.outcome))
    elif "verdict" in verdict:
        lines.append(("verdict", f"{verdict['verdict']}: {verdict['reason']}"))
    if reached := _reached(verdict.get("reached", {})):
        lines.append(("reached", reached))
    return lines


def moment_line(rollout: Rollout, now: datetime) -> str:
    """Where it is at a moment, and what the judge says of each metric, in one line."""
    verdict = rollout.verdict or {}
    said = [verdict["verdict"]] if "verdict" in verdict else []
    said += [reached] if (reached := _reached(verdict.get("reached", {}))) else []
    said += [f"{one['metric']} {one['verdict']} ({_people(one)})" for one in verdict.get("findings", ())]
    return f"{now:%Y-%m-%d %H:%M:%S}  {_state(rollout)}: {'; '.join(said) or 'nothing is judged yet'}"


def news_of(rollout: Rollout) -> tuple[Any, ...]:
    """What `moment_line` says but for the time that passes: another one is worth a line."""
    verdict = rollout.verdict or {}
    reached = {name: value for name, value in verdict.get("reached", {}).items() if name != "minutes"}
    findings = [(one["metric"], one["verdict"], _people(one)) for one in verdict.get("findings", ())]
    return (rollout.revision, verdict.get("verdict"), reached, findings)


def findings_table(findings: Sequence[Mapping[str, Any]]) -> Table:
    """The judge's figures, a row a metric; difference, interval and margin are in the same unit.

    Of a paired metric (both models predict the same rating) there is a difference, and no figure of either.
    """
    table = Table(
        "metric", "champion", "challenger", "difference", "interval", "margin", "people", "verdict", box=None
    )
    for one in findings:
        kind = _measure(one["metric"])
        table.add_row(
            one["metric"] + (" (paired)" if kind.paired else ""),
            _figure(kind, one["champion"]),
            _figure(kind, one["challenger"]),
            _in_unit(kind, one["relative" if kind.relative else "estimate"]),
            _interval(kind, one),
            _in_unit(kind, -one["margin"] if kind.higher_is_better else one["margin"]),
            _people(one),
            one["verdict"],
            style=_STYLES.get(one["verdict"]),
        )
    return table


def _measure(metric: str) -> _Measure:
    return _MEASURES.get(metric, _Measure("stars"))


def _state(rollout: Rollout) -> str:
    step = f", step {rollout.step}" if rollout.state == "canary" else ""
    return rollout.state.replace("_", " ") + step


def _people(finding: Mapping[str, Any]) -> str:
    return f"{finding['people_champion']} / {finding['people_challenger']}"


def _stage(step: Step) -> str:
    return "shadow" if step.state == "shadow" else f"step {step.step}, {step.share:.0%} of the people"


def _when(step: Step) -> str:
    since = f"since {step.began_at:%Y-%m-%d %H:%M:%S}"
    return since if step.ended_at is None else f"{since}, until {step.ended_at:%H:%M:%S}"


def _reached(reached: Mapping[str, float]) -> str:
    """Of what is asked for, how much there is."""
    asked = [name for name in reached if reached.get(f"of_{name}")]
    return ", ".join(f"{reached[name]:g} of {reached[f'of_{name}']:g} {name}" for name in asked)


def _interval(kind: _Measure, finding: Mapping[str, Any]) -> str:
    low, high = ("relative_low", "relative_high") if kind.relative else ("low", "high")
    if finding[low] is None and finding[high] is None:
        return _NOTHING
    return f"{_in_unit(kind, finding[low])} … {_in_unit(kind, finding[high])}"


def _figure(kind: _Measure, value: float | None) -> str:
    """A variant's own figure."""
    if value is None:
        return _NOTHING
    return f"{value:.2%}" if kind.unit == "share" else f"{value:.3f} {kind.unit}"


def _in_unit(kind: _Measure, difference: float | None) -> str:
    """A difference with its sign: hundredths of the champion's figure where relative, points of shares."""
    if difference is None:
        return _NOTHING
    if kind.relative:
        return f"{_signed(100 * difference, 2)}%"
    if kind.unit == "share":
        return f"{_signed(100 * difference, 2)} points"
    return f"{_signed(difference, 3)} {kind.unit}"


def _signed(value: float, digits: int) -> str:
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}" if rounded else f"{0:.{digits}f}"  # nothing has no sign
