"""What ratings and events say together, as Postgres puts it and as the library does."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sqlalchemy import Engine, text

from marquee.domain.history import History
from marquee.domain.records import Event, Rating
from marquee.recommend.doings import Doing, implied_by, with_doings
from marquee.settings.serving import Feedback
from marquee.store import events, histories, items, ratings, users
from marquee.store.histories import UserHistory

NOW = datetime(2026, 1, 31, tzinfo=UTC)
FEEDBACK = Feedback.model_validate(
    {
        "kinds": {
            "click": {"weight": 0.2},
            "play": {"weight": 0.7, "seen": True},
            "dislike": {"weight": -1.0},
            "dismiss": {"weight": 0.0, "seen": True},
            "nothing": {"weight": 0.0},
            "purchase": {"stars": 5.0},
            "return": {"stars": 1.0, "seen": True},
        },
        "half_life_days": 10,
    }
)


@pytest.fixture(autouse=True)
def _ten_items(engine: Engine) -> None:
    ids = [f"i{number}" for number in range(10)]
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE users, items, events, ratings CASCADE"))
        items.upsert_frame(
            connection,
            pd.DataFrame({"item_id": ids, "title": ids, "year": [None] * 10, "genres": [[]] * 10}),
        )


def _did(engine: Engine, *doings: tuple[str, str, float], user: str = "u") -> None:
    """Events of a kind with an item, so many days before now."""
    with engine.begin() as connection:
        taken = events.count(connection)
        batch = [
            Event(f"{taken + n}", kind, user, item, NOW - timedelta(days=days))
            for n, (kind, item, days) in enumerate(doings)
        ]
        assert {outcome.status for outcome in events.add_many(connection, batch)} == {"accepted"}


def _rated(engine: Engine, *stars: tuple[str, float], user: str = "u") -> None:
    with engine.begin() as connection:
        for item, rating in stars:
            ratings.put(connection, Rating(user, item, rating, NOW))


def _history(engine: Engine, feedback: Feedback = FEEDBACK, now: datetime = NOW) -> UserHistory:
    with engine.connect() as connection:
        [found] = histories.of_users(connection, ["u", "nobody"], feedback, now)
    return found


def _implied(history: UserHistory) -> dict[str, tuple[float, bool]]:
    doings = history.doings
    return {
        item: (round(weight, 6), hidden)
        for item, weight, hidden in zip(
            doings.item_ids, doings.weights.tolist(), doings.hidden.tolist(), strict=True
        )
    }


def test_weights_add_up_and_halve_with_age(engine: Engine) -> None:
    _did(engine, ("click", "i1", 0), ("click", "i1", 10), ("click", "i2", 20), ("play", "i3", 0))
    assert _implied(_history(engine)) == {"i1": (0.3, False), "i2": (0.05, False), "i3": (0.7, True)}


def test_without_a_half_life_weights_do_not_age(engine: Engine) -> None:
    _did(engine, ("click", "i1", 0), ("click", "i1", 4000))
    ageless = FEEDBACK.model_copy(update={"half_life_days": None})
    assert _implied(_history(engine, ageless)) == {"i1": (0.4, False)}


def test_what_is_very_old_weighs_nothing_and_what_is_of_the_future_no_more_than_now(engine: Engine) -> None:
    _did(engine, ("click", "i1", 40_000), ("click", "i2", -0.003))
    assert _implied(_history(engine)) == {"i1": (0.0, False), "i2": (0.2, False)}


def test_a_dislike_hides_an_item_and_takes_all_weight_from_it(engine: Engine) -> None:
    _did(engine, ("dislike", "i1", 5), ("click", "i1", 0), ("dismiss", "i2", 0), ("nothing", "i3", 0))
    assert _implied(_history(engine)) == {"i1": (0.0, True), "i2": (0.0, True)}


def test_the_latest_event_that_stands_for_stars_is_the_rating_where_there_is_none(engine: Engine) -> None:
    _rated(engine, ("i3", 2.0))
    _did(engine, ("return", "i1", 1), ("purchase", "i1", 2), ("purchase", "i2", 3), ("purchase", "i3", 0))
    given = _history(engine).ratings
    assert given.item_ids == ["i2", "i1", "i3"]
    assert given.ratings.tolist() == [5.0, 1.0, 2.0]
    assert given.times.tolist() == [int((NOW - timedelta(days=days)).timestamp()) for days in (3, 1, 0)]
    with engine.connect() as connection:
        frame = ratings.load_frame(connection, FEEDBACK)
        assert ratings.count_received_since(connection, None, FEEDBACK) == 5
        assert len(ratings.load_frame(connection)) == 1
    assert frame[["item_id", "rating"]].to_numpy().tolist() == [["i1", 1.0], ["i2", 5.0], ["i3", 2.0]]


def test_of_kinds_that_are_not_set_nothing_is_implied(engine: Engine) -> None:
    _did(engine, ("click", "i1", 0), ("whatever", "i1", 0))
    history = _history(engine, Feedback(kinds={}))
    assert len(history) == 0


def test_those_who_did_something_last_come_first_and_those_who_did_nothing_last(engine: Engine) -> None:
    with engine.begin() as connection:
        users.ensure(connection, ["idle"])
    _did(engine, ("click", "i1", 3), user="older")
    _did(engine, ("click", "i1", 1), user="newer")
    _rated(engine, ("i1", 4.0), user="rater")
    with engine.connect() as connection:
        found = [history.user_id for history in histories.newest(connection, FEEDBACK, NOW)]
    assert found == ["rater", "newer", "older", "idle"]


@pytest.mark.parametrize("seed", range(5))
def test_postgres_and_the_library_say_the_same_of_any_events_in_any_order(engine: Engine, seed: int) -> None:
    """Weights to six digits; the order in which the library gets them does not matter."""
    chance = np.random.default_rng(seed)
    kinds = [*FEEDBACK.kinds, "unknown"]
    doings = [
        (str(chance.choice(kinds)), f"i{chance.integers(8)}", chance.uniform(-0.003, 40))
        for _ in range(chance.integers(1, 60))
    ]
    stars = [(f"i{row}", float(chance.integers(1, 6))) for row in chance.choice(8, 2, replace=False)]
    _rated(engine, *stars)
    _did(engine, *doings)
    chance.shuffle(doings)
    assert _summary(_of_store(_history(engine))) == pytest.approx(_summary(_of_library(stars, doings)), 1e-5)


def _of_library(stars: Sequence[tuple[str, float]], doings: Sequence[tuple[str, str, float]]) -> History:
    now = NOW.timestamp()
    given = History.of([int(item[1:]) for item, _ in stars], [s for _, s in stars], [int(now)] * len(stars))
    done = [Doing(int(item[1:]), kind, now - days * 86_400) for kind, item, days in doings]
    return with_doings(given, done, FEEDBACK, now)


def _of_store(history: UserHistory) -> History:
    def rows(item_ids: Sequence[str]) -> Any:
        return np.array([int(item[1:]) for item in item_ids], np.int32)

    given, done = history.ratings, history.doings
    rated, did = rows(given.item_ids), rows(done.item_ids)
    implied = implied_by(did, done.weights, rated)
    return History(rated, given.ratings, given.times, implied=implied, hidden=did[done.hidden])


def _summary(history: History) -> dict[str, float]:
    """Everything that a history says, by name."""
    implied = history.implied
    assert not set(implied.rows.tolist()) & set(history.rows.tolist())
    assert_allclose(implied.weights.clip(0.001, 1), implied.weights)
    return {
        **{
            f"stars of {row}": stars
            for row, stars in zip(history.rows.tolist(), history.ratings, strict=True)
        },
        **{f"weight of {row}": w for row, w in zip(implied.rows.tolist(), implied.weights, strict=True)},
        **{f"hidden {row}": 1.0 for row in history.hidden.tolist()},
    }
