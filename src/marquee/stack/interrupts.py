"""What Ctrl-C, SIGTERM and a closed terminal do to `marquee up`."""

import contextlib
import signal
import types
from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Someone asked the stack to stop. Not an `Exception`: nothing on the way up may take it for a failure.

    Args:
        number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Interrupts:
    """The first signal raises `Interrupted` in the main thread; while stopping, a further one hurries it."""

    def __init__(self) -> None:
        self._stopping = False
        self.hurry = False

    @contextlib.contextmanager
    def caught(self) -> Iterator[None]:
        """Signals are caught while the context lasts."""
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def begin_stop(self) -> None:
        """From now on a signal raises nothing."""
        self._stopping = True

    def _on_signal(self, number: int, _frame: types.FrameType | None) -> None:
        if self._stopping:
            self.hurry = True
            return
        self._stopping = True
        raise Interrupted(number)
