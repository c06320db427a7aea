"""Whether this process has been told to end, for what must not be waited for then."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


@contextmanager
def told_to_end() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, beside what their handlers do.

    Uvicorn's handlers only take a note, which it looks at when the application has started.
    """
    told = threading.Event()
    handlers: dict[int, Handler] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if callable(handler):
                handlers[number] = handler

    def tell(number: int, frame: FrameType | None) -> None:
        told.set()
        handlers[number](number, frame)

    for one in handlers:
        signal.signal(one, tell)
    try:
        yield told
    finally:
        for one, before in handlers.items():
            signal.signal(one, before)
