"""Structured logs on standard error: JSON for machines, a console format for people."""

import os
import sys
from typing import Literal

from splitwave.common.runtime.logger import HAS_STRUCTLOG, bind_context
from splitwave.common.runtime.plain_logs import configure_plain

if HAS_STRUCTLOG:
    import structlog

LogFormat = Literal["json", "console"]


def configure_logging(log_format: LogFormat, role: str) -> None:
    """Set up the logs of this process; every line carries its role."""
    if HAS_STRUCTLOG:
        _configure_structlog(log_format)
    else:
        configure_plain(log_format)
    bind_context(role=role)


def _configure_structlog(log_format: LogFormat) -> None:
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


def _shows_colors() -> bool:
    """Whether standard error is a terminal with colors whose user wants them; see https://no-color.org."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in ("dumb", "unknown")
