"""The people and items that rows name: found, made where they may be, and kept from being deleted."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Connection

from marquee.data.imports.body import BODY
from marquee.data.rejects import Reject, shown
from marquee.data.validation import UNKNOWN_ITEM
from marquee.domain import columns as col
from marquee.domain.errors import Conflict
from marquee.store import imports
from marquee.store.copying import Touched

NOTHING_TOUCHED = Touched(0, 0, ())


@dataclass(frozen=True, slots=True)
class Named:
    """What a batch names, n rows.

    Attributes:
        known: which rows are of an item that there is, shape (n,); the people of those are there now.
        made_users, made_items: ids that were made for these rows.
    """

    known: NDArray[np.bool_]
    made_users: list[str]
    made_items: list[str]


def name_all(connection: Connection, users: pa.Array, items: pa.Array, *, create_items: bool) -> Named:
    """Find and lock what rows name, making people and, where wanted, items.

    Every import does it in this order, items before people, and makes what is missing by the ids in order:
    none waits for another in a ring. Who is there is locked against deletion alone, for which imports do not
    wait for each other.

    Args:
        users, items: ids, as Arrow strings, shape (n,).

    Raises:
        Conflict: somebody was deleted at this very moment; the transaction may be tried again.
    """
    coded = items.dictionary_encode()
    item_ids = coded.dictionary.to_pylist()
    found, made_items = _locked(connection, "items", item_ids, create=create_items)
    is_known = np.fromiter(map(found.__contains__, item_ids), bool, len(item_ids))
    known = is_known[coded.indices.to_numpy()]
    user_ids = pc.unique(users.filter(pa.array(known))).to_pylist()
    there, made_users = _locked(connection, "users", user_ids, create=True)
    if len(there) < len(user_ids):
        raise Conflict("Somebody whom the rows name was deleted meanwhile.")
    return Named(known, made_users, made_items)


def _locked(
    connection: Connection, table: imports.Table, ids: list[str], *, create: bool
) -> tuple[set[str], list[str]]:
    """Those of the ids that exist, locked; and those made for it."""
    found = imports.require(connection, table, ids)
    missing = [one for one in ids if one not in found] if create else []
    if not missing:
        return found, []
    made = imports.make(connection, table, missing)
    return found | imports.require(connection, table, missing), made


def unknown_items(lines: NDArray[np.int64], items: pa.Array, known: NDArray[np.bool_]) -> list[Reject]:
    """A reject for each row whose item is not known."""
    return [
        Reject(BODY, int(lines[row]), col.ITEM, shown(items[row].as_py()), UNKNOWN_ITEM)
        for row in np.flatnonzero(~known).tolist()
    ]


def ranks(texts: pa.Array) -> NDArray[np.int64]:
    """The place of each text among the distinct ones, by their bytes; shape (n,)."""
    coded = texts.dictionary_encode()
    order = pc.sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    ranked: NDArray[np.int64] = rank[coded.indices.to_numpy()]
    return ranked
