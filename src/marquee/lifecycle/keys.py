"""API keys, made and revoked by somebody: reviews and rollbacks name the key that asked for them."""

from collections.abc import Sequence

from sqlalchemy import Connection

from marquee.domain.errors import NotFound
from marquee.store import audit, keys


def create(connection: Connection, name: str, scopes: Sequence[str], *, actor: str) -> str:
    """`store.keys.create`, audited."""
    _note(connection, "create key", name, actor, sorted(set(scopes)))
    return keys.create(connection, name, scopes)


def revoke(connection: Connection, name: str, *, actor: str) -> None:
    """Delete a key.

    Raises:
        NotFound: there is none of that name.
    """
    _note(connection, "revoke key", name, actor)
    if not keys.revoke(connection, name):
        raise NotFound(f"There is no key named {name!r}.", hint="The list of keys shows those there are.")


def _note(
    connection: Connection, action: str, name: str, actor: str, scopes: Sequence[str] | None = None
) -> None:
    """Before anything is changed: who holds the audit's lock waits for nobody."""
    evidence = {} if scopes is None else {"scopes": list(scopes)}
    audit.append(connection, actor=actor, action=action, subject=f"key {name}", reason="", evidence=evidence)
