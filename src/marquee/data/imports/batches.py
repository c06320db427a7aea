"""What the kinds of imports have in common."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Connection

from marquee.data.lines import Lines
from marquee.data.reading import RawChunk
from marquee.data.rejects import Reject
from marquee.store.imports import Whole

G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class Batch(Generic[G]):
    """Some rows, read and checked.

    Attributes:
        rows: how many were read, bad ones included.
        line: where the last of them begins.
        good: those that can be written.
        rejects: the others.
    """

    rows: int
    line: int
    good: G
    rejects: Sequence[Reject]


@dataclass(frozen=True, slots=True)
class Written:
    """What writing a batch did.

    Attributes:
        inserted, updated: rows of the kind that is imported.
        created_users, created_items: made because the rows name them.
        rejects: rows that only the database could tell to be bad.
        touched: keys of what changed, for the change feed, by what they are keys of.
    """

    inserted: int = 0
    updated: int = 0
    created_users: int = 0
    created_items: int = 0
    rejects: Sequence[Reject] = ()
    touched: dict[Whole, Sequence[str]] = field(default_factory=dict)


class Import(Protocol[G]):
    """One kind of import.

    Attributes:
        ignored: columns of the body that mean nothing here.
    """

    ignored: Sequence[str]

    def batches(self, lines: Lines) -> Iterator[Batch[G]]:
        """Read and check everything, batch by batch."""
        ...

    def write(self, connection: Connection, good: G) -> Written:
        """Write one batch's rows within a transaction; may be called again when that failed."""
        ...


def last_line(chunk: RawChunk) -> int:
    """Where the last row of a chunk begins, be it good or bad."""
    return max([*chunk.lines[-1:], *(reject.line for reject in chunk.rejects[-1:])], default=0)
