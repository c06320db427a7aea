"""Gorse's exports into Postgres: items, users, and feedback as events, in one transaction."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pandas as pd
from sqlalchemy import Connection, Engine

from marquee.data.gorse import (
    GorseFeedback,
    GorseItem,
    GorseMessage,
    GorseUser,
    Unfit,
    event_of,
    item_of,
    user_of,
)
from marquee.data.gorse_files import GorseFiles, read_records
from marquee.data.loading import LoadReport, TableReport, advised, item_frame, user_frame
from marquee.data.opening import DataFile
from marquee.data.progress import OnProgress, unheard
from marquee.data.rejects import Reject, RejectLog, shown
from marquee.data.validation import UNKNOWN_ITEM
from marquee.domain import columns as col
from marquee.domain.clock import Clock, system_clock
from marquee.domain.errors import DataError
from marquee.domain.ids import fault_of_new
from marquee.domain.records import Event, Item, User
from marquee.settings.serving import Feedback
from marquee.store import events, items, users
from marquee.store.copying import Loaded

_CHUNK = 50_000

M = TypeVar("M", bound=GorseMessage)
R = TypeVar("R", Item, User, Event)

Checked = Callable[[M], R]


@dataclass(frozen=True, slots=True)
class GorseOptions:
    """How to load.

    Attributes:
        feedback: which kinds there are, and how old they may be.
        create_items: whether feedback may be of items that nobody described (they get their id as title).
            None: only where the platform has no items yet and no items file comes along.
        strict: whether one bad row stops the load.
    """

    feedback: Feedback
    create_items: bool | None = None
    strict: bool = False


def load_gorse(
    engine: Engine,
    files: GorseFiles,
    options: GorseOptions,
    *,
    rejects_path: Path | None = None,
    clock: Clock = system_clock,
    on_progress: OnProgress = unheard,
) -> LoadReport:
    """Load what Gorse exported; either all good rows are in afterwards, or nothing has changed.

    Repeated, it changes nothing: an item and a user are replaced by themselves, and one event stands for each
    type of feedback, user and item.

    Args:
        rejects_path: where the list of rejected rows goes, if there are any.

    Raises:
        DataError: nothing could be read or nothing in it was good; with `strict`, something was bad.
    """
    with RejectLog(rejects_path) as rejects, engine.begin() as connection:
        report = _Load(connection, rejects, options, clock(), on_progress).run(files)
        loaded = (report.items, report.users, report.events)
        if options.strict and len(rejects):
            advice = "Correct them, or load without --strict."
            raise advised(f"Nothing of {files.name} was loaded, rows were rejected:", rejects, advice)
        if len(rejects) == sum(table.rows for table in loaded):
            raise advised(f"Nothing of {files.name} could be loaded:", rejects, _advice(rejects))
    return replace(
        report,
        rejected=len(rejects),
        by_reason=dict(rejects.by_reason.most_common()),
        first=tuple(rejects.first),
        rejects=rejects.path,
    )


def _advice(rejects: RejectLog) -> str:
    if not rejects.by_reason:
        return "The files are empty."
    if rejects.by_reason.most_common(1)[0][0] == UNKNOWN_ITEM:
        return "Give the items with --items FILE, or have them made with --create-items."
    return "See docs/from-gorse.md."


class _Load:
    """One load: what it writes to, and where what it refuses goes."""

    def __init__(
        self,
        connection: Connection,
        rejects: RejectLog,
        options: GorseOptions,
        now: datetime,
        on_progress: OnProgress,
    ) -> None:
        self._connection, self._rejects, self._options = connection, rejects, options
        self._now, self._on_progress = now, on_progress
        self._created_items = self._created_users = 0
        self._known: frozenset[str] | None = None

    def run(self, files: GorseFiles) -> LoadReport:
        had_items = bool(items.known_ids(self._connection))
        item_report = self._table(files.items, GorseItem, self._item, self._write_items)
        user_report = self._table(files.users, GorseUser, self._user, self._write_users)
        is_open = self._options.create_items
        if is_open is None:
            is_open = not had_items and files.items is None
        self._known = None if is_open else frozenset(items.known_ids(self._connection))
        event_report = self._table(files.feedback, GorseFeedback, self._event, self._write_events)
        return LoadReport(
            dataset=files.name,
            ratings=TableReport(),
            items=item_report,
            users=user_report,
            created_items=self._created_items,
            created_users=self._created_users,
            untimed=False,
            untitled=0,
            rejected=0,
            events=event_report,
        )

    def _table(
        self,
        file: DataFile | None,
        shape: type[M],
        checked: "Checked[M, R]",
        write: Callable[[Mapping[str, tuple[M, R]]], Loaded],
    ) -> TableReport:
        """Read a file chunk by chunk, and write what is good."""
        if file is None:
            return TableReport()
        report = TableReport()
        records = read_records(file, shape, self._on_progress)
        while chunk := list(islice(records, _CHUNK)):
            good: dict[str, tuple[M, R]] = {}
            n_good = 0
            for one, record in self._good(file.name, chunk, checked):
                good[_id_of(record)] = (one, record)
                n_good += 1
            loaded = write(good) if good else Loaded(0, 0, 0)
            report = TableReport(
                report.rows + len(chunk),
                report.duplicates + n_good - len(good),
                report.inserted + loaded.inserted,
                report.updated + loaded.updated,
                report.unchanged + loaded.unchanged,
            )
        if not report.rows:
            raise DataError(f"{file.name} holds no rows.", hint="Check that it is the right file.")
        return report

    def _good(
        self, name: str, chunk: list[tuple[int, M | Reject]], checked: "Checked[M, R]"
    ) -> Iterator[tuple[M, R]]:
        for line, one in chunk:
            if isinstance(one, Reject):
                self._rejects.add([one])
                continue
            try:
                yield one, checked(one)
            except Unfit as unfit:
                self._rejects.add([Reject(name, line, unfit.field, shown(str(unfit.value)), unfit.reason)])

    # ---- what is good ----

    def _item(self, content: GorseItem) -> Item:
        _require_new(content.ItemId, "ItemId")
        return item_of(content)

    def _user(self, content: GorseUser) -> User:
        _require_new(content.UserId, "UserId")
        return user_of(content)

    def _event(self, content: GorseFeedback) -> Event:
        _require_new(content.UserId, "UserId")
        _require_new(content.ItemId, "ItemId")
        event = event_of(content, self._now)
        refusal = self._options.feedback.refusal(event.kind, event.at, self._now)
        if refusal is not None:
            known = event.kind in self._options.feedback.kinds
            field, value = ("Timestamp", content.Timestamp) if known else ("FeedbackType", event.kind)
            raise Unfit(field, value, refusal)
        if self._known is not None and event.item_id not in self._known:
            raise Unfit("ItemId", event.item_id, UNKNOWN_ITEM)
        return event

    # ---- writing ----

    def _write_items(self, good: Mapping[str, tuple[GorseItem, Item]]) -> Loaded:
        loaded = items.upsert_frame(self._connection, item_frame(item for _, item in good.values()))
        standing = [(item.item_id, item.hidden, content.at) for content, item in good.values()]
        items.set_standing(self._connection, standing)
        return loaded

    def _write_users(self, good: Mapping[str, tuple[GorseUser, User]]) -> Loaded:
        return users.upsert_frame(self._connection, user_frame(user for _, user in good.values()))

    def _write_events(self, good: Mapping[str, tuple[GorseFeedback, Event]]) -> Loaded:
        batch = [event for _, event in good.values()]
        if self._known is None:
            self._created_items += items.ensure(self._connection, sorted({e.item_id for e in batch}))
        self._created_users += users.ensure(self._connection, sorted({e.user_id for e in batch}))
        rows = [[getattr(event, name) for name in col.EVENT_COLUMNS] for event in batch]
        frame = pd.DataFrame(rows, columns=list(col.EVENT_COLUMNS), dtype="object")
        return events.copy_in(self._connection, frame)


def _id_of(record: Item | User | Event) -> str:
    if isinstance(record, Event):
        return record.event_id
    return record.item_id if isinstance(record, Item) else record.user_id


def _require_new(value: str, field: str) -> None:
    fault = fault_of_new(value)
    if fault is not None:
        raise Unfit(field, value, fault)
