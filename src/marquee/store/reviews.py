"""What people said of versions that the gates had let pass."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import Connection, insert, select

from marquee.store.tables import reviews

Part: TypeAlias = Literal["technical", "business"]
Decision: TypeAlias = Literal["approve", "decline"]


@dataclass(frozen=True, slots=True)
class Review:
    """One person's word.

    Attributes:
        part: what they answer for.
        audit_head: hash of the audit log's last row, as they found it.
    """

    review_id: int
    version: int
    reviewer: str
    part: Part
    decision: Decision
    comment: str
    audit_head: str
    at: datetime


_COLUMNS = [reviews.c[field.name] for field in fields(Review)]


def add(
    connection: Connection,
    *,
    version: int,
    reviewer: str,
    part: Part,
    decision: Decision,
    comment: str,
    audit_head: str,
) -> Review:
    row = connection.execute(
        insert(reviews)
        .values(
            version=version,
            reviewer=reviewer,
            part=part,
            decision=decision,
            comment=comment,
            audit_head=audit_head,
        )
        .returning(*_COLUMNS)
    ).one()
    return Review(**row._mapping)


def of_version(connection: Connection, version: int) -> list[Review]:
    """Oldest first."""
    query = select(*_COLUMNS).where(reviews.c.version == version).order_by(reviews.c.review_id)
    return [Review(**row._mapping) for row in connection.execute(query)]
