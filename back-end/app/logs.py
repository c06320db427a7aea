"""The log: a line an event, with the request's id; no secrets, no names, no bodies."""

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

import orjson

request_id_of_context: ContextVar[str] = ContextVar("request_id", default="-")


class TextLines(logging.Formatter):
    """`2026-03-01T20:15:00.123Z INFO marquee.app [request id] message`."""

    def format(self, record: logging.LogRecord) -> str:
        start = f"{_when(record)} {record.levelname:<7} {record.name} [{request_id_of_context.get()}]"
        line = f"{start} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        content = {
            "time": _when(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "request_id": request_id_of_context.get(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            content["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(content).decode()


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Send everything that is logged to standard error, in one form. Uvicorn's own loggers hand theirs on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("marquee", "uvicorn.error"):
        logging.getLogger(name).setLevel(level.upper())


def _when(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
