import logging

import pytest
from retraining.outages import Outage

from marquee.domain.errors import Unavailable


def _fail(outage: Outage) -> None:
    with outage.watched():
        raise Unavailable("No answer.")


def test_an_outage_is_logged_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str | None] = []
    outage = Outage("MLflow", (Unavailable,), told.append)
    with caplog.at_level(logging.INFO, "retraining"):
        for _ in range(3):
            _fail(outage)
        for _ in range(2):
            with outage.watched():
                pass
    assert caplog.messages == [
        "MLflow cannot be used: No answer. It is tried again until it can.",
        "MLflow can be used again.",
    ]
    assert told == ["No answer."] * 3 + [None] * 2


def test_a_defect_is_not_taken_for_an_outage() -> None:
    outage = Outage("MLflow", (Unavailable,), lambda _reason: None)
    with pytest.raises(ZeroDivisionError), outage.watched():
        _ = 1 / 0


def test_a_part_that_may_still_be_starting_is_not_complained_of(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str | None] = []
    outage = Outage("MLflow", (Unavailable,), told.append, grace=60)
    with caplog.at_level(logging.INFO, "retraining"):
        _fail(outage)
        assert (told, caplog.messages) == (["No answer."], [])
        with outage.watched():
            pass
        _fail(outage)
    assert len(caplog.messages) == 1, "once it was there, its absence is an outage at once"
