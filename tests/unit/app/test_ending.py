"""A process learns that it is to end while its start is still waited for."""

import signal
import threading

from app.ending import told_to_end


def test_signals_are_told_and_handled_as_before() -> None:
    handled: list[int] = []

    def handler(number: int, _frame: object) -> None:
        handled.append(number)

    before = signal.signal(signal.SIGTERM, handler)
    try:
        with told_to_end() as ending:
            assert not ending.told
            signal.raise_signal(signal.SIGTERM)
            assert ending.told
        assert handled == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_beside_the_main_thread_nothing_is_told() -> None:
    told: list[bool] = []

    def start() -> None:
        with told_to_end() as ending:
            told.append(ending.told)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert told == [False]
