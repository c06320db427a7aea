"""Rows that could not be taken: where they stood, and why."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from marquee.domain.errors import ConfigurationError

SHOWN_CHARACTERS = 80
KEPT_IN_MEMORY = 10
MOST_REASONS = 10
NOT_DECODABLE = "holds bytes that are not text in this encoding"
COLUMNS = ("file", "line", "field", "value", "reason")


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that was not taken, for its first fault.

    `line` counts from 1, the header included, and is where the row begins. `field` is empty when the whole
    row is at fault, and says in which column of the line it broke off where that is known.
    """

    def __str__(self) -> str:
        what = f"{self.field}: '{self.value}'" if self.field else f"'{self.value}'"
        return f"{self.file}, line {self.line}: {self.reason} ({what})"

    file: str
    line: int
    field: str
    value: str
    reason: str


def shown(value: str) -> str:
    """A value short enough to print on one line, with what cannot be printed escaped."""
    printable = "".join(map(_printable, value[:SHOWN_CHARACTERS]))
    return printable if len(value) <= SHOWN_CHARACTERS else f"{printable}… ({len(value):,} characters)"


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":  # stands for a byte that could not be decoded
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def summary(by_reason: Mapping[str, int], first: Iterable[Reject]) -> list[str]:
    """Lines that tell of rejects: each reason with its count (the ten most frequent), and the first rows."""
    counts = sorted(by_reason.items(), key=lambda entry: -entry[1])
    reasons = [f"  {count:>9,}  {reason}" for reason, count in counts[:MOST_REASONS]]
    rest = [count for _, count in counts[MOST_REASONS:]]
    others = [f"  {sum(rest):>9,}  for {len(rest)} other reasons"] if rest else []
    return [*reasons, *others, "The first of them:", *(f"  {reject}" for reject in first)]


def in_order(rejects: Iterable[Reject]) -> list[Reject]:
    """By line."""
    return sorted(rejects, key=lambda reject: reject.line)


class RejectLog:
    """Counts rejects, keeps the first few and writes all of them to a CSV file, made with the first one.

    Args:
        path: where the list goes; None keeps no list.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: io.TextIOWrapper | None = None
        self.by_reason: Counter[str] = Counter()
        self.first: list[Reject] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        return self.by_reason.total()

    @property
    def path(self) -> Path | None:
        """The list, once there is something in it."""
        return self._path if self._file is not None else None

    def add(self, rejects: Iterable[Reject]) -> None:
        """Take rejects in.

        Raises:
            ConfigurationError: the list cannot be written.
        """
        for reject in rejects:
            self.by_reason[reject.reason] += 1
            if len(self.first) < KEPT_IN_MEMORY:
                self.first.append(reject)
            self._write(reject)

    def _write(self, reject: Reject) -> None:
        if self._path is None:
            return
        try:
            if self._file is None:
                self._file = _new_list(self._path)
            csv.writer(self._file).writerow(
                (reject.file, reject.line, reject.field, reject.value, reject.reason)
            )
        except OSError as error:
            raise ConfigurationError(
                f"The list of rejected rows cannot be written to {self._path} ({error.strerror}).",
                hint="Name another file with --rejects.",
            ) from error


def _new_list(path: Path) -> io.TextIOWrapper:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w", encoding="utf-8", newline="")
    csv.writer(file).writerow(COLUMNS)
    return file
