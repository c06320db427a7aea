"""What a person should look at: said once, until it is resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal_column, null, select, update
from sqlalchemy.dialects.postgresql import insert

from marquee.domain.errors import NotFound
from marquee.store.tables import alerts


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is wrong.

    Attributes:
        kind: such as `alias moved`.
        subject: what it is about, such as `version 3`.
        offer: what may be done about it, such as {"action": "rollout", "version": 3}, or None.
    """

    alert_id: int
    kind: str
    subject: str
    message: str
    offer: Mapping[str, Any] | None
    at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


_COLUMNS = [alerts.c[field.name] for field in fields(Alert)]


def withdraw_offers(connection: Connection, version: int) -> None:
    """Open alerts that offer a rollout of a version, which was sent back, offer it no more."""
    connection.execute(
        update(alerts)
        .where(
            alerts.c.resolved_at.is_(None),
            alerts.c.offer["action"].as_string() == "rollout",
            alerts.c.offer["version"].as_integer() == version,
        )
        .values(offer=null(), message=alerts.c.message + f" Since then version {version} was sent back.")
    )


def raise_alert(
    connection: Connection,
    *,
    kind: str,
    subject: str,
    message: str,
    offer: Mapping[str, Any] | None = None,
) -> bool:
    """Say that something is wrong; what is open about it already then says this instead, and when.

    Returns:
        Whether nothing was open about it.
    """
    said = {"message": message, "offer": None if offer is None else dict(offer)}
    statement = insert(alerts).values(kind=kind, subject=subject, **said)
    again = statement.on_conflict_do_update(
        index_elements=["kind", "subject"],
        index_where=alerts.c.resolved_at.is_(None),
        set_={**said, "at": func.now()},
    )
    # xmax is that of a row which was there before: https://www.postgresql.org/docs/18/ddl-system-columns.html
    return bool(connection.execute(again.returning(literal_column("xmax = 0"))).scalar_one())


def list_page(
    connection: Connection, *, limit: int, before: int | None = None, only_open: bool = False
) -> list[Alert]:
    """Newest first; `before` is the id of the last one already had."""
    query = select(*_COLUMNS).order_by(alerts.c.alert_id.desc()).limit(limit)
    if before is not None:
        query = query.where(alerts.c.alert_id < before)
    if only_open:
        query = query.where(alerts.c.resolved_at.is_(None))
    return [Alert(**row._mapping) for row in connection.execute(query)]


def open_about(connection: Connection, subject: str) -> list[Alert]:
    """What is wrong with one thing and not resolved, oldest first."""
    query = select(*_COLUMNS).where(alerts.c.subject == subject, alerts.c.resolved_at.is_(None))
    return [Alert(**row._mapping) for row in connection.execute(query.order_by(alerts.c.alert_id))]


def resolve_about(connection: Connection, *, kind: str, subject: str, by: str) -> None:
    """Take note that what is open about a thing, if anything is, has been seen to."""
    connection.execute(
        update(alerts)
        .where(alerts.c.kind == kind, alerts.c.subject == subject, alerts.c.resolved_at.is_(None))
        .values(resolved_at=func.now(), resolved_by=by)
    )


def resolve(connection: Connection, alert_id: int, by: str) -> Alert:
    """Take note that a person has seen to it; resolved twice, the first stands. Raises NotFound."""
    connection.execute(
        update(alerts)
        .where(alerts.c.alert_id == alert_id, alerts.c.resolved_at.is_(None))
        .values(resolved_at=func.now(), resolved_by=by)
    )
    row = connection.execute(select(*_COLUMNS).where(alerts.c.alert_id == alert_id)).first()
    if row is None:
        raise NotFound(f"There is no alert {alert_id}.")
    return Alert(**row._mapping)
