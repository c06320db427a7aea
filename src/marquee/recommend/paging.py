"""Pages that are stable while somebody scrolls: a cursor that says which items were shown.

A cursor by place or by score would show an item twice, or skip one, when a rating, a new model or another
worker makes another order between two pages. With the items themselves the next page is the best of what was
not shown yet, whoever answers.
"""

import base64
import binascii
import zlib
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from marquee.models.protocol import Int32

HASH_BYTES = 5  # of 60,000 items one is taken for one of 1,000 shown in 1 of 18,000 lists
MOST_SHOWN = 1000  # items, after which a list ends

_CHECK_BYTES = 4  # of what a cursor says, so that what is none of ours is no first page
LONGEST_LIST_CURSOR = -(-(_CHECK_BYTES + MOST_SHOWN * HASH_BYTES) * 4 // 3)  # characters

_HASH = np.dtype((np.void, HASH_BYTES))
_WEIGHTS = 256 ** np.arange(HASH_BYTES, dtype=np.int64)


class ShownItems:
    """Turns rows into what a cursor carries, and back.

    Args:
        ids: of the items, by row.
    """

    def __init__(self, ids: Sequence[str]) -> None:
        digests = b"".join(blake2b(item_id.encode(), digest_size=HASH_BYTES).digest() for item_id in ids)
        self._hashes = np.frombuffer(digests, _HASH)

    def told(self, rows: Int32) -> bytes:
        """The hashes of some rows, one after the other."""
        return self._hashes.take(rows).tobytes()

    def rows(self, shown: bytes) -> Int32:
        """The rows of the hashes in a cursor, ascending; what is not in this catalogue is nothing to it."""
        numbers, order = self._sorted
        wanted = np.unique(_numbers(np.frombuffer(shown, _HASH)))
        # All that have such a hash: two items may share one.
        first, last = np.searchsorted(numbers, wanted), np.searchsorted(numbers, wanted, side="right")
        found = [order[start:end] for start, end in zip(first.tolist(), last.tolist(), strict=True)]
        return np.sort(np.concatenate(found)).astype(np.int32) if found else np.empty(0, np.int32)

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        numbers = _numbers(self._hashes)
        order = np.argsort(numbers, kind="stable")
        return numbers[order], order


def count_shown(shown: bytes) -> int:
    """How many items a cursor says were shown."""
    return len(shown) // HASH_BYTES


def to_cursor(shown: bytes) -> str:
    """The hashes of the items that were shown, as URL-safe text."""
    return base64.urlsafe_b64encode(_check(shown) + shown).rstrip(b"=").decode()


def from_cursor(cursor: str) -> bytes | None:
    """The hashes of 1 to `MOST_SHOWN` items in a cursor; None when it is none of ours."""
    try:
        told = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    check, shown = told[:_CHECK_BYTES], told[_CHECK_BYTES:]
    whole = len(shown) % HASH_BYTES == 0 and 0 < count_shown(shown) <= MOST_SHOWN
    return shown if whole and check == _check(shown) else None


def _check(shown: bytes) -> bytes:
    return zlib.crc32(shown).to_bytes(_CHECK_BYTES, "big")


def _numbers(hashes: NDArray[np.void]) -> NDArray[np.int64]:
    return hashes.view(np.uint8).reshape(-1, HASH_BYTES).astype(np.int64) @ _WEIGHTS
