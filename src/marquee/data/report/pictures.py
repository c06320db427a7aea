"""Charts as shapes: columns, bars, curves and heat maps in a box of 440 units, readable at phone width."""

import math
from collections.abc import Sequence

from marquee.data.report.model import Label, Line, Picture, Rect

WIDTH, HEIGHT = 440.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 48.0, 10.0, 14.0, 40.0
ROW, BAR_LEFT, BAR_RIGHT = 24.0, 118.0, 54.0
LETTERS = 38  # that fit under the axis
TICKS = 4


def columns(
    names: Sequence[str], values: Sequence[float], summary: str, *, shown: Sequence[str] | None = None
) -> Picture:
    """Upright bars, one a name; `shown` are the texts of a pointer over them (default: the values)."""
    top = _round_up(max(values, default=0.0))
    step = (WIDTH - LEFT - RIGHT) / max(len(names), 1)
    texts = shown or [_short(value) for value in values]
    rects = tuple(
        Rect(
            LEFT + place * step + step * 0.1,
            _y(value, top),
            step * 0.8,
            _y(0.0, top) - _y(value, top),
            f"{name}: {text}",
        )
        for place, (name, value, text) in enumerate(zip(names, values, texts, strict=True))
    )
    every = math.ceil(len(names) * max((len(name) for name in names), default=1) / LETTERS)
    labels = [
        Label(LEFT + (place + 0.5) * step, HEIGHT - BOTTOM + 18, name)
        for place, name in enumerate(names)
        if place % every == 0
    ]
    guides, ticks = _axis(top)
    return Picture(WIDTH, HEIGHT, summary, rects, guides, (*ticks, *labels))


def bars(names: Sequence[str], values: Sequence[float], summary: str, shown: Sequence[str]) -> Picture:
    """Lying bars with a name before and a text behind each."""
    largest = max(values, default=0.0) or 1.0
    room = WIDTH - BAR_LEFT - BAR_RIGHT
    rects, labels = [], []
    for place, (name, value, text) in enumerate(zip(names, values, shown, strict=True)):
        y, length = place * ROW + 4, max(value / largest * room, 1.0)
        rects.append(Rect(BAR_LEFT, y, length, ROW - 8, f"{name}: {text}"))
        labels.append(Label(BAR_LEFT - 8, y + 12, _cut(name), "end"))
        labels.append(Label(BAR_LEFT + length + 6, y + 12, text, "start"))
    return Picture(WIDTH, max(len(names), 1) * ROW + 4, summary, tuple(rects), (), tuple(labels))


def curve(
    xs: Sequence[float],
    ys: Sequence[float],
    summary: str,
    *,
    x_labels: Sequence[str],
    y_percent: bool = False,
    diagonal: bool = False,
) -> Picture:
    """A line through points; x from the first to the last, y from 0; labels at equal distances below."""
    top = 1.0 if y_percent else _round_up(max(ys, default=0.0))
    first, span = xs[0], (xs[-1] - xs[0]) or 1.0
    room = WIDTH - LEFT - RIGHT
    points = " ".join(
        f"{LEFT + (x - first) / span * room:.1f},{_y(y, top):.1f}" for x, y in zip(xs, ys, strict=True)
    )
    guides, ticks = _axis(top, percent=y_percent)
    lines = [*guides, Line(points)]
    if diagonal:
        lines.append(Line(f"{LEFT},{_y(0.0, 1.0):.1f} {WIDTH - RIGHT},{_y(1.0, 1.0):.1f}", guide=True))
    return Picture(WIDTH, HEIGHT, summary, (), tuple(lines), (*ticks, *_below(x_labels)))


def heat_map(
    rows: Sequence[str],
    across: Sequence[str],
    values: Sequence[Sequence[float]],
    summary: str,
    *,
    shown: Sequence[Sequence[str]] | None = None,
    signed: bool = False,
) -> Picture:
    """A grid of cells, stronger where the value is larger; negative ones in the second colour."""
    left = BAR_LEFT if any(rows) else 10.0
    side = (WIDTH - left - RIGHT) / max(len(across), 1)
    height = side if len(rows) > 12 else 30.0
    largest = 1.0 if signed else max((abs(value) for row in values for value in row), default=0.0) or 1.0
    rects, labels = [], []
    for row, name in enumerate(rows):
        for column, value in enumerate(values[row]):
            text = shown[row][column] if shown else _short(value)
            tone = 0.0 if math.isnan(value) else min(abs(value) / largest, 1.0)
            x, y = left + column * side, TOP + row * height
            title = ": ".join(
                part for part in (" and ".join(n for n in (name, across[column]) if n), text) if part
            )
            rects.append(Rect(x, y, side - 1, height - 1, title, tone, second=value < 0))
            if shown:
                labels.append(Label(x + side / 2, y + height / 2 + 4, text, on_shape=tone > 0.55))
        if name:
            labels.append(Label(left - 8, TOP + row * height + height / 2 + 4, _cut(name), "end"))
    return Picture(WIDTH, TOP + len(rows) * height + 8, summary, tuple(rects), (), tuple(labels))


def _below(names: Sequence[str]) -> list[Label]:
    """Labels under the axis, the first at its beginning and the last at its end."""
    room, last = WIDTH - LEFT - RIGHT, max(len(names) - 1, 1)
    return [
        Label(
            LEFT + place / last * room,
            HEIGHT - BOTTOM + 18,
            name,
            "start" if place == 0 else "end" if place == len(names) - 1 else "middle",
        )
        for place, name in enumerate(names)
    ]


def _axis(top: float, *, percent: bool = False) -> tuple[tuple[Line, ...], tuple[Label, ...]]:
    values = [top * tick / TICKS for tick in range(TICKS + 1)]
    lines = tuple(
        Line(f"{LEFT},{_y(v, top):.1f} {WIDTH - RIGHT},{_y(v, top):.1f}", guide=True) for v in values
    )
    texts = [f"{value:.0%}" if percent else _short(value) for value in values]
    return lines, tuple(
        Label(LEFT - 6, _y(value, top) + 4, text, "end") for value, text in zip(values, texts, strict=True)
    )


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / (top or 1.0) * (HEIGHT - TOP - BOTTOM)


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 5, 8 or 10 times a power of ten: an axis ends there."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= value * 0.999_999)


def _short(value: float) -> str:
    """`950`, `12k`, `1.5M`, `0.25`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def _cut(name: str, longest: int = 16) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
