"""The logger of a module: structlog's where it is installed, else one of the standard library (a board has no more)."""

from typing import Protocol

from splitwave.common.runtime.plain_logs import PlainLogger, bind_plain

try:
    import structlog
except ModuleNotFoundError:
    HAS_STRUCTLOG = False
else:
    HAS_STRUCTLOG = True


class Logger(Protocol):
    """Writes events, each with fields: `log.info("link leased", link=3)`."""

    def debug(self, event: str, **fields: object) -> None:
        """Write what only a developer needs."""

    def info(self, event: str, **fields: object) -> None:
        """Write what happens in normal operation."""

    def warning(self, event: str, **fields: object) -> None:
        """Write what an operator should see."""

    def error(self, event: str, **fields: object) -> None:
        """Write why something ended."""

    def exception(self, event: str, **fields: object) -> None:
        """Write an error with the exception that is being handled, and its traceback."""


def get_logger() -> Logger:
    """Return a logger that follows `configure_logging`, whether that is called before or after."""
    if not HAS_STRUCTLOG:
        return PlainLogger()
    logger: Logger = structlog.get_logger()
    return logger


def bind_context(**fields: object) -> None:
    """Add fields to the later lines of this process (with structlog, of this thread and its tasks)."""
    if HAS_STRUCTLOG:
        structlog.contextvars.bind_contextvars(**fields)
    else:
        bind_plain(**fields)
