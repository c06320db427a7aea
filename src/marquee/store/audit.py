"""The audit log: append-only, each row carrying the hash of the one before."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, text

from marquee.store.tables import audit_log

GENESIS = "0" * 64
_APPEND_LOCK = 7_205_759_404


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str
    evidence: Mapping[str, Any]
    previous_hash: str
    hash: str


def lock(connection: Connection) -> None:
    """Become the next writer, until the transaction ends.

    Who changes rows that others change too, such as the deployment, does this first: everybody takes the
    locks in one order then, and nobody waits for one who waits for them.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _APPEND_LOCK})


def append(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    reason: str,
    evidence: Mapping[str, Any],
    at: datetime | None = None,
) -> str:
    """Write a row in the caller's transaction; returns its hash. Writers queue until they commit."""
    lock(connection)
    last = connection.execute(
        select(audit_log.c.id, audit_log.c.hash).order_by(audit_log.c.id.desc()).limit(1)
    ).first()
    row: dict[str, Any] = {
        "id": 1 if last is None else last.id + 1,
        "at": at or datetime.now(UTC),
        "actor": actor,
        "action": action,
        "subject": subject,
        "reason": reason,
        "evidence": json.loads(json.dumps(evidence)),
        "previous_hash": GENESIS if last is None else last.hash,
    }
    row["hash"] = digest(row)
    connection.execute(insert(audit_log).values(**row))
    return str(row["hash"])


def digest(row: Mapping[str, Any]) -> str:
    """SHA-256 of a row's canonical JSON, its own hash left out."""
    content = {name: value for name, value in row.items() if name != "hash"}
    content["at"] = content["at"].astimezone(UTC).isoformat()
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def head(connection: Connection) -> str:
    """The hash of the last row, which stands for all those before; GENESIS while there is none."""
    query = select(audit_log.c.hash).order_by(audit_log.c.id.desc()).limit(1)
    return connection.scalar(query) or GENESIS


def count(connection: Connection) -> int:
    """How many rows there are."""
    return connection.scalar(select(func.count()).select_from(audit_log)) or 0


def of_subject(connection: Connection, subject: str) -> list[AuditEntry]:
    """What was done with one thing, such as `version 3`, oldest first."""
    query = select(audit_log).where(audit_log.c.subject == subject).order_by(audit_log.c.id)
    return [AuditEntry(**row._mapping) for row in connection.execute(query)]


def is_rolled_back_last(connection: Connection, *, but_by: Sequence[str]) -> bool:
    """Whether something was rolled back, and nobody has started a rollout since.

    Args:
        but_by: actors whose starts do not count.
    """
    rolled_back = or_(
        audit_log.c.action == "rollback",
        and_(audit_log.c.action == "end rollout", audit_log.c.evidence["state"].as_string() == "rolled_back"),
    )
    started = and_(audit_log.c.action == "start rollout", audit_log.c.actor.not_in(but_by))
    query = select(audit_log.c.action).where(or_(rolled_back, started)).order_by(audit_log.c.id.desc())
    return connection.scalar(query.limit(1)) not in (None, "start rollout")


def newest_of(connection: Connection, action: str, subject: str) -> AuditEntry | None:
    """The last row of such an action on such a subject."""
    query = select(audit_log).where(audit_log.c.action == action, audit_log.c.subject == subject)
    row = connection.execute(query.order_by(audit_log.c.id.desc()).limit(1)).first()
    return None if row is None else AuditEntry(**row._mapping)


def latest(connection: Connection, *, limit: int, before: int | None = None) -> list[AuditEntry]:
    """Newest first; `before` is the id of the last one already had."""
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit_log.c.id < before)
    return [AuditEntry(**row._mapping) for row in connection.execute(query)]


def first_broken(connection: Connection) -> int | None:
    """The id of the first row that was changed or stands behind a missing one; None when all is well."""
    previous, expected = GENESIS, 1
    for row in connection.execute(select(audit_log).order_by(audit_log.c.id)):
        entry = AuditEntry(**row._mapping)
        intact = (
            entry.id == expected and entry.previous_hash == previous and entry.hash == digest(asdict(entry))
        )
        if not intact:
            return entry.id
        previous, expected = entry.hash, entry.id + 1
    return None
