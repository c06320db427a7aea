"""Lists as the bytes that go over the wire."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import orjson

from app import metrics
from app.serving.explaining import Why
from marquee.models.protocol import Float32
from marquee.recommend.chain import Source
from marquee.recommend.listing import Listing
from marquee.recommend.recommender import Front

KEPT_PLACES = 32  # the first of a front, 200 bytes each: most lists come from there


class Heading(TypedDict):
    """What the answer says of a whole list.

    Attributes:
        token: as `Tokens.make` gives it.
        user_id: None for a visitor.
        source: what its first items come from; None for an empty list.
    """

    request_id: str
    token: str
    user_id: str | None
    known: bool
    notice: str | None
    model_version: int | None
    variant: str
    source: Source | None
    next_cursor: str | None


def recommendations(heading: Heading, entries: bytes) -> bytes:
    """The JSON of `Recommendations`."""
    metrics.count_list(heading["variant"], heading["source"], heading["model_version"])
    return b'%b,"items":[%b]}' % (orjson.dumps(heading)[:-1], entries)


def item_list(version: int | None, entries: bytes, notice: str | None, next_cursor: str | None) -> bytes:
    """The JSON of `ItemList`."""
    return b'{"notice":%b,"model_version":%b,"next_cursor":%b,"items":[%b]}' % (
        orjson.dumps(notice),
        orjson.dumps(version),
        orjson.dumps(next_cursor),
        entries,
    )


def entries_of(
    listing: Listing,
    figures: Float32 | None,
    fragments: Sequence[str],
    offset: int = 0,
    reasons: Sequence[Sequence[Why]] | None = None,
    front: Front | None = None,
) -> bytes:
    """The entries of a list, without its brackets.

    Args:
        figures: as of `Recommender.figures`; None where nobody's stars are predicted.
        fragments: the JSON of each row's item, without its last brace.
        offset: places of the pages before.
        reasons: of each place; None where they were not asked for.
        front: of the person's order, with which it is kept what is said of an item; see `kept`.
    """
    sources = listing.sources
    for source in set(sources):
        metrics.count_listed(source, sources.count(source))
    if not sources:
        return b""
    said = kept(front, listing) if reasons is None else None
    if said is None:
        said = told(listing.scores, figures, sources, reasons)
        if reasons is None:
            keep(front, listing, said)
    entries = zip(listing.rows.tolist(), range(offset + 1, offset + len(sources) + 1), said, strict=True)
    return ",".join([f'{fragments[row]},"rank":{rank}{rest}' for row, rank, rest in entries]).encode()


def kept(front: Front | None, listing: Listing) -> list[str] | None:
    """What `told` gives of a list without reasons, where its front keeps all of it."""
    if front is None or listing.front_places is None:
        return None
    try:
        return list(map(front.told.__getitem__, listing.front_places.tolist()))
    except KeyError:
        return None


def keep(front: Front | None, listing: Listing, said: Sequence[str]) -> None:
    """Keep with its front what was told of a list: the next one mostly has the same items."""
    if front is not None and listing.front_places is not None:
        told_of = zip(listing.front_places.tolist(), said, strict=True)
        front.told.update((place, text) for place, text in told_of if place < KEPT_PLACES)


def told(
    scores: Float32,
    figures: Float32 | None,
    sources: Sequence[Source],
    reasons: Sequence[Sequence[Why]] | None = None,
) -> list[str]:
    """The JSON of each entry of a list, or of several, from behind its rank on; see `entries_of`."""
    nulls = ["null"] * len(sources)
    stars, low, high = (*numbers_of(figures), nulls, nulls, nulls)[:3]
    whys = nulls if reasons is None else [orjson.dumps(why).decode() for why in reasons]
    (numbers,) = numbers_of(scores[np.newaxis]) or [[]]
    return list(map(_TOLD.__mod__, zip(numbers, stars, low, high, sources, whys, strict=True)))


_TOLD = ',"score":%s,"stars":%s,"stars_low":%s,"stars_high":%s,"source":"%s","reasons":%s}'


def numbers_of(rows: Float32 | None) -> list[list[str]]:
    """Each row of a matrix, shape (m, n), as JSON numbers, in as many digits as float32 has; null for a NaN.

    One go, for to format number after number took a quarter of a list's time.
    """
    if rows is None or not rows.size:
        return []
    text = orjson.dumps(np.ascontiguousarray(rows), option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return [row.split(",") for row in text[2:-2].split("],[")]
