"""What a service writes to its log: a line an event, as text or as JSON; no secrets, no names, no bodies."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

_OWN_LOGGERS = ("marquee", "retraining", "uvicorn.error")

# Set by whoever handles a request, for as long as that lasts.
request_id_of_context: ContextVar[str | None] = ContextVar("request_id", default=None)


class TextLines(logging.Formatter):
    """`2026-03-01T20:15:00.123Z INFO    marquee.app [request id] message`."""

    def format(self, record: logging.LogRecord) -> str:
        request_id = request_id_of_context.get()
        context = f" [{request_id}]" if request_id else ""
        line = f"{_when(record)} {record.levelname:<7} {record.name}{context} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        content = {
            "time": _when(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if request_id := request_id_of_context.get():
            content["request_id"] = request_id
        if record.exc_info:
            content["exception"] = self.formatException(record.exc_info)
        return json.dumps(content, ensure_ascii=False)


def configure_logs(level: str, form: Literal["text", "json"]) -> None:
    """Send everything that is logged to standard error, in one form.

    Args:
        level: of Marquee's own loggers and of what Uvicorn says; all others speak from `warning` up.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in _OWN_LOGGERS:
        logging.getLogger(name).setLevel(level.upper())


def _when(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
