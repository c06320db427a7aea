"""What a report is made of. Everything is text, numbers and shapes: the templates add no judgement."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["good", "note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled rectangle; `tone` 0 to 1 is how strong its colour is, `title` what a pointer over it says."""

    x: float
    y: float
    width: float
    height: float
    title: str = ""
    tone: float = 1.0
    second: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points `x,y x,y …`; a guide is thin and grey."""

    points: str
    guide: bool = False
    second: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A short text; `anchor` is SVG's text-anchor."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "middle"
    on_shape: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as shapes in a box of `width` x `height` units.

    Attributes:
        summary: what it shows, in one sentence, for who cannot see it.
        legend: names of the first and the second colour, where there are two.
    """

    width: float
    height: float
    summary: str
    rects: tuple[Rect, ...] = ()
    lines: tuple[Line, ...] = ()
    labels: tuple[Label, ...] = ()
    legend: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text; columns from `numeric_from` on hold numbers and are set to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric_from: int = 1
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with the same facts as a table beside it."""

    title: str
    picture: Picture
    table: Table


@dataclass(frozen=True, slots=True)
class Finding:
    """Something noticed, and what to do about it."""

    level: Level
    title: str
    seen: str
    advice: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report; `anchor` names it in links."""

    anchor: str
    title: str
    lead: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is shown.

    Attributes:
        tiles: (name, value) of the figures on top.
        findings: the gravest first.
        made: when, and of what.
    """

    title: str
    subtitle: str
    tiles: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    sections: tuple[Section, ...]
    made: str
    notes: tuple[str, ...] = field(default=())
