"""Plots as SVG. Text stays text, and colours are those of the page: one picture for light and dark.

Matplotlib writes fixed colours; each that is drawn with here stands for a CSS variable and is replaced by it.
"""

import io
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from marquee.reporting.model import Plot, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import Formatter

_INK, _FAINT, _GRID, _ON_SERIES = "#010101", "#020202", "#030303", "#040404"
_COLOURS = tuple(f"#0{place}0{place}f0" for place in range(1, 7))
_VARIABLES: Mapping[str, str] = {
    _INK: "--ink",
    _FAINT: "--faint",
    _GRID: "--line",
    _ON_SERIES: "--on-series",
    **{colour: f"--series-{place}" for place, colour in enumerate(_COLOURS, 1)},
}
_LETTERS = 52  # that fit under the axis
_PALEST, _DARK = 0.04, 0.55  # of a cell: of the least value, and where dark letters cannot be read any more
_MARKERS = ("o", "s", "^", "D", "v", "P")  # told apart without colours too
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _GRID,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.8,
    "xtick.color": _GRID,
    "ytick.color": _GRID,
    "xtick.labelcolor": _FAINT,
    "ytick.labelcolor": _FAINT,
    "legend.frameon": False,
    "legend.fontsize": 9,
}
STYLE = (
    "svg{--on-series:#fff;--ink:#1d2433;--faint:#5b6577;--line:#d9dee7;--series-1:#2f5bd0;--series-2:#c2570c;--series-3:#0f7f6b;"
    "--series-4:#8a3fb3;--series-5:#a5284b;--series-6:#6b6f00;background:#fff}"
    "@media(prefers-color-scheme:dark){svg{--on-series:#12161f;--ink:#e8ecf4;--faint:#a3adbf;--line:#333c4d;--series-1:#7aa2ff;"
    "--series-2:#f2994a;--series-3:#4cc9b0;--series-4:#c792ea;--series-5:#ff7a9c;--series-6:#d6d25c;"
    "background:#12161f}}"
)


def draw(plot: Plot) -> str:
    """The plot as an `<svg>` element, without a background; its colours are CSS variables such as `--ink`."""
    import matplotlib as mpl
    from matplotlib.figure import Figure  # takes most of a second: only who draws pays for it

    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": plot.name}):
        figure = Figure(figsize=_size(plot), layout="constrained")
        axes = figure.subplots()
        _DRAWERS[plot.kind](axes, plot)
        axes.set(xlabel=plot.x_label, ylabel=plot.y_label)
        _SCALES[plot.x_scale](axes)
        if len(plot.series) > 1 and plot.kind != "heat":
            figure.legend(loc="outside upper left", ncols=3)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _as_element(text.getvalue(), plot)


def draw_file(plot: Plot) -> str:
    """The plot as a file of its own, with colours for light and dark."""
    element = draw(plot)
    end = element.index(">") + 1
    return f"{element[:end]}<style>{STYLE}</style>{element[end:]}\n"


def _size(plot: Plot) -> tuple[float, float]:
    if plot.kind == "categories":
        return 5.4, 1.1 + 0.27 * len(plot.series[0].x) * (0.75 + 0.25 * len(plot.series))
    if plot.kind == "bars":
        return 5.4, 0.7 + 0.27 * len(plot.series[0].x)
    if plot.kind == "heat":
        return 5.4, 0.9 + 0.36 * len(plot.series)
    return 5.4, 3.6


def _linear(axes: "Axes") -> None:
    """As matplotlib has it."""


def _log(axes: "Axes") -> None:
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def _days(axes: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda moment, _: f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}")
    )


def _scatter(axes: "Axes", plot: Plot) -> None:
    for colour, marker, series in _dressed(plot):
        _points(axes, series, colour, marker, series.x)
    axes.margins(x=0.15, y=0.15)


def _categories(axes: "Axes", plot: Plot) -> None:
    """Words down the side, one point a series and word: names of slices are long."""
    words = plot.series[0].x
    step = 0.62 / len(plot.series)
    for place, (colour, marker, series) in enumerate(_dressed(plot)):
        offset = (place - (len(plot.series) - 1) / 2) * step
        where = [words.index(word) + offset for word in series.x]
        _points(axes, series, colour, marker, where, sideways=True)
    axes.set_yticks(range(len(words)), [str(word) for word in words])
    axes.set_ylim(len(words) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")


def _lines(axes: "Axes", plot: Plot) -> None:
    for colour, marker, series in _dressed(plot):
        x = [float(value) for value in series.x]
        if series.faint:
            axes.plot(x, series.y, color=colour, linestyle="--", label=series.name)
        else:
            axes.plot(x, series.y, color=colour, marker=marker, markersize=5, label=series.name)
        if series.low:
            _band(axes, series, colour)
    if plot.diagonal:
        ends = [
            min(float(x) for one in plot.series for x in one.x),
            max(float(x) for one in plot.series for x in one.x),
        ]
        axes.plot(ends, ends, color=_FAINT, linewidth=1, linestyle=":")


def _curve(axes: "Axes", plot: Plot) -> None:
    """Lines of many points, from 0 upwards; the diagonal is that of the axes."""
    for colour, _, series in _dressed(plot):
        x = [float(value) for value in series.x]
        axes.plot(x, series.y, color=colour, linewidth=2.2, label=series.name)
        if plot.diagonal:
            ends = [min(x), max(x)], [min(series.y), max(series.y)]
            axes.plot(*ends, color=_FAINT, linewidth=1, linestyle=":")
    axes.set_ylim(bottom=0)
    axes.margins(x=0.02)
    axes.yaxis.set_major_formatter(_thousands())


def _band(axes: "Axes", series: Series, colour: str) -> None:
    known = [
        (x, low, high)
        for x, low, high in zip(series.x, series.low, series.high, strict=True)
        if low is not None and high is not None
    ]
    if known:
        x, low, high = zip(*known, strict=True)
        axes.fill_between(list(x), low, high, color=colour, alpha=0.15, linewidth=0)


def _dressed(plot: Plot) -> list[tuple[str, str, Series]]:
    """Colour and marker of each series: a contender has the same in every plot, faint ones or not."""
    dressed, place = [], 0
    for series in plot.series:
        colour = _FAINT if series.faint else _COLOURS[place % len(_COLOURS)]
        dressed.append((colour, _MARKERS[place % len(_MARKERS)], series))
        place += not series.faint
    return dressed


def _points(
    axes: "Axes",
    series: Series,
    colour: str,
    marker: str,
    where: Sequence[float | str],
    *,
    sideways: bool = False,
) -> None:
    spread = _whiskers(series)
    x, y = (series.y, where) if sideways else (where, series.y)
    axes.errorbar(
        x,
        y,
        xerr=spread if sideways else None,
        yerr=None if sideways else spread,
        fmt=marker,
        markersize=6.5,
        elinewidth=1.6,
        color=colour,
        label=series.name,
        zorder=3,
    )


def _whiskers(series: Series) -> list[list[float]] | None:
    if not series.low:
        return None
    below = [0.0 if low is None else max(y - low, 0.0) for y, low in zip(series.y, series.low, strict=True)]
    above = [
        0.0 if high is None else max(high - y, 0.0) for y, high in zip(series.y, series.high, strict=True)
    ]
    return [below, above]


def _columns(axes: "Axes", plot: Plot) -> None:
    """Upright bars; where names are many or long, only some of them are written."""
    names = [str(name) for name in plot.series[0].x]
    for colour, _, series in _dressed(plot):
        axes.bar(range(len(names)), series.y, 0.8, color=colour, label=series.name)
    every = math.ceil(len(names) * max((len(name) for name in names), default=1) / _LETTERS)
    axes.set_xticks(range(0, len(names), every), names[::every])
    axes.yaxis.set_major_formatter(_thousands())
    axes.grid(visible=False, axis="x")


def _bars(axes: "Axes", plot: Plot) -> None:
    """Lying bars with a name before and a text behind each."""
    from matplotlib.ticker import MaxNLocator

    (series,) = plot.series
    places = range(len(series.x))
    drawn = axes.barh(places, series.y, 0.66, color=_COLOURS[0])
    axes.bar_label(drawn, series.text, padding=4, fontsize=9, color=_INK)
    axes.set_yticks(places, [str(name) for name in series.x])
    axes.set_ylim(len(series.x) - 0.4, -0.6)
    axes.set_xlim(0, 1.15 * max(series.y, default=0.0) or 1.0)  # room for the texts
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(_thousands())
    axes.grid(visible=False, axis="y")


def _heat(axes: "Axes", plot: Plot) -> None:
    """A row a series, the first on top."""
    from matplotlib.patches import Rectangle

    names = [str(name) for name in plot.series[0].x]
    largest = max((abs(value) for series in plot.series for value in series.y), default=0.0) or 1.0
    for row, series in enumerate(plot.series):
        for column, value in enumerate(series.y):
            tone = abs(value) / largest
            colour = _COLOURS[1] if value < 0 else _COLOURS[0]
            cell = Rectangle(
                (column - 0.48, row - 0.46), 0.96, 0.92, facecolor=colour, alpha=max(tone, _PALEST)
            )
            axes.add_patch(cell)
            if series.text:
                ink = _ON_SERIES if tone > _DARK else _INK
                axes.text(column, row, series.text[column], ha="center", va="center", fontsize=9, color=ink)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(plot.series) - 0.5, -0.5)
    axes.set_xticks(range(len(names)) if any(names) else [], names if any(names) else [])
    rows = [series.name for series in plot.series]
    axes.set_yticks(range(len(rows)) if any(rows) else [], rows if any(rows) else [])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.grid(visible=False)


def _thousands() -> "Formatter":
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 10 else f"{value:g}")


_DRAWERS = {
    "points": _scatter,
    "categories": _categories,
    "lines": _lines,
    "curve": _curve,
    "columns": _columns,
    "bars": _bars,
    "heat": _heat,
}
_SCALES = {"linear": _linear, "log": _log, "days": _days}


def _as_element(svg: str, plot: Plot) -> str:
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    # Text without a colour of its own would be black.
    svg = svg.replace('<text style="', '<text style="fill: var(--ink); ')
    # Identifiers are unique in a page of several plots.
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{plot.name}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{plot.name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{plot.name}-\1)", svg)
    label = f'<svg role="img" aria-label="{escape(plot.alt, {chr(34): "&quot;"})}"'
    svg = svg.replace("<svg", label, 1)
    return re.sub(
        r'(<svg[^>]*?) width="[^"]*"',
        r"\1",
        re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1),
        count=1,
    )
