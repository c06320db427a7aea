"""A worker does not go on without its vital parts."""

import asyncio
import os
import signal
import threading

import pytest
from app.serving.vital import VitalThread, vital_task


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda process, number: sent.append((process, number)))
    return sent


def test_a_task_that_fails_ends_the_worker(
    signals: list[tuple[int, int]], caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise ValueError("no more")

    async def main() -> None:
        await asyncio.wait({vital_task(fail(), "impressions")})
        await asyncio.sleep(0)

    asyncio.run(main())
    assert signals == [(os.getpid(), signal.SIGTERM)]
    assert "The task impressions failed; this worker ends." in caplog.text
    assert "no more" in caplog.text


def test_a_task_that_ends_or_is_cancelled_does_not(signals: list[tuple[int, int]]) -> None:
    async def main() -> None:
        await vital_task(asyncio.sleep(0), "impressions")
        task = vital_task(asyncio.sleep(60), "impressions")
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(0)

    asyncio.run(main())
    assert signals == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_fails_ends_the_worker(
    signals: list[tuple[int, int]], caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(VitalThread):
        def work(self) -> None:
            raise ValueError(threading.current_thread().name)

    thread = Failing(name="feed")
    thread.start()
    thread.join()
    assert signals == [(os.getpid(), signal.SIGTERM)]
    assert "The thread feed failed" in caplog.text
