"""What a benchmark says: rows of figures, each beside the figure it must reach, as a table and as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine, versions

RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        what: what was measured, in words.
        value: the figure, in `unit`.
        peer: what it is compared with, measured in the same run; None: nothing.
        peer_value: the peer's figure, in the same unit.
        ratio: value / peer_value.
        reach: what it must be, in words; None: it is only reported.
        ok: whether it is.
    """

    what: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    reach: str | None = None
    ok: bool = True


def at_most(
    what: str, value: float, unit: str, limit: float, *, peer: tuple[str, float] | None = None
) -> Row:
    """A figure that must not be above `limit`; `peer` is a name and its figure, for comparison."""
    name, peer_value = peer or (None, None)
    ratio = value / peer_value if peer_value else None
    return Row(what, value, unit, name, peer_value, ratio, f"{limit:g} {unit} or less", value <= limit)


def at_least(
    what: str, value: float, unit: str, limit: float, *, peer: tuple[str, float] | None = None
) -> Row:
    """A figure that must not be below `limit`; `peer` as in `at_most`."""
    name, peer_value = peer or (None, None)
    ratio = value / peer_value if peer_value else None
    return Row(what, value, unit, name, peer_value, ratio, f"{limit:g} {unit} or more", value >= limit)


def between(what: str, value: float, unit: str, low: float, high: float) -> Row:
    """A figure that must lie between two others, or be one of them."""
    reach = f"between {low:g} and {high:g} {unit}"
    return Row(what, value, unit, reach=reach, ok=low <= value <= high)


def share_of_peer(what: str, value: float, unit: str, peer: tuple[str, float], least: float) -> Row:
    """A figure that must be at least `least` times its peer's."""
    name, peer_value = peer
    ratio = value / peer_value
    return Row(what, value, unit, name, peer_value, ratio, f"{least:g} of the peer or more", ratio >= least)


def above_peer(what: str, value: float, unit: str, peer: tuple[str, float]) -> Row:
    """A figure that must be higher than its peer's."""
    name, peer_value = peer
    return Row(what, value, unit, name, peer_value, value / peer_value, "above the peer", value > peer_value)


def plain(what: str, value: float, unit: str, *, peer: tuple[str, float] | None = None) -> Row:
    """A figure that is only reported, beside its peer's if it has one."""
    if peer is None:
        return Row(what, value, unit)
    return Row(what, value, unit, *peer, value / peer[1])


def write(name: str, command: str, rows: list[Row]) -> Path:
    """Write `results/NAME.json`; returns its path."""
    content: dict[str, Any] = {
        "name": name,
        "command": command,
        "machine": machine(),
        "versions": versions(),
        "rows": [asdict(row) for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def show(console: Console, title: str, rows: list[Row]) -> None:
    """Print the rows as a table."""
    table = Table(title=title, title_justify="left", caption_justify="left")
    for name in ("what", "value", "unit", "peer", "peer's", "ratio", "reach", ""):
        table.add_column(name, justify="right" if name in ("value", "peer's", "ratio") else "left")
    for row in rows:
        verdict = "" if row.reach is None else "[green]reached[/green]" if row.ok else "[red]missed[/red]"
        table.add_row(
            row.what,
            _figure(row.value),
            row.unit,
            row.peer or "",
            _figure(row.peer_value),
            _figure(row.ratio),
            row.reach or "",
            verdict,
        )
    console.print(table)


def _figure(value: float | None) -> str:
    """Four digits that count; thousands apart."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
