"""What a report says, as plain data: the same for every form it is rendered in, and for JSON."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

Status: TypeAlias = Literal["good", "bad", "neutral"]
Scale: TypeAlias = Literal["linear", "log", "days"]
Kind: TypeAlias = Literal["points", "categories", "lines", "curve", "columns", "bars", "heat"]
Level: TypeAlias = Literal["good", "note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Number:
    """A figure in a table.

    Attributes:
        value: None where there was nothing to measure.
        digits: behind the point.
        low, high: its interval; None where there is none.
        best: whether it is the best of its row.
        signed: whether a plus is written.
        percent: whether it is a share, written as per cent.
    """

    value: float | None
    digits: int = 3
    low: float | None = None
    high: float | None = None
    best: bool = False
    signed: bool = False
    percent: bool = False

    @property
    def text(self) -> str:
        return "none" if self.value is None else self._written(self.value)

    @property
    def interval(self) -> str:
        """`0.171 to 0.212`; empty without one."""
        if self.low is None or self.high is None:
            return ""
        return f"{self._written(self.low)} to {self._written(self.high)}"

    def _written(self, value: float) -> str:
        sign = "+" if self.signed else ""
        kind = "%" if self.percent else "f"
        text = f"{value:{sign},.{self.digits}{kind}}"
        return text.replace("-", "−")  # noqa: RUF001 - a minus sign


@dataclass(frozen=True, slots=True)
class Mark:
    """A word in a table that is good or bad news."""

    text: str
    status: Status = "neutral"


Cell: TypeAlias = str | Number | Mark
Rows: TypeAlias = tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; the first cell of a row names it.

    Attributes:
        caption: what the table shows, in one sentence.
        note: what a reader must know besides; may be empty.
        folded: whether a page shows it only when asked: it is long, and others say the main thing.
    """

    caption: str
    columns: tuple[str, ...]
    rows: Rows
    note: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """One line, set of points or bars, or row of cells: of `x` and `y`, and the ends of their intervals.

    Attributes:
        text: what is written at each bar or in each cell; empty: nothing.
        faint: whether it is there to compare with, rather than to be looked at.
    """

    name: str
    x: tuple[float | str, ...]
    y: tuple[float, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    faint: bool = False
    text: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture, and the table that says the same.

    Attributes:
        name: unique in the report: of the file, and in identifiers.
        alt: what is to be seen, for who cannot see it.
        kind: points; points with intervals beside the words of `x`; lines with a mark at each point, or, as a
            curve, without; upright or lying bars, one a word of `x`; a grid of cells, a row a series,
            stronger where |y| is larger, of another colour below 0.
        x_scale: `days` takes seconds since 1970 UTC and writes dates.
        diagonal: whether a line shows where y is x.
    """

    name: str
    title: str
    alt: str
    kind: Kind
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    table: Table
    x_scale: Scale = "linear"
    diagonal: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something noticed, and what to do about it; both are prose, where backticks make code."""

    level: Level
    title: str
    seen: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was noticed, the gravest first."""

    found: tuple[Finding, ...]


Block: TypeAlias = str | Table | Plot | Findings


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it: paragraphs, findings, tables and plots, then lower sections."""

    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple["Section", ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure to be seen at first glance."""

    label: str
    value: str
    detail: str = ""
    status: Status = "neutral"


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes:
        summary: what it comes to, in a sentence or two.
        facts: names and values of what it rests on: data, code, seeds.
    """

    title: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]

    def plots(self) -> list[Plot]:
        """Every plot, in order."""
        return [block for section in self.sections for block in _blocks(section) if isinstance(block, Plot)]

    def findings(self) -> list[Finding]:
        """Every finding, in order."""
        blocks = [block for section in self.sections for block in _blocks(section)]
        return [one for block in blocks if isinstance(block, Findings) for one in block.found]

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return asdict(self)


def _blocks(section: Section) -> list[Block]:
    return [*section.blocks, *(block for part in section.sections for block in _blocks(part))]
