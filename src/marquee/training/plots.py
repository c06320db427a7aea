"""Plots of a training, as PNG files. Matplotlib's own objects, no `pyplot`: nothing global, no window."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from marquee.domain.columns import TIME
from marquee.evaluation.report import Group, Metric, Report
from marquee.evaluation.splits import Split
from marquee.training.comparison import Comparison, Predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GROUPS: tuple[Group, ...] = ("known", "new", "all")
_ERRORS: tuple[Metric, ...] = ("rmse", "mae")
_LISTS: tuple[Metric, ...] = ("precision", "recall", "ndcg")
_COLOURS = {"candidate": "#3056d3", "champion": "#d9822b", "baselines": "#8a94a6"}
_BINS = 10


def draw_plots(comparison: Comparison, folder: Path) -> None:
    """Write every plot of a comparison into an existing folder."""
    figures = {
        "rating_error": compared(comparison.rivals, _ERRORS, "error in stars (lower is better)"),
        "lists": compared(comparison.rivals, _LISTS, f"at {comparison.candidate.k} (higher is better)"),
        "error_by_group": errors_by_group(comparison.predictions),
        "calibration": calibration(comparison.predictions),
        "split": ratings_over_time(comparison.split),
    }
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=110)


def compared(rivals: Mapping[str, Report], metrics: Sequence[Metric], label: str) -> "Figure":
    """Bars of each metric for known people, new people and all, the candidate beside its rivals."""
    figure, panels = side_by_side(len(metrics))
    width = 0.8 / len(rivals)
    for axes, metric in zip(panels, metrics, strict=True):
        for place, (name, report) in enumerate(rivals.items()):
            heights = [report.figure(group, metric) for group in GROUPS]
            bars = axes.bar(
                np.arange(len(GROUPS)) + (place - (len(rivals) - 1) / 2) * width,
                [height or 0.0 for height in heights],
                width,
                label=name,
                color=_COLOURS[name],
            )
            axes.bar_label(
                bars, ["" if height is None else f"{height:.3f}" for height in heights], fontsize=6
            )
        axes.set_xticks(range(len(GROUPS)), GROUPS)
        axes.set_title(metric)
        axes.set_ylabel(label)
    panels[0].legend(fontsize=8)
    return figure


def errors_by_group(predictions: Predictions) -> "Figure":
    """How far predicted stars are from the real ones, for known and for new people."""
    figure, (axes,) = side_by_side(1)
    errors = predictions.predicted - predictions.actual
    edges = np.linspace(-4, 4, 33).tolist()
    for name, chosen, colour in (
        ("known", predictions.known, "#3056d3"),
        ("new", ~predictions.known, "#d9822b"),
    ):
        if chosen.any():
            axes.hist(
                errors[chosen], edges, density=True, histtype="step", label=name, color=colour, linewidth=2
            )
    axes.axvline(0.0, color="#8a94a6", linewidth=1)
    axes.set(title="Errors of the predicted stars", xlabel="predicted minus actual", ylabel="density")
    axes.legend()
    return figure


def calibration(predictions: Predictions) -> "Figure":
    """Mean actual stars of test ratings, in tenths by predicted stars; on the diagonal the two agree."""
    figure, (axes,) = side_by_side(1)
    order = np.argsort(predictions.predicted, kind="stable")
    parts = [part for part in np.array_split(order, _BINS) if len(part)]
    axes.plot(
        [predictions.predicted[part].mean() for part in parts],
        [predictions.actual[part].mean() for part in parts],
        marker="o",
        color="#3056d3",
    )
    ends = (float(predictions.actual.min()), float(predictions.actual.max()))
    axes.plot(ends, ends, color="#8a94a6", linewidth=1)
    axes.set(title="Calibration of the stars", xlabel="predicted", ylabel="mean actual")
    return figure


def ratings_over_time(split: Split) -> "Figure":
    """When the ratings were made, and where the split cuts them."""
    figure, (axes,) = side_by_side(1)
    sides = [split.train[TIME], split.test[TIME]]
    moments = [side.to_numpy().astype("datetime64[s]") for side in sides]
    axes.hist(moments, bins=40, stacked=True, label=["train", "test"], color=["#3056d3", "#d9822b"])
    axes.set(title="Ratings over time", ylabel="ratings")
    axes.tick_params(axis="x", rotation=30)
    axes.legend()
    return figure


def side_by_side(count: int) -> "tuple[Figure, list[Axes]]":
    """An empty figure with `count` plots side by side."""
    from matplotlib.figure import Figure  # takes most of a second: only who draws pays for it

    figure = Figure(figsize=(4.5 * count + 1.5, 4), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])
