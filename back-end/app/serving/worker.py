"""One worker process: what it keeps in memory, and the threads that keep it fresh."""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from sqlalchemy import Connection, Engine

from app.ending import Ending
from app.security.gate import Gate
from app.security.keyring import Keyring
from app.security.sessions import Sessions
from app.security.throttle import Throttle
from app.serving.attendance import Attendance
from app.serving.audience import Person
from app.serving.bell import Bell
from app.serving.bundles import BundleStore
from app.serving.catalogue import Catalogue
from app.serving.database import Database
from app.serving.follower import Follower
from app.serving.histories import READ_AT_ONCE, Histories, Past
from app.serving.imports import Places
from app.serving.impressions import ImpressionLog
from app.serving.keeper import ModelKeeper
from app.serving.leaderboards import Boards, make_boards, make_crowd
from app.serving.lists import ListMaker
from app.serving.refreshed import Refreshed
from app.serving.reporter import InMemory, Reporter
from app.serving.scored import Before, ScoredRatings
from app.serving.shadow import Shadow
from app.serving.shelf import Shelf
from app.serving.stage import Lineup, Stage
from app.serving.tallies import Tallies
from app.serving.tokens import Tokens
from app.serving.trials import Trials
from app.serving.versions import VersionShelf
from app.threads import Computing
from marquee.domain.clock import system_clock
from marquee.domain.errors import Unavailable
from marquee.domain.records import Event
from marquee.settings import Serving, Settings
from marquee.store import changes, deployment, items, versions
from marquee.store.changes import Change

logger = logging.getLogger("marquee.app")

_LONGEST_WAIT_FOR_FEED = 0.25
_LOOK_SECONDS = 0.02
_START_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 0.2


class Worker:
    """The state behind every route. Memory is read freely; only its own threads change it.

    Args:
        settings: of the process.
        serving: `configs/serving.yaml`.
        engine: for requests.
        feed_engine: for the change feed, whose statements may take long.
        session_key: signs cookies, and the tokens of lists.

    Attributes:
        STOP_SECONDS: that `stop` may take.
        singles: computes single lists that take longer than a moment.
        batches: computes lists, or stars, of many people.
    """

    STOP_SECONDS: ClassVar[float] = 6.0

    def __init__(
        self, settings: Settings, serving: Serving, *, engine: Engine, feed_engine: Engine, session_key: str
    ) -> None:
        self.settings, self.serving = settings, serving
        self._stopping = threading.Event()
        self.singles, self.batches = Computing("singles", 64), Computing("batches", 32)
        self._feed_engine = feed_engine
        self.bell = Bell(settings.home / "run" / "feed.bell")
        self.attendance = Attendance(settings.home / "run" / "feed-read")
        self.database = Database(engine, self.bell)
        self.impressions = ImpressionLog(
            self.database, serving.impressions, unheard=lambda: time.monotonic() - self.follower.read_at
        )
        self.gate = Gate(Keyring(), Sessions(session_key, settings.profile_sign_in), settings.profile_sign_in)
        self.tokens = Tokens(session_key)
        self.import_places, self.export_places = Places(), Places()
        self.sign_in_throttle = Throttle(tries=10, seconds=300)
        self.histories = Histories(serving.histories.ratings_at_start, serving.feedback)
        self.lists = ListMaker(
            serving,
            self.histories,
            self.tokens,
            self.impressions,
            is_deployed=lambda: self.keeper.wanted is not None,
        )
        worker_id = str(uuid4())
        self.tallies = Tallies(worker_id)
        self.shadow = Shadow(self.lists, worker_id, self._stopping)
        self.scored = ScoredRatings(self.tallies, self.shadow)
        self.trials = Trials(self.lists, self.tallies, self.shadow)
        self.reporter = Reporter(
            worker_id,
            system_clock(),
            self.database,
            self._in_memory,
            (self.scored, self.tallies, self.shadow),
        )
        self.stage = Stage(self.reporter.changed)
        self.boards = Refreshed(
            self._make_boards, lambda: (self.histories.revision, id(self.stage.catalogue))
        )
        self.crowd = Refreshed(
            lambda: make_crowd(self.histories, serving.rating_scale), lambda: self.histories.revision
        )
        bundles = BundleStore(settings.home / "bundles", self._stopping)
        self.keeper = ModelKeeper(bundles, serving, self.stage, self._stopping)
        self.versions = VersionShelf(bundles, serving)
        self.follower = Follower(
            feed_engine,
            self.database,
            self.bell,
            load=self._load,
            apply=self._apply,
            caught_up=self._tell_waiters,
            has_read=self.attendance.has_read,
            leisure=lambda connection: self.histories.catch_up(connection, self.stage.catalogue),
            stopping=self._stopping,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiters: set[asyncio.Event] = set()
        self._given_up = 0  # the bell's count that a request waited for, and was not read in time

    # ---- life ----

    async def start(self, ending: Ending) -> None:
        """Start the threads; returns when everything is in memory, or a part was found to be away.

        As long as other workers of this machine have everything in memory, it waits for the catalogue, also
        until Postgres is back: requests are theirs.

        Args:
            ending: whether the process has been told to end.
        """
        self._loop = asyncio.get_running_loop()
        self.follower.start()
        await asyncio.to_thread(self.follower.tried.wait, _START_SECONDS)
        if not self.follower.loaded and self.attendance.others_are_there():
            logger.warning("The catalogue cannot be read yet; other workers answer until this one has it.")
            while not (self.follower.loaded or ending.told) and self.attendance.others_are_there():
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        self.keeper.start()
        self.impressions.start()
        self.shadow.start()
        self.reporter.start()
        if self.follower.loaded:
            await asyncio.to_thread(self.keeper.tried.wait, _START_SECONDS)

    async def stop(self) -> None:
        ends, share = time.monotonic() + self.STOP_SECONDS, self.STOP_SECONDS / 6
        await self.impressions.close(self.STOP_SECONDS - 3 * share)  # what it cannot write is lost
        await asyncio.to_thread(self.reporter.close, ends - time.monotonic() - 2 * share)
        self._stopping.set()
        self.shadow.wake()
        self.versions.close()
        self.attendance.leave()
        self.keeper.wake()
        self.follower.hurry()
        await asyncio.to_thread(self.follower.join, max(share, ends - time.monotonic() - share))
        await asyncio.to_thread(self.keeper.join, max(share, ends - time.monotonic()))
        self.database.close()
        self._feed_engine.dispose()

    # ---- what is in memory ----

    @property
    def catalogue(self) -> Catalogue:
        """Raises Unavailable until it has been read once."""
        if not self.follower.loaded:
            raise Unavailable(
                "The catalogue is not loaded: the database has been away since this worker started."
            )
        return self.stage.catalogue

    @property
    def lineup(self) -> Lineup:
        """Who serves whom: for lists that are somebody's own."""
        return self.stage.lineup

    @property
    def shelf(self) -> Shelf | None:
        """The champion, joined with the catalogue; None before the first."""
        return self.stage.lineup.champion

    def person(self, user_id: str) -> Person | None:
        """Somebody, from memory; None when Postgres must be asked."""
        history = self.histories.get(user_id)
        if history is None and not self.histories.knows_of(user_id):
            return None
        return Person(user_id, history, self.histories.profile(user_id), self.histories.done(user_id))

    def before_rating(self, user_id: str) -> Before | None:
        """Somebody as they are before they rate; None where nobody is to predict what they will."""
        lineup = self.lineup
        return None if lineup.trial is None else self.scored.before(self.person(user_id), lineup)

    def before_events(self, events: Sequence[Event]) -> dict[str, Before | None]:
        """The same, by user id, of those who send an event that stands for a rating."""
        stars_of = self.serving.feedback.stars_of
        if self.lineup.trial is None:
            return {}
        rating = {event.user_id for event in events if stars_of(event.kind) is not None}
        return {user_id: self.before_rating(user_id) for user_id in rating}

    def note_events(self, before: Mapping[str, Before | None], events: Sequence[Event], at: datetime) -> None:
        """Have those scored that stand for ratings and were committed."""
        if not before:
            return
        for event in events:
            stars = self.serving.feedback.stars_of(event.kind)
            if stars is not None:
                self.scored.note(before[event.user_id], event.item_id, stars, at)

    def look_up(self, user_id: str) -> Person:
        """Somebody, from Postgres if need be. Blocks."""
        known = self.person(user_id)
        if known is not None:
            return known
        try:
            past = self._fetch(user_id)
        except Unavailable:
            return self._last_known(user_id)
        if past is None:
            return Person(user_id, None)
        return Person(user_id, past.rated, past.profile, past.done)

    def look_up_many(self, user_ids: Sequence[str]) -> list[Person]:
        """`look_up` of each, at a few queries for all. Blocks."""
        people = {user_id: self.person(user_id) for user_id in user_ids}
        missing = [user_id for user_id, person in people.items() if person is None]
        if missing:
            people |= self._people_fetched(missing)
        return [person for user_id in user_ids if (person := people[user_id]) is not None]

    def _people_fetched(self, user_ids: Sequence[str]) -> dict[str, Person]:
        try:
            with self.database.reading() as connection:
                found = self.histories.fetch_many(connection, user_ids, self.stage.catalogue)
        except Unavailable:
            return {user_id: self._last_known(user_id) for user_id in user_ids}
        return {
            user_id: Person(user_id, None)
            if (past := found.get(user_id)) is None
            else Person(user_id, past.rated, past.profile, past.done)
            for user_id in user_ids
        }

    def _last_known(self, user_id: str) -> Person:
        """Somebody as memory has them, be that old: for when nobody can say better."""
        history = self.histories.last_known(user_id)
        profile, done = self.histories.profile(user_id), self.histories.done(user_id)
        return Person(user_id, history, profile, done, looked_up=False)

    def _fetch(self, user_id: str) -> Past | None:
        with self.database.reading() as connection:
            return self.histories.fetch(connection, user_id, self.stage.catalogue)

    def require_database(self) -> None:
        """Raises Unavailable while Postgres is away."""
        if not self.database.available:
            raise Unavailable("The database cannot be reached.", hint="Try again in a moment.")

    def _make_boards(self) -> Boards:
        catalogue = self.catalogue
        self.lists.prepare_board(catalogue)
        return make_boards(self.histories, catalogue, self.serving, time.time)

    # ---- reading one's own writes ----

    async def caught_up(self) -> None:
        """Return when this worker's memory holds all that was committed on this machine before the call.

        It gives up after 250 ms: an answer that is a moment old is better than none. What one request has
        waited for in vain (a large import is being read), no other waits for.
        """
        if self.follower.behind and self.bell.count() > self._given_up:
            await self._wait_for_feed(self.bell.count())

    async def all_caught_up(self, within: float) -> None:
        """Ring, and return when every worker of this machine holds what was committed before; or give up."""
        self.bell.ring()
        count = self.bell.count()
        try:
            async with asyncio.timeout(within):
                await asyncio.to_thread(self._wake_all)
                while self.database.available and not self.attendance.all_have_read(count):
                    await asyncio.sleep(_LOOK_SECONDS)
        except Unavailable:
            return  # nobody reads now, and all will when Postgres is back
        except TimeoutError:
            logger.warning("Not every worker has read the change feed within %g s.", within)

    def _wake_all(self) -> None:
        with self.database.reading() as connection:
            changes.wake(connection)
            connection.commit()

    async def _wait_for_feed(self, count: int) -> None:
        read = asyncio.Event()
        self._waiters.add(read)
        try:
            async with asyncio.timeout(_LONGEST_WAIT_FOR_FEED):
                while self.follower.seen < count and self.database.available:
                    read.clear()
                    self.follower.hurry()
                    await read.wait()
        except TimeoutError:
            self._given_up = max(self._given_up, count)
            logger.warning("The change feed was not read within %g s.", _LONGEST_WAIT_FOR_FEED)
        finally:
            self._waiters.discard(read)

    def _tell_waiters(self) -> None:
        if self._waiters and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set_waiters)

    def _set_waiters(self) -> None:
        for read in self._waiters:
            read.set()

    # ---- taking in what changed; on the feed's thread ----

    def _load(self, connection: Connection) -> None:
        self.gate.keyring.load(connection)
        self.stage.put_catalogue(self.stage.catalogue.reloaded(items.all_items(connection)))
        self.histories.load(connection, self.stage.catalogue)
        self._follow_deployment(connection)

    def _apply(self, connection: Connection, fresh: Sequence[Change]) -> None:
        keys: dict[str, set[str]] = {}
        for change in fresh:
            keys.setdefault(change.kind, set()).update(() if change.key is None else (change.key,))
        if "key" in keys:
            self.gate.keyring.load(connection)
        self._apply_items(connection, keys)
        if keys.keys() & {"ratings", "events", "users"}:
            self.histories.load(connection, self.stage.catalogue)
        elif people := set().union(*(keys.get(kind, ()) for kind in ("rating", "event", "user"))):
            self.histories.changed(connection, people, self.stage.catalogue)
            if len(people) <= READ_AT_ONCE:
                self._refold(people)
        for user_id in keys.get("user_erased", ()):
            self.impressions.forget(user_id)
            self.stage.forget_person(user_id)
            self.versions.forget_person(user_id)
        if "deployment" in keys:
            self._follow_deployment(connection)

    def _apply_items(self, connection: Connection, keys: dict[str, set[str]]) -> None:
        if "items" in keys:
            self.stage.put_catalogue(self.stage.catalogue.reloaded(items.all_items(connection)))
        elif changed := keys.get("item", set()) | keys.get("item_deleted", set()):
            found = items.get_many(connection, changed)
            self.stage.put_catalogue(
                self.stage.catalogue.changed(found.values()).without(changed - found.keys())
            )
        if deleted := keys.get("item_deleted"):
            number_of = self.stage.catalogue.number_of
            self.histories.forget_items([number_of[item_id] for item_id in deleted if item_id in number_of])

    def _refold(self, people: set[str]) -> None:
        """Compute new states for people whose lists were asked for lately: the next request need not."""
        lineup = self.lineup
        if lineup.champion is not None:
            self._refold_on(lineup.champion, people)
        if lineup.trial is not None:
            self._refold_on_trial(lineup.trial.shelf, people)

    def _refold_on_trial(self, shelf: Shelf, people: set[str]) -> None:
        """The same for a challenger, whose failure must not end the feed."""
        try:
            self._refold_on(shelf, people)
        except Exception:
            logger.exception("Version %d cannot take histories in.", shelf.version)
            shelf.model.states.clear()

    def _refold_on(self, shelf: Shelf, people: set[str]) -> None:
        states = shelf.model.states
        for user_id in people:
            history = self.histories.get(user_id)
            if history is None:  # not in memory, or erased
                states.forget(user_id)
            elif states.holds(user_id):
                profile, done = self.histories.profile(user_id), self.histories.done(user_id)
                states.get(user_id, history, shelf.row_of_number, profile, done)

    def _follow_deployment(self, connection: Connection) -> None:
        self.keeper.want(deployment.get(connection), versions.approved(connection))

    # ---- what is reported ----

    def _in_memory(self) -> InMemory:
        lineup = self.lineup
        return InMemory(
            self.stage.deployment.revision,
            None if lineup.champion is None else lineup.champion.version,
            None if lineup.trial is None else lineup.trial.shelf.version,
            self.keeper.problem or self.keeper.challenger_problem,
            self.keeper.refusal,
        )
