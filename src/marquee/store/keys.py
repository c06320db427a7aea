"""API keys: only hashes are kept. A key has 256 random bits, so a plain SHA-256 of it is enough."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from marquee.domain.errors import Conflict, InvalidInput
from marquee.domain.ids import require_key_name
from marquee.store import changes
from marquee.store.tables import api_keys

Scope = Literal["read", "write", "operate", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class ApiKey:
    name: str
    key_hash: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def create(connection: Connection, name: str, scopes: Sequence[str]) -> str:
    """Make a key and return it; it cannot be had again.

    Raises:
        InvalidInput: no scope, an unknown one, or a name that no key can have. Conflict: the name is taken.
    """
    require_key_name(name)
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise InvalidInput(
            f"Unknown scope {unknown[0]!r}." if unknown else "A key needs a scope.",
            hint=f"Scopes are {', '.join(SCOPES)}.",
        )
    key = f"mq_{secrets.token_urlsafe(32)}"
    row = {"name": name, "key_hash": hash_of(key), "prefix": key[:8], "scopes": sorted(set(scopes))}
    # Not an error to PostgreSQL, whose log would keep the statement, hash and all.
    added = connection.scalar(
        insert(api_keys)
        .values(**row)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(api_keys.c.name)
    )
    if added is None:
        raise Conflict(f"There is a key named {name!r}.", hint="Revoke it, or choose another name.")
    changes.publish(connection, "key")
    return key


def list_all(connection: Connection) -> list[ApiKey]:
    rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at))
    return [ApiKey(row.name, row.key_hash, row.prefix, tuple(row.scopes), row.created_at) for row in rows]


def revoke(connection: Connection, name: str) -> bool:
    """Delete a key; False when there is none of that name."""
    result = connection.execute(delete(api_keys).where(api_keys.c.name == name))
    if result.rowcount:
        changes.publish(connection, "key")
    return bool(result.rowcount)
