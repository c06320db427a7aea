"""What counts as an answer to a list, and that each list is counted once, whatever happens meanwhile."""

import threading
import time
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, select, text

from marquee.store import impressions, outcomes, users
from marquee.store.impression_rows import Impression
from marquee.store.tables import rollout_outcomes
from tests.support.shown import write
from tests.support.trial import Trial, people, uuid7_at

WINDOW = timedelta(minutes=1)


def _count(trial: Trial, until: datetime) -> bool:
    with trial.engine.begin() as connection:
        return outcomes.count_until(
            connection, trial.number, until, window=WINDOW, kinds=["click"], liked=4.0
        )


def _outcomes(trial: Trial) -> dict[tuple[int, str, str], tuple[int, int, int, float, float]]:
    """(lists, positive, rated, stars, their squares) by step, variant and person; without the early ones."""
    with trial.engine.connect() as connection:
        rows = connection.execute(select(rollout_outcomes).where(~rollout_outcomes.c.early)).all()
    return {
        (r.step, r.variant, r.user_id): (r.lists, r.positive, r.rated, r.stars, r.stars_squared) for r in rows
    }


@pytest.fixture
def canary(trial: Trial) -> Trial:
    trial.start_canary()
    return trial


def test_answers_count_within_the_window_of_the_list_that_they_name(canary: Trial) -> None:
    (first, second, third, fourth, fifth, sixth) = canary.shows(
        "challenger", ["ann", "ben", "cat", "dan", "eve", "fay"], positive=0.0, lists=1
    )
    with canary.engine.begin() as connection:
        canary.click(connection, [first, first], after=59.0)  # twice: one list is positive once
        canary.click(connection, [second], after=61.0)
        canary.click(connection, [third], kind="dislike")
        strange = Impression(
            fourth.at, fourth.request_id, "ann", 2, "challenger", "personal", fourth.item_ids
        )
        canary.click(connection, [strange])  # by somebody who was not shown it
        other = Impression(fifth.at, fifth.request_id, "eve", 2, "challenger", "personal", ["i015"])
        canary.click(connection, [other])  # an item that was not in it
        unknown = Impression(sixth.at, uuid7_at(sixth.at), "fay", 2, "challenger", "personal", sixth.item_ids)
        canary.click(connection, [unknown])  # a list that nobody knows
    assert _count(canary, canary.now + WINDOW)
    nothing = (1, 0, 0, 0.0, 0.0)
    assert _outcomes(canary) == {
        (1, "challenger", "ann"): (1, 1, 0, 0.0, 0.0),
        **{(1, "challenger", name): nothing for name in ("ben", "cat", "dan", "eve", "fay")},
    }


def test_early_answers_are_counted_by_themselves_and_again_with_the_late_ones(canary: Trial) -> None:
    soon, late = canary.shows("challenger", ["ann", "ben"], positive=0.0, lists=1)
    with canary.engine.begin() as connection:
        canary.click(connection, [soon], after=9.0)
        canary.click(connection, [late], after=11.0)
    window = timedelta(seconds=10)
    with canary.engine.begin() as connection:
        count = partial(outcomes.count_until, connection, canary.number, kinds=["click"], liked=4.0)
        assert count(canary.now + window, window=window, early=True)
        assert not count(canary.now + window, window=window, early=True)
        first = outcomes.of_people(connection, canary.number)
        assert count(canary.now + WINDOW, window=WINDOW)
        both = outcomes.of_people(connection, canary.number)
    assert (first["early"].all(), sorted(first["positive"])) == (True, [0, 1])
    assert sorted(zip(both["early"], both["positive"], strict=True)) == [
        (False, 1),
        (False, 1),
        (True, 0),
        (True, 1),
    ]


def test_ratings_of_what_was_shown_count_as_stars_and_liked_ones_as_positive(canary: Trial) -> None:
    canary.shows("champion", ["gil", "hal", "ida"], positive=0.0, lists=2)
    canary.rate("gil", "i001", 4.0, canary.now + timedelta(seconds=30))
    canary.rate("gil", "i002", 3.0, canary.now + timedelta(seconds=40))
    canary.rate("gil", "i017", 5.0, canary.now + timedelta(seconds=40))  # was not shown
    canary.rate("hal", "i001", 3.0, canary.now + timedelta(seconds=30))
    canary.rate("ida", "i001", 5.0, canary.now + timedelta(seconds=90))  # too late
    canary.rate("ida", "i002", 5.0, canary.now - timedelta(days=1))  # before
    _count(canary, canary.now + WINDOW)
    assert _outcomes(canary) == {
        (1, "champion", "gil"): (2, 2, 4, 14.0, 50.0),
        (1, "champion", "hal"): (2, 0, 2, 6.0, 18.0),
        (1, "champion", "ida"): (2, 0, 0, 0.0, 0.0),
    }


def test_an_answer_to_one_list_of_a_batch_is_not_one_to_the_others(canary: Trial) -> None:
    """Lists of a batch share the id of the request; people of both variants are in it."""
    request = uuid7_at(canary.now)
    batch = [
        Impression(
            canary.now + timedelta(seconds=1),
            request,
            name,
            1 if variant == "champion" else 2,
            variant,
            "personal",
            ("i001", "i002"),
            rollout=canary.number,
            step=1,
        )
        for name, variant in (("uma", "champion"), ("vic", "challenger"), ("wes", "challenger"))
    ]
    with canary.engine.begin() as connection:
        impressions.make_days(connection, {impressions.day_of(canary.now)})
        users.ensure(connection, ["uma", "vic", "wes"])
        write(connection, batch)
        canary.click(connection, [batch[0]])
    canary.rate("vic", "i001", 5.0, canary.now + timedelta(seconds=5))
    canary.wait(1)
    _count(canary, canary.now + WINDOW)
    assert _outcomes(canary) == {
        (1, "champion", "uma"): (1, 1, 0, 0.0, 0.0),
        (1, "challenger", "vic"): (1, 1, 1, 5.0, 25.0),
        (1, "challenger", "wes"): (1, 0, 0, 0.0, 0.0),
    }


def test_an_import_of_old_ratings_answers_nothing(canary: Trial) -> None:
    canary.shows("champion", ["jan"], positive=0.0, lists=1)
    canary.rate("jan", "i001", 5.0, canary.now + timedelta(seconds=5))
    with canary.engine.begin() as connection:
        connection.execute(text("UPDATE ratings SET rated_at = '2001-01-01Z' WHERE user_id = 'jan'"))
    _count(canary, canary.now + WINDOW)
    assert _outcomes(canary) == {(1, "champion", "jan"): (1, 0, 0, 0.0, 0.0)}


def test_only_lists_count_in_which_chance_chose_the_variant(canary: Trial) -> None:
    by_header = Impression(canary.now, uuid7_at(canary.now), "kim", 2, "challenger", "personal", ("i001",))
    visitor = Impression(
        canary.now,
        uuid7_at(canary.now),
        None,
        2,
        "challenger",
        "personal",
        ("i001",),
        rollout=canary.number,
        step=1,
    )
    with canary.engine.begin() as connection:
        impressions.make_days(connection, {impressions.day_of(canary.now)})
        write(connection, [by_header, visitor])
    canary.wait(1)
    assert _count(canary, canary.now)
    assert _outcomes(canary) == {}


def test_lists_are_counted_once_however_often_and_however_finely_one_looks(canary: Trial) -> None:
    canary.shows("champion", people("l", 20), positive=0.5, lists=3)
    began = canary.now
    for milliseconds in range(0, 10, 1):
        _count(canary, began + timedelta(milliseconds=milliseconds))
        assert not _count(canary, began + timedelta(milliseconds=milliseconds)), "nothing is new"
        assert not _count(canary, began), "nor is what lies before"
    assert sum(row[0] for row in _outcomes(canary).values()) == 60
    assert sum(row[1] for row in _outcomes(canary).values()) == 30


def test_what_breaks_off_before_the_commit_is_counted_the_next_time(canary: Trial) -> None:
    canary.shows("champion", ["mia"], positive=1.0, lists=4)
    until = canary.now + WINDOW
    with canary.engine.connect() as connection:
        outcomes.count_until(connection, canary.number, until, window=WINDOW, kinds=["click"], liked=4.0)
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        _kill(canary, pid)
        connection.invalidate()
    assert _outcomes(canary) == {}
    assert _count(canary, until)
    assert _outcomes(canary) == {(1, "champion", "mia"): (4, 4, 0, 0.0, 0.0)}


def test_two_who_count_at_once_count_once(canary: Trial) -> None:
    canary.shows("champion", people("n", 50), positive=0.5, lists=4)
    until = canary.now + WINDOW
    threads = [threading.Thread(target=_count, args=(canary, until)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(row[0] for row in _outcomes(canary).values()) == 200


def test_a_list_is_not_counted_before_its_window_is_over(canary: Trial) -> None:
    canary.shows("champion", people("o", 5), positive=0.0)
    canary.workers(warm=True)
    canary.wait(1.05)  # the minute, but not the time in which answers are written
    canary.look()
    assert _outcomes(canary) == {}
    canary.wait(0.1)
    canary.look()
    assert len(_outcomes(canary)) == 5


def test_people_come_as_arrays_with_the_figures_that_postgres_holds(canary: Trial) -> None:
    canary.shows("challenger", ["pat"], positive=1.0, lists=2)
    canary.rate("pat", "i001", 5.0, canary.now + timedelta(seconds=1))
    _count(canary, canary.now + WINDOW)
    canary.score("pat", "i001", stars=5.0, champion=4.0, challenger=3.5)
    canary.score("pat", "i002", stars=2.0, champion=3.0, challenger=1.75)
    with canary.engine.connect() as connection:
        (row,) = outcomes.of_people(connection, canary.number)
        (scored,) = outcomes.of_predictions(connection, canary.number)
        assert len(outcomes.of_people(connection, canary.number + 1)) == 0
    assert (row["step"], row["challenger"], row["lists"], row["positive"]) == (1, True, 2, 2)
    assert (row["rated"], row["stars"], row["stars_squared"]) == (2, 10.0, 50.0)
    assert scored["person"] == row["person"]
    # |5 - 3.5| - |5 - 4| = 0.5 and |2 - 1.75| - |2 - 3| = -0.75
    assert (scored["rated"], scored["excess"], scored["excess_squared"]) == (2, -0.25, 0.8125)


def test_buckets_are_summed_over_workers(canary: Trial) -> None:
    canary.tally("champion", 256, ms=2.0)
    canary.tally("champion", 512, errors=0.5, ms=2.0)
    with canary.engine.connect() as connection:
        sums = outcomes.of_buckets(connection, canary.number)
    assert list(sums) == [(1, "champion")]
    held = sums[1, "champion"]
    assert (held["requests"] == 3).all()
    assert (held["errors"] == 1).all()
    assert held["milliseconds"][2] == pytest.approx(3 * 2.0)


def test_many_lists_are_counted_in_seconds(canary: Trial) -> None:
    """200,000 of 50,000 people, with 20,000 clicks; a million took 6 s where this was written."""
    canary.now += timedelta(seconds=1)
    with canary.engine.begin() as connection:
        impressions.make_days(connection, {impressions.day_of(canary.now)})
        _plant(connection, canary)
    until = canary.now + timedelta(minutes=10)
    began = time.perf_counter()
    _count(canary, until)
    assert time.perf_counter() - began < 20
    with canary.engine.connect() as connection:
        began = time.perf_counter()
        rows = outcomes.of_people(connection, canary.number)
        assert time.perf_counter() - began < 5
    assert (rows["lists"].sum(), rows["positive"].sum(), len(rows)) == (200_000, 20_000, 50_000)


def test_answers_are_found_by_the_list_that_they_name(canary: Trial) -> None:
    """Without reading what else came within the window, of which a busy site has millions."""
    with canary.engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        query = "EXPLAIN SELECT 1 FROM events WHERE request_id = gen_random_uuid()"
        plan = " ".join(connection.scalars(text(query)))
    assert "events_request_id_idx" in plan


def _plant(connection: Connection, trial: Trial) -> None:
    values = {"rollout": trial.number, "at": trial.now}
    connection.execute(text("INSERT INTO users (user_id) SELECT 'm' || n FROM generate_series(0, 49999) n"))
    connection.execute(
        text(
            "INSERT INTO impressions (at, request_id, user_id, model_version, variant, source, item_ids, "
            "rollout, step) SELECT moment, uuidv7(moment - now()), 'm' || n % 50000, 1, "
            "CASE WHEN n % 2 = 0 THEN 'champion' ELSE 'challenger' END, 'personal', "
            "ARRAY['i001','i002','i003','i004','i005','i006','i007','i008','i009','i010'], :rollout, 1 "
            "FROM (SELECT n, CAST(:at AS timestamptz) + n * interval '0.5 ms' AS moment "
            "FROM generate_series(0, 199999) n) AS shown"
        ),
        values,
    )
    connection.execute(
        text(
            "INSERT INTO events (event_id, kind, user_id, item_id, at, received_at, request_id) "
            "SELECT 'e' || row_number() OVER (), 'click', user_id, 'i003', at, at + interval '5 s', "
            "request_id "
            "FROM impressions WHERE rollout = :rollout AND right(user_id, 1) = '7'"
        ),
        values,
    )
    connection.execute(text("ANALYZE impressions"))


def _kill(trial: Trial, pid: int | None) -> None:
    """End a connection from outside, as the kernel does when its process is killed."""
    with trial.engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
