"""Lists as the bytes that go over the wire."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import orjson

from app import metrics
from app.serving.explaining import Why
from marquee.models.protocol import Float32
from marquee.recommend.chain import Source
from marquee.recommend.listing import Listing


class Heading(NamedTuple):
    """What the answer says of a whole list.

    Attributes:
        token: ASCII that needs no escaping, as `Tokens.make` gives it.
        user_id: None for a visitor.
        source: what its first items come from; None for an empty list.
    """

    request_id: str
    token: bytes
    user_id: str | None
    known: bool
    notice: str | None
    version: int | None
    variant: str
    source: Source | None
    next_cursor: str | None


def recommendations(heading: Heading, entries: bytes) -> bytes:
    """The JSON of `Recommendations`."""
    metrics.count_list(heading.variant, heading.source, heading.version)
    return (
        b'{"request_id":"%b","token":"%b","user_id":%b,"known":%b,"notice":%b,"model_version":%b,'
        b'"variant":%b,"source":%b,"next_cursor":%b,"items":[%b]}'
        % (
            heading.request_id.encode(),
            heading.token,
            orjson.dumps(heading.user_id),
            b"true" if heading.known else b"false",
            orjson.dumps(heading.notice),
            orjson.dumps(heading.version),
            orjson.dumps(heading.variant),
            orjson.dumps(heading.source),
            orjson.dumps(heading.next_cursor),
            entries,
        )
    )


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
) -> bytes:
    """The entries of a list, without its brackets.

    Args:
        figures: as of `Recommender.figures`; None where nobody's stars are predicted.
        fragments: the JSON of each row's item, without its last brace.
        offset: places of the pages before.
        reasons: of each place; None where they were not asked for.
    """
    sources = listing.sources
    for source in set(sources):
        metrics.count_listed(source, sources.count(source))
    if not sources:
        return b""
    nulls = ["null"] * len(sources)
    stars, low, high = (*numbers_of(figures), nulls, nulls, nulls)[:3]
    told = nulls if reasons is None else [orjson.dumps(why).decode() for why in reasons]
    (scores,) = numbers_of(listing.scores[np.newaxis])
    items = map(fragments.__getitem__, listing.rows.tolist())
    ranks = range(offset + 1, offset + len(sources) + 1)
    entries = zip(items, ranks, scores, stars, low, high, sources, told, strict=True)
    return ",".join(map(_ENTRY.__mod__, entries)).encode()


_ENTRY = '%s,"rank":%d,"score":%s,"stars":%s,"stars_low":%s,"stars_high":%s,"source":"%s","reasons":%s}'


def numbers_of(rows: Float32 | None) -> list[list[str]]:
    """Each row of a matrix, shape (m, n), as JSON numbers, in as many digits as float32 has; null for a NaN.

    One go, for to format number after number took a quarter of a list's time.
    """
    if rows is None or not rows.size:
        return []
    text = orjson.dumps(np.ascontiguousarray(rows), option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return [row.split(",") for row in text[2:-2].split("],[")]
