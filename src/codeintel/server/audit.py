"""The audit log: who asked which tool, when, and what came of it; never what was asked for."""

import logging
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path

import msgspec

from codeintel.errors import ConfigurationError
from codeintel.server.auth import Principal
from codeintel.server.logs import request_id
from codeintel.server.outcome import Outcome


class AuditLog:
    """Appends a JSON object a call to a file, which log rotation may move away.

    Raises
    ------
    ConfigurationError
        The file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            handler = WatchedFileHandler(path, encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(
                f"The audit log cannot be written: {error.strerror}.",
                cure="Give a file in a folder that the server may write to.",
            ) from error
        self._handler = handler

    def observe(self, tool: str, principal: Principal, outcome: Outcome, seconds: float) -> None:
        """Write a line."""
        line = msgspec.json.encode(
            {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "request_id": request_id.get(),
                "principal": principal.name,
                "tool": tool,
                "code": outcome.code,
                "duration_ms": round(seconds * 1e3, 1),
            }
        ).decode()
        self._handler.handle(
            logging.LogRecord("codeintel.audit", logging.INFO, "", 0, line, None, None)
        )

    def close(self) -> None:
        """Close the file."""
        self._handler.close()
