"""Nobody who was erased is in what a rollout counts, whoever is faster."""

import threading
from datetime import timedelta

from sqlalchemy import Connection, select

from marquee.store import outcomes, personal_data
from marquee.store.tables import rollout_outcomes
from tests.support.trial import Trial

WINDOW = timedelta(minutes=1)
MOMENT = 0.5  # seconds, in which somebody who need not wait is done


def _count(connection: Connection, trial: Trial) -> None:
    outcomes.count_until(
        connection, trial.number, trial.now + WINDOW, window=WINDOW, kinds=["click"], liked=4.0
    )


def _counted(trial: Trial) -> set[str]:
    with trial.engine.connect() as connection:
        return set(connection.scalars(select(rollout_outcomes.c.user_id)))


def test_somebody_erased_during_a_count_is_not_in_it(trial: Trial) -> None:
    trial.start_canary()
    trial.shows("challenger", ["zoe", "yan"], positive=0.0)

    def erase() -> None:
        with trial.engine.begin() as connection:
            assert personal_data.erase(connection, "zoe")

    erasing = threading.Thread(target=erase)
    with trial.engine.begin() as counting:
        _count(counting, trial)
        erasing.start()
        erasing.join(MOMENT)
    erasing.join(20)
    assert not erasing.is_alive()
    assert _counted(trial) == {"yan"}


def test_a_count_during_an_erasure_does_not_see_the_person(trial: Trial) -> None:
    trial.start_canary()
    trial.shows("challenger", ["xia", "wim"], positive=0.0)

    def count() -> None:
        with trial.engine.begin() as connection:
            _count(connection, trial)

    counting = threading.Thread(target=count)
    with trial.engine.begin() as erasing:
        assert personal_data.erase(erasing, "xia")
        counting.start()
        counting.join(MOMENT)
    counting.join(20)
    assert not counting.is_alive()
    assert _counted(trial) == {"wim"}
