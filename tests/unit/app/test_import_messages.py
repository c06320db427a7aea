"""What an import says while whoever listens is busy sending."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from app.serving.imports import Places, RunningImport

from marquee.data.imports.job import NO_SPOOL, ImportJob
from marquee.domain.errors import DataError

PROGRESS = {"type": "progress", "rows": 1, "line": 2}
REPORT = {"type": "report", "rows": 1}
ERROR = {"type": "error", "slug": DataError.slug, "message": "It is not text.", "hint": "Send text."}


async def _body() -> AsyncIterator[bytes]:
    yield b""


def _heard(folder: Path, last: dict[str, Any], *, first: bool) -> list[str]:
    """The kinds of messages that a listener hears to whom the end comes while they send the first."""
    running = RunningImport(ImportJob("ratings", "csv", NO_SPOOL), _body(), Places(), folder)

    def say(message: dict[str, Any], *, over: bool) -> None:
        running.latest, running.over = message, over
        running._news.set()

    async def listen() -> list[str]:
        heard = []
        say(PROGRESS if first else last, over=not first)
        async for message in running.messages():
            heard.append(message["type"])
            if message is PROGRESS:
                say(last, over=False)
                running.over = True
                running._news.set()
        return heard

    return asyncio.run(listen())


@pytest.mark.parametrize("first", [True, False])
def test_the_report_is_heard_once(tmp_path: Path, first: bool) -> None:
    assert _heard(tmp_path, REPORT, first=first) == ["progress", "report"][not first :]


@pytest.mark.parametrize("first", [True, False])
def test_an_error_is_heard(tmp_path: Path, first: bool) -> None:
    with pytest.raises(DataError, match="It is not text"):
        _heard(tmp_path, ERROR, first=first)


def test_a_report_before_its_process_has_said_all_is_not_heard_twice(tmp_path: Path) -> None:
    running = RunningImport(ImportJob("ratings", "csv", NO_SPOOL), _body(), Places(), tmp_path)

    async def listen() -> list[str]:
        running.latest = REPORT
        running._news.set()

        async def end() -> None:
            await asyncio.sleep(0.05)
            running.over = True
            running._news.set()

        ending = asyncio.create_task(end())
        heard = [message["type"] async for message in running.messages()]
        await ending
        return heard

    assert asyncio.run(listen()) == ["report"]
