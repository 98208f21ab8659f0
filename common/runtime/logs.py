"""Structured logs on standard error: JSON for machines, a console format for people."""

import os
import sys
from typing import Literal

import structlog

LogFormat = Literal["json", "console"]


def configure_logging(log_format: LogFormat, role: str) -> None:
    """Set up structlog for this process; every line carries its role."""
    renderer: structlog.typing.Processor
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=_shows_colors())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)


def _shows_colors() -> bool:
    """Whether standard error is a terminal with colors whose user wants them; see https://no-color.org."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in ("dumb", "unknown")
