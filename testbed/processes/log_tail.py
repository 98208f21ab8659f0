"""The last lines of a service's log, as a person reads them."""

import json
from collections import deque
from pathlib import Path

# On every line, and known to whoever reads the log of one process of one run.
_OBVIOUS = frozenset({"event", "level", "timestamp", "role", "run", "exception", "exit_code"})


def last_lines(log: Path, count: int) -> list[str]:
    """At most `count` lines from the end of a log; JSON lines are cut down to what happened.

    A log that does not exist is an empty one.
    """
    readable = [line for entry in _tail(log, count) for line in _readable(entry)]
    return readable[-count:]


def final_error(log: Path, count: int) -> str | None:
    """The error that a service ended with, if it stands in the last `count` lines and was foreseen.

    `runtime.process.run_service` logs it with the exit code; of an error nobody foresaw the traceback tells more.
    """
    for line in reversed(_tail(log, count)):
        entry = _event(line)
        if entry is not None and "exit_code" in entry:
            return None if "exception" in entry else str(entry["event"])
    return None


def _tail(log: Path, count: int) -> list[str]:
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=count)]
    except FileNotFoundError:
        return []


def _event(line: str) -> dict[str, object] | None:
    """A line that a service logged; None for any other."""
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        return None
    return entry if isinstance(entry, dict) and "event" in entry else None


def _readable(line: str) -> list[str]:
    entry = _event(line)
    if entry is None:
        return [line]
    details = [f"{key}={value}" for key, value in entry.items() if key not in _OBVIOUS]
    text = f"{entry['event']} ({', '.join(details)})" if details else str(entry["event"])
    # An error nobody foresaw carries its traceback beside the event.
    return [*text.splitlines(), *str(entry.get("exception", "")).splitlines()]
