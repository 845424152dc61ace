"""Log lines for people or for machines, each with the id of the request that it belongs to."""

import logging
import secrets
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

import msgspec

LogFormat = Literal["console", "json"]

NO_REQUEST = "-"
request_id: ContextVar[str] = ContextVar("request_id", default=NO_REQUEST)


def new_request_id() -> str:
    """Make an id that is short enough to be read out."""
    return secrets.token_hex(6)


def configure_logs(form: LogFormat, level: int = logging.INFO) -> None:
    """Send the log lines of this process to standard error in the given form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if form == "json" else _ConsoleFormatter())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # The SDK tells of every request and stray header; at this level it tells of trouble.
    logging.getLogger("mcp").setLevel(logging.ERROR)
    # It tells of every batch of changes.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)


class _ConsoleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")
        text = f"{time} {record.levelname:7} {request_id.get()} {record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request_id": request_id.get(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()
