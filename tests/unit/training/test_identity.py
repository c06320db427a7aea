import hashlib
import struct

import pandas as pd
import pytest

from marquee.domain.columns import GENRES, ITEM, RATING, TIME, USER, YEAR
from marquee.training.identity import digest
from tests.support.ratings import frame_of

RATINGS = frame_of(("a", "x", 4.5, 7), ("bé", "x", 1.0, 8))


def test_the_digest_is_the_documented_bytes() -> None:
    users = struct.pack("<2q", 1, 3) + "abé".encode()
    items = struct.pack("<2q", 1, 1) + b"xx"
    expected = (
        b"ratings\n2\n"
        + (f"{USER}\n".encode() + users + f"{ITEM}\n".encode() + items)
        + (f"{RATING}\n".encode() + struct.pack("<2d", 4.5, 1.0))
        + (f"{TIME}\n".encode() + struct.pack("<2q", 7, 8))
    )
    assert digest({"ratings": RATINGS}) == hashlib.sha256(expected).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        frame_of(("a", "x", 4.5, 7), ("bé", "x", 1.5, 8)),
        frame_of(("a", "x", 4.5, 7), ("bé", "x", 1.0, 9)),
        frame_of(("a", "x", 4.5, 7), ("bé", "y", 1.0, 8)),
        frame_of(("abé", "x", 4.5, 7), ("", "x", 1.0, 8)),  # the same letters, cut elsewhere
        frame_of(("a", "x", 4.5, 7)),
    ],
)
def test_other_rows_have_another_digest(other: pd.DataFrame) -> None:
    assert digest({"ratings": other}) != digest({"ratings": RATINGS})


def test_a_missing_value_differs_from_every_value() -> None:
    def items(year: int | None, genres: list[str] | None) -> dict[str, pd.DataFrame]:
        frame = pd.DataFrame(
            {YEAR: pd.array([year], dtype="Int64"), GENRES: pd.Series([genres], dtype=object)}
        )
        return {"items": frame}

    digests = {
        digest(items(year, genres)) for year in (None, 0, 1990) for genres in (None, [], ["None"], ["Drama"])
    }
    assert len(digests) == 12
