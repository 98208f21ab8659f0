"""Logs by the standard library alone, for a board without structlog: the same calls, and lines with the same fields."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

_LOGGER = logging.getLogger("splitwave")
_FIELDS = "splitwave_fields"
_context: dict[str, object] = {}


class PlainLogger:
    """Writes an event and its fields, `event key=value`, through the standard library's logger `splitwave`."""

    def debug(self, event: str, **fields: object) -> None:
        """Write what only a developer needs."""
        _write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Write what happens in normal operation."""
        _write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Write what an operator should see."""
        _write(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Write why something ended."""
        _write(logging.ERROR, event, fields)

    def exception(self, event: str, **fields: object) -> None:
        """Write an error with the exception that is being handled, and its traceback."""
        _write(logging.ERROR, event, fields, with_traceback=True)


def bind_plain(**fields: object) -> None:
    """Add fields to every later line of this process."""
    _context.update(fields)


def configure_plain(log_format: Literal["json", "console"]) -> None:
    """Write the lines of this process to standard error, from level INFO."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _ConsoleFormatter())
    _LOGGER.handlers[:] = [handler]
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False


def _write(level: int, event: str, fields: dict[str, object], *, with_traceback: bool = False) -> None:
    if _LOGGER.isEnabledFor(level):
        shown = {**fields, **_context}
        text = " ".join([event, *(f"{name}={value}" for name, value in shown.items())])
        # As an argument, since a user's text may hold a percent sign.
        extra = {_FIELDS: {**fields, "event": event, **_context}}
        _LOGGER.log(level, "%s", text, exc_info=with_traceback, extra=extra)


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class _ConsoleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time_of(record)} [{record.levelname.lower():<8}] {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = getattr(record, _FIELDS, {"event": record.getMessage()})
        line = {**fields, "level": record.levelname.lower(), "timestamp": _time_of(record)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
