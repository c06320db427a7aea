"""The lines of a text file, counted, with a way to put some back."""

import io
from collections import deque
from collections.abc import Iterator, Sequence

from marquee.data.layout import MOST_CHARACTERS
from marquee.domain.errors import DataError

BLOCK_CHARACTERS = 2**22  # at most
BLOCK_LINES = 100_000  # about: an import writes a block in one transaction, for which others wait
_FIRST_BLOCK = 2**21
_ENDS = ("\n", "\r")
_SHOWN = 200  # characters kept of a line that is too long
MOST_RECORD_LINES = 400  # of quoted texts (an id has 255 characters); more is a quote that nobody closed


class LongLine(Exception):
    """A line is too long to be a row; its first characters are the argument, and the rest was skipped."""


class _Cut(str):
    """The beginning of a line that was too long."""

    __slots__ = ()


class Lines:
    """Physical lines, ended by LF, CR LF or CR as they are in the file; `number` counts those given.

    Iterating ends early after `MOST_RECORD_LINES` without `next_record`: a parser then reports a record
    without an end, and `give_up` lets it go on at the line after the first.

    Args:
        text: opened with `newline=""`.
        name: of the file, for messages.
        longest: characters of a line, at most. Where it is None, a line of more than `MOST_CHARACTERS` is the
            end of all reading (`DataError`); otherwise `LongLine` is raised, and reading may go on behind it.
    """

    def __init__(self, text: io.TextIOWrapper, name: str, longest: int | None = None) -> None:
        self._text = text
        self._name = name
        self._longest = longest or MOST_CHARACTERS
        self._skips = longest is not None
        self._back: deque[str] = deque()
        self._record: list[str] = []
        self._block_characters = _FIRST_BLOCK
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._record) == MOST_RECORD_LINES:
            raise StopIteration
        line = self._back.popleft() if self._back else self._readline()
        if not line:
            raise StopIteration
        if isinstance(line, _Cut):
            self._refuse_cut(line)
        self._record.append(line)
        self.number += 1
        return line

    def _refuse_cut(self, line: str) -> None:
        """A record that runs on into a line that is too long has no end; then comes that line itself."""
        if self._record:
            self._back.appendleft(line)
            raise StopIteration
        self.number += 1
        raise LongLine(str(line))

    def head(self, lines: int, characters: int) -> list[str]:
        """The next lines, about so many and not much more text; they will be read again."""
        first: list[str] = []
        while len(first) < lines and sum(map(len, first)) < characters and (line := self._readline()):
            first.append(line)
        self._back.extend(first)
        return first

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
        """Some `BLOCK_LINES` whole lines, as long as the ones before, not counted yet: `accept` or `refuse`
        them.

        Empty at the end, and while lines that were put back are waiting.
        """
        if self._back:
            return ""
        block, tail = self._text.read(self._block_characters), self._readline()
        if not isinstance(tail, _Cut) and not self._has_long_line(block):
            return block + tail
        lines = list(io.StringIO(block, newline=""))
        begun = "" if not lines or lines[-1].endswith(_ENDS) else lines.pop()
        last = begun + tail
        lines.append(_Cut(last) if isinstance(tail, _Cut) else last)
        self._back.extend(self._cut_if_long(line) for line in lines if line)
        return ""

    def accept(self, block: str, lines: int) -> None:
        """The block was taken; it had this many lines."""
        self._block_characters = min(BLOCK_CHARACTERS, BLOCK_LINES * len(block) // lines)
        self.number += lines

    def refuse(self, block: str) -> None:
        """The block will be read line by line."""
        lines = list(io.StringIO(block, newline=""))
        self._back.extend(lines)

    def _has_long_line(self, block: str) -> bool:
        return self._skips and max(map(len, block.split("\n"))) > self._longest

    def _cut_if_long(self, line: str) -> str:
        is_cut = isinstance(line, _Cut) or (self._skips and len(line) > self._longest)
        return _Cut(line[:_SHOWN]) if is_cut else line

    def _put_back(self, lines: Sequence[str]) -> None:
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)

    def _readline(self) -> str:
        line = self._text.readline(self._longest)
        if len(line) < self._longest:
            return line
        if not self._skips:
            raise DataError(
                f"{self._name} has a line of over {self._longest:,} characters after line {self.number}.",
                hint="A table has one row a line.",
            )
        return line if line.endswith(_ENDS) else self._cut(line)

    def _cut(self, line: str) -> str:
        """Skip the rest of a line, piece by piece."""
        piece = line
        while piece and not piece.endswith(_ENDS):
            piece = self._text.readline(self._longest)
        return _Cut(line[:_SHOWN])
