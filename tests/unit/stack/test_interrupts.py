import os
import signal

import pytest

from marquee.stack.interrupts import Interrupted, Interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_interrupts_whatever_runs(number: signal.Signals) -> None:
    with Interrupts().caught(), pytest.raises(Interrupted) as caught:
        signal.raise_signal(number)
    assert caught.value.number == number


def test_a_signal_while_stopping_only_hurries() -> None:
    interrupts = Interrupts()
    with interrupts.caught():
        interrupts.begin_stop()
        assert not interrupts.hurry
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupts.hurry


def test_handlers_are_as_they_were_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts().caught():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
