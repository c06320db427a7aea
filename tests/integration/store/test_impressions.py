"""The log of impressions on a real PostgreSQL: partitions, retention, erasure."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from psycopg2 import IntegrityError
from retraining.jobs import Jobs
from retraining.outages import MLFLOW_ERRORS, POSTGRES_ERRORS, Outage
from retraining.status import Metrics, Status
from sqlalchemy import Connection, Engine, text
from uuid_utils import uuid7

from marquee.domain.errors import Conflict
from marquee.registry.client import RegistryClient
from marquee.settings import MlflowConnection, Policy, Serving
from marquee.settings.policy import Gates, Triggers
from marquee.settings.serving import Impressions
from marquee.store import impressions, personal_data
from marquee.store.impression_rows import Impression
from tests.support.shown import ITEMS, days_of, without_partitions, write, written_to

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

no_partitions = pytest.fixture(autouse=True)(without_partitions)


def _impression(at: datetime, user_id: str | None = "ada") -> Impression:
    return Impression(at, str(uuid7()), user_id, 3, "champion", "personal", ITEMS, None)


def test_lists_come_back_as_they_were_written(engine: Engine) -> None:
    propensities = [1.0, 0.5, 0.25, *(1.0 for _ in ITEMS[3:])]
    shown = [
        Impression(NOON, str(uuid7()), "a/b ✨", None, "champion", "explored", ITEMS, propensities),
        Impression(NOON, str(uuid7()), "null", 3, "champion", "personal", [], None),
        Impression(NOON, str(uuid7()), '{"\\', 4, "challenger", "personal", ["1"], None, 7, 2),
        Impression(NOON, str(uuid7()), "bob", 3, "champion", "personal", ["2", "3"], [0.5, 1.0]),
        Impression(NOON, str(uuid7()), "\bob", 3, "champion", "personal", ["\n"], [0.5]),
    ]
    visitor = Impression(NOON, str(uuid7()), None, 3, "champion", "personal", (), None)
    with engine.begin() as connection:
        impressions.make_days(connection, [NOON.date()])
        assert write(connection, [*shown, visitor]) == len(shown) + 1
    with engine.connect() as connection:
        found = [one for each in shown for one in impressions.of_user(connection, each.user_id or "")]
        visitors = "SELECT count(*) FROM impressions WHERE user_id IS NULL"
        assert connection.scalar(text(visitors)) == 1
    assert [one._replace(item_ids=list(one.item_ids)) for one in found] == [
        one._replace(item_ids=list(one.item_ids)) for one in shown
    ]


def test_times_keep_their_microseconds(engine: Engine) -> None:
    shown = [_impression(NOON + timedelta(microseconds=number), "flo") for number in range(0, 1000, 7)]
    with engine.begin() as connection:
        impressions.make_days(connection, [NOON.date()])
        write(connection, shown)
        assert [one.at for one in impressions.of_user(connection, "flo")] == [one.at for one in shown]


def test_each_side_of_midnight_utc_has_a_partition_of_its_own(engine: Engine) -> None:
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    before, after = midnight - timedelta(milliseconds=1), midnight
    with engine.begin() as connection:
        impressions.make_days(connection, [impressions.day_of(before), impressions.day_of(after)])
        write(connection, [_impression(before, "late"), _impression(after, "early")])
        rows = connection.execute(text("SELECT user_id, tableoid::regclass::text AS place FROM impressions"))
        places = {row.user_id: row.place for row in rows}
    assert places == {"late": "impressions_20260310", "early": "impressions_20260311"}


def test_a_day_is_by_utc_wherever_the_clock_stands() -> None:
    tokyo = datetime.fromisoformat("2026-03-11T08:59:59+09:00")
    assert impressions.day_of(tokyo) == date(2026, 3, 10)
    assert impressions.day_of(tokyo + timedelta(seconds=1)) == date(2026, 3, 11)


def test_partitions_are_made_once_by_however_many_at_once(engine: Engine) -> None:
    wanted = [NOON.date() + timedelta(days=ahead) for ahead in range(3)]
    made: list[date] = []

    def make() -> None:
        with engine.begin() as connection:
            made.extend(impressions.make_days(connection, wanted))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == days_of(engine) == wanted


def test_a_new_partition_can_be_made_while_others_write_and_read(engine: Engine) -> None:
    """A reader or writer of the table holds its lock until its transaction ends."""
    with engine.begin() as connection:
        impressions.make_days(connection, [NOON.date()])
    with engine.begin() as busy, engine.begin() as other:
        write(busy, [_impression(NOON)])
        impressions.shown_since(busy, NOON, most=10)
        assert impressions.make_days(other, [date(2026, 3, 11)]) == [date(2026, 3, 11)]


def test_a_list_of_a_day_without_a_partition_is_refused(engine: Engine) -> None:
    with pytest.raises(IntegrityError, match="no partition"), engine.begin() as connection:
        write(connection, [_impression(NOON)])


def test_days_are_dropped_once_they_ended_as_long_ago_as_is_kept(engine: Engine) -> None:
    wanted = [date(2026, 3, day) for day in range(1, 6)]
    with engine.begin() as connection:
        impressions.make_days(connection, wanted)

    def drop(now: datetime) -> list[date]:
        with engine.begin() as connection:
            return impressions.drop_days(connection, now=now, keep_days=2)

    # The 1st ended at midnight before the 2nd: two days later the 4th begins.
    assert drop(datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC)) == []
    assert drop(datetime(2026, 3, 4, tzinfo=UTC)) == [date(2026, 3, 1)]
    assert drop(datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC)) == []
    assert drop(datetime(2026, 3, 6, 1, tzinfo=UTC)) == [date(2026, 3, 2), date(2026, 3, 3)]
    assert days_of(engine) == [date(2026, 3, 4), date(2026, 3, 5)]


def test_days_that_are_being_read_are_dropped_later(engine: Engine) -> None:
    with engine.begin() as connection:
        impressions.make_days(connection, [NOON.date()])
    with engine.begin() as reading:
        reading.execute(text("SELECT count(*) FROM impressions")).scalar()
        with pytest.raises(Conflict, match="being read"), engine.begin() as connection:
            impressions.drop_days(connection, now=NOON + timedelta(days=400), keep_days=90)
    assert days_of(engine) == [NOON.date()]


def test_the_hourly_job_of_the_leader_drops_what_is_too_old(engine: Engine) -> None:
    with engine.begin() as connection:
        impressions.make_days(connection, [date(2026, 3, 1), date(2026, 3, 9)])
    status = Status()
    jobs = Jobs(
        engine,
        RegistryClient(MlflowConnection("http://127.0.0.1:9", "marquee", "x")),
        Policy(triggers=Triggers(cron=None, new_ratings=None), gates=Gates()),
        status,
        Metrics(status),
        Outage("Postgres", POSTGRES_ERRORS, lambda _: None),
        Outage("MLflow", MLFLOW_ERRORS, lambda _: None),
        clock=lambda: NOON,
        serving=Serving(impressions=Impressions(keep_days=7)),
    )
    jobs.prune()
    assert days_of(engine) == [date(2026, 3, 1), date(2026, 3, 9)]
    status.leading.set()
    jobs.prune()
    assert days_of(engine) == [date(2026, 3, 9)]


def test_lists_shown_lately_are_found_by_their_request_ids(engine: Engine) -> None:
    now = datetime.now(UTC)
    with engine.begin() as connection:
        impressions.make_days(connection, [now.date(), (now - timedelta(days=1)).date()])
        recent = [_impression(now, f"u{number}") for number in range(4)]
        long_ago = Impression(
            now - timedelta(hours=2),
            f"{int((now.timestamp() - 7200) * 1000):012x}7000800000000000beef",
            "u9",
            3,
            "champion",
            "personal",
            ITEMS,
        )
        write(connection, [*recent, long_ago, _impression(now, None)])
        minute = impressions.shown_since(connection, now - timedelta(minutes=1), most=100)
        assert [user_id for _, user_id, _, _ in minute] == ["u0", "u1", "u2", "u3"]
        newest = impressions.shown_since(connection, now - timedelta(hours=3), most=2)
        assert [user_id for _, user_id, _, _ in newest] == ["u2", "u3"]
        assert len(impressions.shown_since(connection, now - timedelta(hours=3), most=100)) == 5


def test_what_was_shown_to_a_person_is_forgotten_with_them(engine: Engine) -> None:
    with engine.begin() as connection:
        impressions.make_days(connection, [NOON.date()])
        shown = [_impression(NOON, "eve"), _impression(NOON, "eve"), _impression(NOON, "bob")]
        assert write(connection, shown) == 3
        assert impressions.forget(connection, "eve") == 2
    assert [user_id for user_id, _ in written_to(engine)] == ["bob"]


def test_nothing_is_written_of_a_person_who_has_been_erased_since(engine: Engine) -> None:
    now = datetime.now(UTC)
    later = now + timedelta(minutes=1)  # somebody new by that name
    with engine.begin() as connection:
        impressions.make_days(connection, [now.date(), later.date()])
        assert not personal_data.erase(connection, "flo")  # nothing is there yet
    with engine.begin() as connection:
        shown = [_impression(now, "flo"), _impression(now, "bob"), _impression(now, None)]
        assert write(connection, [*shown, _impression(later, "flo")]) == 3
    assert [user_id for user_id, _ in written_to(engine)] == ["bob", None, "flo"]
    with engine.begin() as connection:
        # Whoever has not heard of anything for minutes may have made that list without knowing.
        assert write(connection, [_impression(later, "flo")], timedelta(minutes=2)) == 0


@pytest.mark.parametrize("first", ["write", "erase"])
def test_nothing_is_left_of_a_person_who_is_erased_while_lists_are_written(
    engine: Engine, first: str
) -> None:
    now, name = datetime.now(UTC), f"erased while: {first}"
    with engine.begin() as connection:
        impressions.make_days(connection, [now.date()])
    written: list[int] = []

    def show(connection: Connection) -> None:
        written.append(write(connection, [_impression(now, name), _impression(now, "bob")]))

    def erase(connection: Connection) -> None:
        personal_data.erase(connection, name)

    one, other = (show, erase) if first == "write" else (erase, show)

    def do_other() -> None:
        with engine.begin() as connection:
            other(connection)

    meanwhile = threading.Thread(target=do_other)
    with engine.begin() as connection:
        one(connection)
        meanwhile.start()
        meanwhile.join(0.5)
        assert meanwhile.is_alive()  # it waits
    meanwhile.join(20)
    assert not meanwhile.is_alive()
    assert written == [2 if first == "write" else 1]
    assert [user_id for user_id, _ in written_to(engine)] == ["bob"]
