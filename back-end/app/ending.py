"""Whether this process has been told to end, for what must not be waited for then."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


@dataclass(slots=True)
class Ending:
    """Whether a signal has come; no event, whose lock a second signal would wait for within the first."""

    told: bool = False


@contextmanager
def told_to_end() -> Iterator[Ending]:
    """What SIGINT and SIGTERM tell, beside what their handlers do.

    Uvicorn's handlers only take a note, which it looks at when the application has started.
    """
    ending = Ending()
    handlers: dict[int, Handler] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if callable(handler):
                handlers[number] = handler

    def tell(number: int, frame: FrameType | None) -> None:
        ending.told = True
        handlers[number](number, frame)

    for one in handlers:
        signal.signal(one, tell)
    try:
        yield ending
    finally:
        for one, before in handlers.items():
            signal.signal(one, before)
