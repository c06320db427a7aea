"""One leader among processes, by a session-level advisory lock on a connection of its own."""

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

LEADER_LOCK = 7_205_759_405
TRAINING_LOCK = 7_205_759_406  # held by the process that trains, so that one trains at a time


class Leadership:
    """Held as long as its connection lives; Postgres frees the lock when that ends, however it ends."""

    def __init__(self, engine: Engine, lock: int = LEADER_LOCK) -> None:
        self._engine = engine
        self._lock = lock
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        """Try to become, or go on being, the leader; False when another process is."""
        if self._connection is not None:
            return self.held()
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": self._lock}).scalar_one():
            self._connection = connection
            return True
        connection.close()
        return False

    def held(self) -> bool:
        """Whether the lock is still ours: asks the server over the very connection that holds it."""
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
        return self._connection is not None

    def release(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()  # ending the session frees the lock
            self._connection.close()
            self._connection = None
