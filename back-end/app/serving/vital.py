"""Threads without which a worker should not go on."""

import logging
import os
import signal
import threading

logger = logging.getLogger("marquee.app")


class VitalThread(threading.Thread):
    """A daemon thread whose `work` must not fail: if it does, the worker ends and another is started.

    Otherwise what memory holds would grow old unnoticed.
    """

    def run(self) -> None:
        try:
            self.work()
        except BaseException:
            logger.critical("The thread %s failed; this worker ends.", self.name, exc_info=True)
            os.kill(os.getpid(), signal.SIGTERM)
            raise

    def work(self) -> None:
        raise NotImplementedError
