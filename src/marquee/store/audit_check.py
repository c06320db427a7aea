"""Whether the audit log is whole: by its own hashes, and by what is noted of it elsewhere."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, select, text

from marquee.store import audit, deployment
from marquee.store.tables import audit_log, reviews, rollouts


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What was found.

    Attributes:
        head: the hash of the last row, which stands for all before it.
        faults: what is wrong, in sentences.
        first_broken: the first row that was changed or stands behind a missing one; None: no row was.
    """

    rows: int
    head: str
    faults: tuple[str, ...]
    first_broken: int | None = None

    @property
    def is_whole(self) -> bool:
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "whole": self.is_whole}


def check(connection: Connection, *, head: str | None = None) -> AuditCheck:
    """Look for changed, missing and cut off rows.

    Args:
        head: a hash that was the head once; it must still be there.
    """
    broken = audit.first_broken(connection)
    faults = [] if broken is None else [f"Row {broken} was changed, or stands behind a missing one."]
    if head is not None and head != audit.GENESIS and not _holds(connection, head):
        faults.append(f"No row has the hash {head}: it was changed, or cut off.")
    faults += _cut_off_reviews(connection) + _cut_off_deployment(connection) + _cut_off_rollouts(connection)
    faults += _cut_off_versions(connection) + _forged_reviews(connection)
    rows = connection.scalar(select(func.max(audit_log.c.id))) or 0
    return AuditCheck(rows, audit.head(connection), tuple(faults), broken)


def _holds(connection: Connection, hash_: str) -> bool:
    return connection.execute(select(audit_log.c.id).where(audit_log.c.hash == hash_)).first() is not None


def _cut_off_reviews(connection: Connection) -> list[str]:
    """Heads that reviewers saw must be there."""
    missing = connection.execute(
        select(reviews.c.review_id, reviews.c.version)
        .where(
            reviews.c.audit_head.not_in([audit.GENESIS, ""]),
            reviews.c.audit_head.not_in(select(audit_log.c.hash)),
        )
        .order_by(reviews.c.review_id)
    )
    return [
        f"The log that the reviewer of version {row.version} saw is not there any more." for row in missing
    ]


def _forged_reviews(connection: Connection) -> list[str]:
    """Each review is as a row says, and each row of a review has its review."""
    part, decision = (audit_log.c.evidence[name].as_string() for name in ("part", "decision"))
    rows = connection.execute(
        select(audit_log.c.subject, audit_log.c.actor, part, decision, audit_log.c.reason).where(
            part.is_not(None)
        )
    )
    told = Counter(tuple(row) for row in rows)
    kept = Counter(
        (f"version {row.version}", row.reviewer, row.part, row.decision, row.comment)
        for row in connection.execute(select(reviews))
    )
    changed = [
        f"A {part} review of {subject} by {who} was changed or added: no row says what it does."
        for subject, who, part, _, _ in (kept - told).elements()
    ]
    missing = [
        f"A {part} review of {subject} by {who} was changed or taken out: a row says otherwise."
        for subject, who, part, _, _ in (told - kept).elements()
    ]
    return changed + missing


def _cut_off_deployment(connection: Connection) -> list[str]:
    """Whoever serves was put there by a row."""
    champion = deployment.get(connection).champion
    if champion is None:
        return []
    newest = connection.scalar(
        select(audit_log.c.subject)
        .where(audit_log.c.evidence["revision"].as_string().is_not(None))  # only such rows have one
        .order_by(audit_log.c.id.desc())
        .limit(1)
    )
    if newest == f"version {champion}":
        return []
    return [f"Version {champion} is the champion, and the last row about that says: {newest or 'nothing'}."]


def _cut_off_rollouts(connection: Connection) -> list[str]:
    """Each rollout has a row of its start, and once it has ended one of its end."""
    told = select(audit_log.c.action, audit_log.c.subject).where(
        audit_log.c.action.in_(("start rollout", "end rollout"))
    )
    had = {(row.action, row.subject) for row in connection.execute(told)}
    faults = []
    for row in connection.execute(select(rollouts.c.rollout_id, rollouts.c.ended_at)):
        wanted = ["start rollout"] + (["end rollout"] if row.ended_at is not None else [])
        subject = f"rollout {row.rollout_id}"
        faults += [f"There is no row `{w}` about {subject}." for w in wanted if (w, subject) not in had]
    return faults


def _cut_off_versions(connection: Connection) -> list[str]:
    """Each version has a row of its registration, and the newest row of a state carries the one it is in.

    Versions of earlier releases, from before the first such row, need not have any.
    """
    faults, is_expected = [], False
    for row in connection.execute(_VERSIONS, {"register": REGISTER}):
        is_expected = is_expected or row.registered
        if is_expected and not row.registered:
            faults.append(f"There is no row `{REGISTER}` about version {row.version}.")
        elif row.told not in (None, row.state):
            faults.append(f"Version {row.version} is {row.state}, and its last row says: {row.told}.")
    return faults


REGISTER = "register"

# One statement, and so one moment: a version may be moved on while the log is checked. Rows of earlier
# releases say the state by their action.
_VERSIONS = text(
    """
    WITH told AS (
        SELECT DISTINCT ON (subject) subject, state
        FROM (
            SELECT id, subject, coalesce(
                evidence ->> 'state',
                CASE action WHEN 'approve' THEN 'approved' WHEN 'retire' THEN 'retired' END
            ) AS state
            FROM audit_log WHERE subject LIKE 'version %'
        ) AS rows
        WHERE state IS NOT NULL
        ORDER BY subject, id DESC
    ), registered AS (
        SELECT DISTINCT subject FROM audit_log WHERE action = :register
    )
    SELECT version, model_versions.state, told.state AS told, registered.subject IS NOT NULL AS registered
    FROM model_versions
    LEFT JOIN told ON told.subject = 'version ' || version
    LEFT JOIN registered ON registered.subject = 'version ' || version
    ORDER BY version
    """
)
