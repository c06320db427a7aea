"""The people and items that rows name: found, made where they may be, and kept from being deleted."""

from dataclasses import dataclass
from typing import NamedTuple, Self

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


class Names(NamedTuple):
    """The people and items that rows name, n rows.

    Attributes:
        users, items: ids as Arrow strings, coded by those that occur, shape (n,).
        user_ids, item_ids: those that occur, each once.
    """

    users: pa.DictionaryArray
    items: pa.DictionaryArray
    user_ids: list[str]
    item_ids: list[str]

    @classmethod
    def of(cls, users: pa.Array, items: pa.Array) -> Self:
        users, items = users.dictionary_encode(), items.dictionary_encode()
        return cls(users, items, users.dictionary.to_pylist(), items.dictionary.to_pylist())

    def users_of(self, rows: NDArray[np.bool_]) -> list[str]:
        """The ids of people whom some of the rows name."""
        if rows.all():
            return self.user_ids
        codes = np.unique(self.users.indices.to_numpy()[rows])
        return [self.user_ids[code] for code in codes.tolist()]


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


def name_all(connection: Connection, names: Names, *, create_items: bool) -> Named:
    """Find and lock what rows name, making people and, where wanted, items.

    Every import does it in this order, items before people, and makes what is missing by the ids in order:
    none waits for another in a ring. Who is there is locked against deletion alone, for which imports do not
    wait for each other.

    Raises:
        Conflict: somebody was deleted at this very moment; the transaction may be tried again.
    """
    missing, made_items = _locked(connection, "items", names.item_ids, create=create_items)
    is_known = np.fromiter((name not in missing for name in names.item_ids), bool, len(names.item_ids))
    known = is_known[names.items.indices.to_numpy()]
    gone, made_users = _locked(connection, "users", names.users_of(known), create=True)
    if gone:
        raise Conflict("Somebody whom the rows name was deleted meanwhile.")
    return Named(known, made_users, made_items)


def _locked(
    connection: Connection, table: imports.Table, ids: list[str], *, create: bool
) -> tuple[set[str], list[str]]:
    """Those of the ids that do not exist, the others being locked; and those made for it."""
    missing = imports.lock(connection, table, ids)
    if not (missing and create):
        return missing, []
    made = imports.make(connection, table, missing)
    return imports.lock(connection, table, missing), made


def unknown_items(lines: NDArray[np.int64], items: pa.Array, known: NDArray[np.bool_]) -> list[Reject]:
    """A reject for each row whose item is not known."""
    return [
        Reject(BODY, int(lines[row]), col.ITEM, shown(items[row].as_py()), UNKNOWN_ITEM)
        for row in np.flatnonzero(~known).tolist()
    ]


def ranks(coded: pa.DictionaryArray) -> NDArray[np.int64]:
    """The place of each text among the distinct ones, by their bytes; shape (n,)."""
    order = pc.sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    ranked: NDArray[np.int64] = rank[coded.indices.to_numpy()]
    return ranked
