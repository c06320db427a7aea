"""Pictures of a study: where in its space the good values are, and which dimension matters."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from marquee.settings.tuning import Range, Value
from marquee.training.plots import side_by_side
from marquee.training.tuning.study import TrialRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from marquee.training.tuning.results import Findings

CELLS = 8  # a side of the heat map: more different values than this are put together
_DOT, _BEST, _GREY = "#3056d3", "#d9822b", "#8a94a6"


def heat_map(findings: "Findings") -> "Figure | None":
    """Best value found in each cell of the two dimensions that matter most; None without complete trials.

    With one dimension the map has one row. Numbers of more than `CELLS` different values are put into cells
    of as many trials each.
    """
    trials = _complete(findings)
    if not trials:
        return None
    names = (_by_importance(findings) * 2)[:2]
    across, up = (_Cells([trial.values[name] for trial in trials]) for name in names)
    if names[0] == names[1]:
        up = _Cells([""] * len(trials))
    best = np.full((len(up.labels), len(across.labels)), np.nan)
    for row, column, trial in zip(up.places, across.places, trials, strict=True):
        values = [best[row, column], trial.value]
        best[row, column] = np.nanmin(values) if findings.goal.lower_is_better else np.nanmax(values)
    figure, (axes,) = side_by_side(1)
    _paint(axes, best, lower_is_better=findings.goal.lower_is_better)
    axes.set_xticks(range(len(across.labels)), across.labels, rotation=30, fontsize=8)
    axes.set_yticks(range(len(up.labels)), up.labels, fontsize=8)
    axes.set(xlabel=names[0], ylabel=names[1] if names[0] != names[1] else "")
    axes.set_title(f"{findings.goal.name}, best of each cell")
    return figure


def sensitivity(findings: "Findings") -> "Figure | None":
    """Each complete trial's value over each dimension, with the share of the differences that it explains."""
    trials = _complete(findings)
    if not trials:
        return None
    names = _by_importance(findings)
    figure, plots = side_by_side(len(names))
    for axes, name in zip(plots, names, strict=True):
        _slice(axes, name, trials, findings)
    plots[0].set_ylabel(findings.goal.name)
    return figure


def _slice(axes: "Axes", name: str, trials: Sequence[TrialRecord], findings: "Findings") -> None:
    dimension = findings.space.dimensions[name]
    values = [trial.values[name] for trial in trials]
    numbers = isinstance(dimension, Range)
    places = values if numbers else [str(value) for value in values]
    colours = [_BEST if trial == findings.best else _DOT for trial in trials]
    axes.scatter(places, [trial.value for trial in trials], c=colours, s=18, alpha=0.8)  # type: ignore[arg-type]
    if isinstance(dimension, Range) and dimension.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    share = findings.importances.get(name)
    axes.set_title(name if share is None else f"{name}: {share:.0%} of the differences", fontsize=9)
    axes.set_xlabel(name)
    axes.grid(color=_GREY, alpha=0.25)


def _paint(
    axes: "Axes", best: "np.ndarray[tuple[int, int], np.dtype[np.float64]]", *, lower_is_better: bool
) -> None:
    picture = axes.imshow(
        best, cmap="viridis_r" if lower_is_better else "viridis", aspect="auto", origin="lower"
    )
    axes.figure.colorbar(picture, ax=axes)
    for (row, column), value in np.ndenumerate(best):
        if np.isfinite(value):
            axes.text(column, row, f"{value:.4f}", ha="center", va="center", fontsize=7,
                      bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1})  # fmt: skip


def _complete(findings: "Findings") -> list[TrialRecord]:
    return [trial for trial in findings.trials if trial.value is not None]


def _by_importance(findings: "Findings") -> list[str]:
    """All dimensions, those that explain most first."""
    return sorted(findings.space.dimensions, key=lambda name: -findings.importances.get(name, 0.0))


class _Cells:
    """Values put into cells in their order: `places` is the cell of each value, `labels` names the cells."""

    def __init__(self, values: Sequence[Value]) -> None:
        numeric = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
        distinct = sorted(set(values), key=lambda value: value if numeric else str(value))  # type: ignore[arg-type,return-value]
        groups = np.array_split(np.arange(len(distinct)), min(CELLS, len(distinct)))
        cell = {distinct[place]: number for number, group in enumerate(groups) for place in group}
        self.places = [cell[value] for value in values]
        self.labels = [_label(distinct[group[0]], distinct[group[-1]]) for group in groups]


def _label(first: Value, last: Value) -> str:
    ends = [f"{end:.4g}" if isinstance(end, float) else str(end) for end in (first, last)]
    return ends[0] if first == last else " to ".join(ends)
