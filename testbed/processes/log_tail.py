"""Reads the last lines of a service's log and makes its JSON lines readable."""

import json
from collections import deque
from pathlib import Path

# Keys that appear on every line and are clear from the context of a single process and run.
_OMITTED_KEYS = frozenset({"event", "level", "timestamp", "role", "run", "exception", "exit_code"})


def last_lines(log: Path, count: int) -> list[str]:
    """Return at most `count` lines from the end of a log; JSON lines are reduced to the event and its details.

    A missing log counts as empty.
    """
    readable = [line for entry in _tail(log, count) for line in _readable(entry)]
    return readable[-count:]


def final_error(log: Path, count: int) -> str | None:
    """Return the expected error that ended a service, if it is in the last `count` lines; else None.

    `runtime.process.run_service` logs it with the exit code. An unexpected error has a traceback, which says more than
    this line, so it is not returned.
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
    """Parse a line that a service logged; None for any other line."""
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        return None
    return entry if isinstance(entry, dict) and "event" in entry else None


def _readable(line: str) -> list[str]:
    entry = _event(line)
    if entry is None:
        return [line]
    details = [f"{key}={value}" for key, value in entry.items() if key not in _OMITTED_KEYS]
    text = f"{entry['event']} ({', '.join(details)})" if details else str(entry["event"])
    # An unexpected error is logged with its traceback under another key.
    return [*text.splitlines(), *str(entry.get("exception", "")).splitlines()]
