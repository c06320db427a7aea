"""What a version had to show, and what it showed: its gates in a model card."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from marquee.reporting.model import Block, Cell, Finding, Findings, Mark, Number, Rows, Section, Status, Table
from marquee.store.versions import ModelVersion

SLICES = "slices"
_KINDS: Mapping[str, str] = {
    "quality": "How good it is, beside others on the same ratings",
    "cost": "What it costs",
    "data": "The data that it was trained on",
    "integrity": "Whether the bundle does what the models did",
}
_STATUS: Mapping[str, Status] = {"passed": "good", "failed": "bad"}

GateFigures: TypeAlias = Mapping[str, Any]


def gates_section(version: ModelVersion) -> Section:
    """What stopped it, then a table a kind of gate, but for slices."""
    tables = [_table(kind, gates) for kind, gates in by_kind(version).items() if kind != SLICES]
    stopped = tuple(
        Finding("error", f"{gate['name']}: {outcome(gate).text}", str(gate["reason"]))
        for gate in version.gates
        if not gate["passed"]
    )
    findings = (Findings(stopped),) if stopped else ()
    return Section("Gates", (*findings, *tables) or ("No gate has judged it.",))


def slices_section(version: ModelVersion) -> Section:
    """A table a gate of slices: what each group of people gains or loses."""
    gates = by_kind(version).get(SLICES, [])
    if not gates:
        return Section("Groups of people", ("Nobody has compared groups of people.",))
    return Section("Groups of people", tuple(block for gate in gates for block in _groups(gate)))


def by_kind(version: ModelVersion) -> dict[str, list[GateFigures]]:
    """The gates of each kind, in their order."""
    kinds: dict[str, list[GateFigures]] = {}
    for gate in version.gates:
        kinds.setdefault(str(gate.get("kind", "quality")), []).append(gate)
    return kinds


def _table(kind: str, gates: list[GateFigures]) -> Table:
    caption = _KINDS.get(kind, kind)
    if kind != "quality":
        return Table(caption, ("gate", "outcome", "figure", "limit", "why"), tuple(map(_limited, gates)))
    columns = ("gate", "outcome", "candidate", "beside", "its figure", "difference", "margin")
    return Table(caption, columns, tuple(map(_compared, gates)))


def _compared(gate: GateFigures) -> tuple[Cell, ...]:
    return (
        str(gate["name"]),
        outcome(gate),
        Number(gate.get("candidate"), 4),
        str(gate.get("than") or "champion"),
        Number(_rival(gate), 4),
        Number(_difference(gate), 4, gate.get("low"), gate.get("high"), signed=True),
        Number(gate.get("margin"), 4),
    )


def _limited(gate: GateFigures) -> tuple[Cell, ...]:
    figure, limit = Number(gate.get("candidate"), 2), Number(gate.get("margin"), 2)
    return (str(gate["name"]), outcome(gate), figure, limit, str(gate["reason"]))


def outcome(gate: GateFigures) -> Mark:
    """A gate that had nothing to judge by does not pass, and is told apart from one that failed."""
    if gate["passed"]:
        return Mark("passed", "good")
    return Mark("failed" if gate.get("judged", True) else "not judged", "bad")


def _groups(gate: GateFigures) -> Iterator[Block]:
    yield str(gate["reason"])
    rows: Rows = tuple(
        (
            str(group["name"]),
            Mark(str(group["outcome"]), _STATUS.get(str(group["outcome"]), "neutral")),
            Number(group["difference"], 4, group["low"], group["high"], signed=True),
            Number(group["people"], 0),
        )
        for group in gate.get("groups", ())
    )
    if rows:
        columns = ("group", "outcome", "difference", "people")
        yield Table(f"{gate['name']}: candidate less champion", columns, rows)


def _rival(gate: GateFigures) -> float | None:
    value: float | None = gate.get("rival", gate.get("champion"))
    return value


def _difference(gate: GateFigures) -> float | None:
    candidate, rival = gate.get("candidate"), _rival(gate)
    return None if candidate is None or rival is None else candidate - rival
