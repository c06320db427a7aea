"""The lines of a text file, counted, with a way to put some back."""

import io
from collections import deque
from collections.abc import Iterator, Sequence

from marquee.data.layout import MOST_CHARACTERS
from marquee.domain.errors import DataError

BLOCK_CHARACTERS = 2**20
MOST_RECORD_LINES = 200  # that a quoted text may run over; more is a quote that somebody forgot to close


class Lines:
    """Physical lines, ended by LF, CR LF or CR as they are in the file; `number` counts those given.

    Iterating ends early after `MOST_RECORD_LINES` without `next_record`: a parser then reports a record
    without an end, and `give_up` lets it go on at the line after the first.
    """

    def __init__(self, text: io.TextIOWrapper, name: str) -> None:
        self._text = text
        self._name = name
        self._back: deque[str] = deque()
        self._record: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._record) == MOST_RECORD_LINES:
            raise StopIteration
        line = self._back.popleft() if self._back else self._readline()
        if not line:
            raise StopIteration
        self._record.append(line)
        self.number += 1
        return line

    def record(self) -> str:
        """The lines of the record so far."""
        return "".join(self._record)

    def next_record(self) -> None:
        """The record so far was good."""
        self._record.clear()

    def give_up(self) -> str:
        """The record so far was none: its first line is returned, the others will be read again."""
        first, *others = self._record
        self._put_back(others)
        self._record.clear()
        return first

    def block(self) -> str:
        """Some 2**20 characters of whole lines, not counted yet: `accept` or `refuse` them.

        Empty at the end, and while lines that were put back are waiting.
        """
        if self._back:
            return ""
        return self._text.read(BLOCK_CHARACTERS) + self._readline()

    def accept(self, lines: int) -> None:
        """The block was taken; it had this many lines."""
        self.number += lines

    def refuse(self, block: str) -> None:
        """The block will be read line by line."""
        lines = list(io.StringIO(block, newline=""))
        self._back.extend(lines)

    def _put_back(self, lines: Sequence[str]) -> None:
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)

    def _readline(self) -> str:
        line = self._text.readline(MOST_CHARACTERS)
        if len(line) == MOST_CHARACTERS:
            raise DataError(
                f"{self._name} has a line of over {MOST_CHARACTERS:,} characters after line {self.number}.",
                hint="A table has one row a line.",
            )
        return line
