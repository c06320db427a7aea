"""Which ratings can be taken: pure functions from raw text to columns and rejects, a chunk at a time."""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from marquee.data.reading import Cells, RawChunk
from marquee.data.rejects import NOT_DECODABLE, Reject, shown
from marquee.domain import columns as col
from marquee.domain import ids
from marquee.settings import RatingScale

FUTURE_ALLOWED = timedelta(days=1)  # clocks and time zones differ

NUL = "holds a NUL character"
DECIMAL_COMMA = "rating has a decimal comma: it is written 4.5, not 4,5"
NOT_A_NUMBER = "rating is not a number"
NOT_FINITE = "rating is not a finite number"
BEFORE_1970 = "timestamp is before 1970"
BEFORE_1900 = "timestamp is before 1900"
IN_THE_FUTURE = "timestamp is in the future"
UNKNOWN_ITEM = "item is not in the catalogue"
REJECTED_ITEM = "item's own row was rejected"

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_DECIMAL_COMMA = r"^[+-]?[0-9]+,[0-9]+$"
_NOT_FINITE = r"(?i)^[+-]?(nan|inf|infinity)$"

# Unix times are told apart by their size: 1e11 seconds is the year 5138, 1e11 milliseconds the year 1973.
_MILLISECONDS, _MICROSECONDS, _NANOSECONDS = 1e11, 1e14, 1e17
YEAR_1900 = -2_208_988_800

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RatingRules:
    """What a rating must keep to.

    Attributes:
        scale: the stars that there are.
        now: when the load began; stands in for the time where a file has none.
        known_items: those that may be rated; None when any may.
        rejected_items: those whose own row was bad.
        exact_times: times are kept to the microsecond, and may be of 1900 and later, as the API takes them;
            otherwise they are whole seconds from 1970 on.
    """

    scale: RatingScale
    now: datetime
    known_items: Set[str] | None = None
    rejected_items: Set[str] = frozenset()
    exact_times: bool = False

    @property
    def off_scale(self) -> str:
        return (
            f"rating is not on the scale of {self.scale.min:g} to {self.scale.max:g} by {self.scale.step:g} "
            "(rating_scale in configs/serving.yaml)"
        )


@dataclass(frozen=True, slots=True)
class RatingColumns:
    """Good ratings, n rows.

    Attributes:
        lines: where each row begins, int64 (n).
        users, items: ids as Arrow strings (n).
        ratings: stars, float64 (n).
        times: unix seconds, or microseconds where the rules ask for exact times; int64 (n).
    """

    lines: NDArray[np.int64]
    users: pa.Array
    items: pa.Array
    ratings: NDArray[np.float64]
    times: NDArray[np.int64]


class Faults:
    """The first fault of each row."""

    def __init__(self, rows: int) -> None:
        self._kinds: list[tuple[str, str]] = []
        self._kind_of = np.full(rows, -1, dtype=np.int16)

    def mark(self, wrong: Mask, field: str, reason: str) -> None:
        """Rows where `wrong` holds are at fault, unless they already were."""
        if wrong.any():
            self._kind_of[wrong & self.good] = len(self._kinds)
            self._kinds.append((field, reason))

    @property
    def good(self) -> Mask:
        """Rows without a fault so far, shape (rows,)."""
        return self._kind_of < 0

    def rejects(self, file: str, chunk: RawChunk) -> list[Reject]:
        """The rows at fault, in the file's order."""
        rejects = []
        for row in np.flatnonzero(~self.good).tolist():
            field, reason = self._kinds[self._kind_of[row]]
            rejects.append(Reject(file, chunk.lines[row], field, shown(str(chunk.cells[field][row])), reason))
        return rejects


def check_ratings(chunk: RawChunk, file: str, rules: RatingRules) -> tuple[RatingColumns, list[Reject]]:
    """Part a chunk's rows into good ratings and rejects."""
    faults = Faults(len(chunk.lines))
    users = ids_in(chunk, col.USER, faults)
    items = ids_in(chunk, col.ITEM, faults)
    ratings = _stars(chunk, rules, faults)
    times = _times(chunk, rules, faults)
    _known(items, rules, faults)
    good = faults.good
    keep = pa.array(good)
    lines = np.asarray(chunk.lines, dtype=np.int64)[good]
    columns = RatingColumns(lines, users.filter(keep), items.filter(keep), ratings[good], times[good])
    return columns, faults.rejects(file, chunk)


def texts_in(cells: Cells, field: str, faults: Faults) -> pa.Array:
    """The cells as Arrow strings; those with undecodable bytes become empty, and are at fault."""
    if isinstance(cells, pa.Array):
        return cells
    try:
        return pa.array(cells, pa.string())
    except UnicodeEncodeError:
        broken = np.fromiter((_is_broken(cell) for cell in cells), bool, len(cells))
        faults.mark(broken, field, NOT_DECODABLE)
        return pa.array(["" if bad else cell for cell, bad in zip(cells, broken, strict=True)], pa.string())


def _is_broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def ids_in(chunk: RawChunk, field: str, faults: Faults) -> pa.Array:
    """The cells as Arrow strings; each distinct id is looked at once, plain ones by Arrow alone."""
    cells = texts_in(chunk.cells[field], field, faults)
    coded = cells.dictionary_encode()
    found = _id_faults(coded.dictionary)[coded.indices.to_numpy()]
    for fault in sorted({fault for fault in found.tolist() if fault is not None}):
        faults.mark(found == fault, field, fault)
    return cells


def _id_faults(distinct: pa.Array) -> NDArray[np.object_]:
    """Why each id cannot name something new; None where it can."""
    is_plain = pc.and_(
        pc.match_substring_regex(distinct, f"^({ids.PLAIN})$"),
        pc.less_equal(pc.utf8_length(distinct), ids.LONGEST_ID),
    )
    found = np.full(len(distinct), None, dtype=object)
    for place in np.flatnonzero(~mask_of(is_plain)).tolist():
        found[place] = ids.fault_of_new(distinct[place].as_py())
    return found


def _stars(chunk: RawChunk, rules: RatingRules, faults: Faults) -> NDArray[np.float64]:
    texts = pc.utf8_trim_whitespace(texts_in(chunk.cells[col.RATING], col.RATING, faults))
    faults.mark(mask_of(pc.match_substring_regex(texts, _NOT_FINITE)), col.RATING, NOT_FINITE)
    faults.mark(mask_of(pc.match_substring_regex(texts, _DECIMAL_COMMA)), col.RATING, DECIMAL_COMMA)
    values, is_number = numbers_in(texts)
    faults.mark(~is_number, col.RATING, NOT_A_NUMBER)
    distinct, place = np.unique(values, return_inverse=True)
    on_scale = np.fromiter((rules.scale.accepts(value) for value in distinct), bool, len(distinct))
    faults.mark(~on_scale[place], col.RATING, rules.off_scale)
    distinct[on_scale] = [rules.scale.nearest(value) for value in distinct[on_scale].tolist()]
    return distinct[place]


def _times(chunk: RawChunk, rules: RatingRules, faults: Faults) -> NDArray[np.int64]:
    now = rules.now.timestamp()
    if col.TIME not in chunk.cells:
        return np.full(len(chunk.lines), _ticks(np.array(now), rules), dtype=np.int64)
    texts = pc.utf8_trim_whitespace(texts_in(chunk.cells[col.TIME], col.TIME, faults))
    seconds = moments(texts, col.TIME, faults)
    earliest, too_early = (YEAR_1900, BEFORE_1900) if rules.exact_times else (0, BEFORE_1970)
    faults.mark(seconds < earliest, col.TIME, too_early)
    faults.mark(seconds > int(now) + FUTURE_ALLOWED.total_seconds(), col.TIME, IN_THE_FUTURE)
    return _ticks(np.where(faults.good, seconds, 0), rules)


def no_time(field: str) -> str:
    return f"{field} is empty"


def not_a_time(field: str) -> str:
    return f"{field} is neither unix seconds nor ISO 8601"


def moments(texts: pa.Array, field: str, faults: Faults) -> NDArray[np.float64]:
    """Unix seconds with their fractions, of trimmed texts; what is no time is marked, and NaN."""
    faults.mark(mask_of(pc.equal(texts, "")), field, no_time(field))
    values, is_number = numbers_in(texts)
    seconds = _unix_seconds(values)
    seconds[~is_number] = _iso_seconds(texts.filter(pa.array(~is_number)).to_pylist())
    faults.mark(~np.isfinite(seconds), field, not_a_time(field))
    return seconds


def moment(text: str) -> float | None:
    """One time as `moments` reads many: unix seconds with their fraction; None for what is no time."""
    is_number = re.match(_NUMBER, text)
    seconds = float(_unix_seconds(np.array([float(text)]))[0]) if is_number else _iso(text)
    return seconds if np.isfinite(seconds) else None


def _ticks(seconds: NDArray[np.float64], rules: RatingRules) -> NDArray[np.int64]:
    ticks = np.rint(seconds * 1e6) if rules.exact_times else np.floor(seconds)
    return ticks.astype(np.int64)


def _known(items: pa.Array, rules: RatingRules, faults: Faults) -> None:
    coded = items.dictionary_encode()
    distinct, codes = coded.dictionary.to_pylist(), coded.indices.to_numpy()
    if rules.rejected_items:
        faults.mark(_among(distinct, rules.rejected_items)[codes], col.ITEM, REJECTED_ITEM)
    if rules.known_items is not None:
        faults.mark(~_among(distinct, rules.known_items)[codes], col.ITEM, UNKNOWN_ITEM)


def _among(ids: Sequence[str], wanted: Set[str]) -> Mask:
    return np.fromiter(map(wanted.__contains__, ids), bool, len(ids))


def numbers_in(texts: pa.Array) -> tuple[NDArray[np.float64], Mask]:
    """(values, NaN where a text is no number; which ones are numbers)."""
    is_number = pc.match_substring_regex(texts, _NUMBER)
    values = pc.cast(pc.if_else(is_number, texts, "nan"), pa.float64())
    return values.to_numpy(zero_copy_only=False).copy(), mask_of(is_number)


def _unix_seconds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds, of times in seconds, milli-, micro- or nanoseconds."""
    size = np.abs(values)
    unit = np.select(
        [size >= _NANOSECONDS, size >= _MICROSECONDS, size >= _MILLISECONDS], [1e9, 1e6, 1e3], 1.0
    )
    seconds: NDArray[np.float64] = values / unit
    return seconds


def _iso_seconds(texts: Iterable[str]) -> NDArray[np.float64]:
    """Seconds of ISO 8601 texts, NaN for others; without an offset they are UTC."""
    return np.fromiter(map(_iso, texts), np.float64)


def _iso(text: str) -> float:
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        return np.nan
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()


def mask_of(array: pa.Array) -> Mask:
    mask: Mask = array.to_numpy(zero_copy_only=False)
    return mask
