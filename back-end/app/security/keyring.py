"""The API keys there are, by hash, in memory: a request costs one SHA-256 and no query."""

import hashlib

from sqlalchemy import Connection

from app.security.callers import Caller, level_of
from marquee.domain.errors import Unauthorized, Unavailable
from marquee.store import keys


class Keyring:
    """Read at start and again whenever the change feed says that keys have changed."""

    def __init__(self) -> None:
        self._callers: dict[str, Caller] | None = None

    def load(self, connection: Connection) -> None:
        self._callers = {
            key.key_hash: Caller("key", level_of(key.scopes), name=key.name)
            for key in keys.list_all(connection)
        }

    def caller(self, key: bytes) -> Caller:
        """Whose key it is.

        Raises:
            Unauthorized: nobody's.
            Unavailable: keys could not be read since this worker started.
        """
        if self._callers is None:
            raise Unavailable("Keys cannot be checked: the database has been away since this worker started.")
        caller = self._callers.get(hashlib.sha256(key).hexdigest())
        if caller is None:
            raise Unauthorized(
                "This key is not known.", hint="It may have been revoked; ask an operator for another."
            )
        return caller
