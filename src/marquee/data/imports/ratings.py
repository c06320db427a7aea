"""Ratings: columns checked by the loader's rules, the latest of each pair merged."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection

from marquee.data.columns import RATING_SYNONYMS, late, rating_columns
from marquee.data.imports.batches import Batch, Written, last_line
from marquee.data.imports.body import BODY, advising, header_of, ignored_columns, table_of
from marquee.data.imports.content import as_csv
from marquee.data.imports.job import ImportJob
from marquee.data.imports.named import NOTHING_TOUCHED, Names, name_all, ranks, unknown_items
from marquee.data.latest import latest_by_pair
from marquee.data.lines import Lines
from marquee.data.reading import chunks_of
from marquee.data.rejects import in_order
from marquee.data.validation import RatingColumns, RatingRules, check_ratings
from marquee.domain import columns as col
from marquee.settings import RatingScale
from marquee.store import imports

_HINT = "Name the columns user_id, item_id, rating and timestamp."


class ToWrite(NamedTuple):
    """A batch's good rows, and the same made ready while the batch before is being written.

    Attributes:
        names: whom and what they name.
        content: what Postgres is given, unless some items turn out to be unknown.
    """

    good: RatingColumns
    names: Names
    content: bytes


class RatingImport:
    """Ratings; people unknown so far are made, items where the job says so.

    Args:
        lines: of the body, none of them read yet.
        now: when the import began; stands in for the time where the body has none.
    """

    def __init__(self, lines: Lines, job: ImportJob, scale: RatingScale, now: datetime) -> None:
        header = header_of(lines, job)
        with advising(_HINT):
            columns = rating_columns(header.names, {}, BODY)
        self._table = table_of(header, columns, late(header.names, columns, RATING_SYNONYMS))
        self._rules = RatingRules(scale, now, exact_times=True)
        self._timed = col.TIME in columns
        self._creates_items = job.create_items
        self._fresh = True
        self.ignored = ignored_columns(header, columns)

    def batches(self, lines: Lines) -> Iterator[Batch[ToWrite]]:
        line = 1
        for chunk in chunks_of(lines, self._table):
            good, bad = check_ratings(chunk, BODY, self._rules)
            line = max(line, last_line(chunk))
            rows = len(chunk.lines) + len(chunk.rejects)
            names = Names.of(good.users, good.items)
            content = _content(good, names, np.ones(len(good.times), np.bool_))
            yield Batch(rows, line, ToWrite(good, names, content), in_order([*chunk.rejects, *bad]))

    def write(self, connection: Connection, batch: ToWrite) -> Written:
        good, names, content = batch
        named = name_all(connection, names, create_items=self._creates_items)
        touched = NOTHING_TOUCHED
        if named.known.any():
            content = content if named.known.all() else _content(good, names, named.known)
            touched = imports.merge_ratings(connection, content, timed=self._timed, fresh=self._fresh)
            self._fresh = touched.fresh  # where one rating stands, others will
        return Written(
            inserted=touched.inserted,
            updated=touched.updated,
            created_users=len(named.made_users),
            created_items=len(named.made_items),
            rejects=unknown_items(good.lines, good.items, named.known),
            touched={"items": named.made_items, "users": named.made_users, "ratings": touched.keys},
        )


def _content(good: RatingColumns, names: Names, known: NDArray[np.bool_]) -> bytes:
    """The latest row of each pair as CSV, by user and item: no two imports wait for each other in a ring."""
    pairs = ranks(names.users) * np.int64(len(good.items)) + ranks(names.items)
    rows = np.flatnonzero(known)
    kept = rows[latest_by_pair(pairs[rows], good.times[rows])]
    taken = pa.array(kept)
    columns = (
        good.users.take(taken),
        good.items.take(taken),
        pa.array(good.ratings[kept]),
        pa.array(good.times[kept]),
    )
    return as_csv(pa.table(columns, names=(col.USER, col.ITEM, col.RATING, col.TIME)))
