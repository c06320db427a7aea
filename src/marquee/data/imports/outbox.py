"""What an import tells whoever started it.

Bad rows go to the spool, a file, because nobody may be there yet to read them. Everything else goes to
standard output, a JSON object a line: `started`, then `progress` after each batch, then `report` or `error`.
"""

import os
from collections import Counter
from collections.abc import Iterable
from typing import BinaryIO

import orjson

from marquee.data.rejects import Reject
from marquee.domain.errors import MarqueeError, Unavailable

_MOST_SAID = 4_000  # characters: a message may name what a client sent
_TOLD = ("line", "field", "value", "reason")


class Outbox:
    """The two ways out.

    Args:
        out: standard output.
        spool: the number of the open file that bad rows are appended to; others may read it meanwhile.

    Attributes:
        by_reason: how many rows were bad, by reason.
    """

    def __init__(self, out: BinaryIO, spool: int) -> None:
        self._out, self._spool = out, spool
        self._spooled = 0
        self.by_reason: Counter[str] = Counter()

    def reject(self, rejects: Iterable[Reject]) -> None:
        """Write bad rows down; raises Unavailable when the disk is full."""
        lines = []
        for reject in rejects:
            self.by_reason[reject.reason] += 1
            told = {
                "line": reject.line,
                "field": reject.field,
                "value": reject.value,
                "reason": reject.reason,
            }
            lines.append(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
        if lines:
            self._append(b"".join(lines))

    def say(self, kind: str, **facts: object) -> None:
        """Say something; `spooled` tells how far the spool can be read."""
        message = {"type": kind, **facts, "spooled": self._spooled}
        self._out.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))
        self._out.flush()

    def fail(self, error: MarqueeError, **facts: object) -> None:
        """Say what the import ended with."""
        self.say("error", slug=error.slug, message=error.message[:_MOST_SAID], hint=error.hint, **facts)

    def _append(self, content: bytes) -> None:
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(self._spool, view) :]
        except OSError as error:
            raise Unavailable(
                f"The list of bad rows cannot be written ({error.strerror}).",
                hint="Make room on the disk, then send the file again: what is in already stays.",
            ) from error
        self._spooled += len(content)
