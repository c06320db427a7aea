"""Lists as the bytes that go over the wire."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson

from app import metrics
from app.serving.explaining import Why
from marquee.recommend.chain import Source
from marquee.recommend.recommender import Recommendation


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
    places: Sequence[Recommendation],
    fragments: Sequence[str],
    reasons: Sequence[Sequence[Why]] | None = None,
) -> bytes:
    """The entries of a list, without its brackets; a place's row is that of its fragment.

    Args:
        reasons: of each place; None where they were not asked for.
    """
    sources = [place.source for place in places]
    for source in set(sources):
        metrics.count_listed(source, sources.count(source))
    if reasons is None and places and places[0].stars_low is not None and "pinned" not in sources:
        return ",".join(
            [
                _ENTRY % (fragments[row], rank, score, stars, low, high, source)
                for row, _, rank, score, stars, source, low, high in places
            ]
        ).encode()
    told = [b"null"] * len(places) if reasons is None else map(orjson.dumps, reasons)
    return ",".join(
        [
            f'{fragments[row]},"rank":{rank},"score":{"null" if score is None else f"{score:.6g}"},'
            f'"stars":{_stars(stars)},"stars_low":{_stars(low)},"stars_high":{_stars(high)},'
            f'"source":"{source}","reasons":{why.decode()}}}'
            for (row, _, rank, score, stars, source, low, high), why in zip(places, told, strict=True)
        ]
    ).encode()


# What nearly every entry is, in one go: with each figure there, and no reasons.
_ENTRY = (
    '%s,"rank":%d,"score":%.6g,"stars":%.3f,"stars_low":%.3f,"stars_high":%.3f,"source":"%s","reasons":null}'
)


def _stars(stars: float | None) -> str:
    return "null" if stars is None else f"{stars:.3f}"
