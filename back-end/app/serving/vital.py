"""Threads and tasks without which a worker should not go on."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Coroutine

logger = logging.getLogger("marquee.app")


class VitalThread(threading.Thread):
    """A daemon thread whose `work` must not fail: if it does, the worker ends and another is started.

    Otherwise what memory holds would grow old unnoticed.
    """

    def run(self) -> None:
        try:
            self.work()
        except BaseException as error:
            _end_worker(f"thread {self.name}", error)
            raise

    def work(self) -> None:
        raise NotImplementedError


def vital_task(work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
    """A task of the running loop that must not fail, in the same way."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    task.add_done_callback(_look_at)
    return task


def _look_at(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _end_worker(f"task {task.get_name()}", error)


def _end_worker(part: str, error: BaseException) -> None:
    logger.critical("The %s failed; this worker ends.", part, exc_info=error)
    os.kill(os.getpid(), signal.SIGTERM)
