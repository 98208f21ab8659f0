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
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            raw = deque(file, maxlen=count)
    except FileNotFoundError:
        return []
    readable = [line for entry in raw for line in _readable(entry.rstrip("\n"))]
    return readable[-count:]


def _readable(line: str) -> list[str]:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        return [line]
    if not isinstance(entry, dict) or "event" not in entry:
        return [line]
    details = [f"{key}={value}" for key, value in entry.items() if key not in _OBVIOUS]
    text = f"{entry['event']} ({', '.join(details)})" if details else str(entry["event"])
    # An error nobody foresaw carries its traceback beside the event.
    return [*text.splitlines(), *str(entry.get("exception", "")).splitlines()]
