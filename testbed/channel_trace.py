"""Traces of links that `splitwave channel replay` plays: CSV files with a row for each change."""

import csv
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_changes import ChannelChange, PlannedValues, check_link
from splitwave.common.protocol.live_channel import VALUE_NAMES, ChannelValues

_TIME, _LINK = "time_s", "link"
_COLUMNS = (_TIME, _LINK, *VALUE_NAMES)

Play = Callable[[Sequence[ChannelChange]], Awaitable[object]]
Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class TraceRow:
    """New values of a link.

    Attributes:
        time_s: seconds from the beginning of the trace.
        link: None for all.
        values: those that are given replace earlier ones.
    """

    time_s: float
    link: int | None
    values: ChannelValues


def read_trace(path: Path) -> list[TraceRow]:
    """Read a trace; an empty cell leaves its value as it was.

    Raises:
        ConfigError: the file cannot be read, it has unknown columns or no rows, its times descend, or a cell is wrong;
            the message names its line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            _check_columns(path, reader.fieldnames or ())
            rows = [_row(path, reader.line_num, cells) for cells in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: not a trace that can be read: {error}") from None
    if not rows:
        raise ConfigError(f"{path}: a trace without rows")
    for before, after in pairwise(rows):
        if after.time_s < before.time_s:
            raise ConfigError(
                f"{path}: {_TIME} = {after.time_s:g} comes after {before.time_s:g}: expected ascending times"
            )
    return rows


def plan_of(rows: Iterable[TraceRow], queries_per_s: float, links: Sequence[int]) -> list[PlannedValues]:
    """The trace by query: a row holds from the first query on that is asked at its time or later.

    Args:
        rows: of the trace.
        queries_per_s: query n is asked at n / `queries_per_s`.
        links: those that a row without a link is for.
    """
    return [
        PlannedValues(link, _first_query(row.time_s, queries_per_s), row.values)
        for row in rows
        for link in (links if row.link is None else (row.link,))
    ]


def _first_query(time_s: float, queries_per_s: float) -> int:
    """The least n with n / `queries_per_s` ≥ `time_s`; a product alone may be rounded to the other side of n."""
    near = math.ceil(time_s * queries_per_s)
    return next((n for n in (near - 1, near) if n >= 0 and n / queries_per_s >= time_s), near + 1)


async def play(rows: Sequence[TraceRow], send: Play, *, speed: float, now: Callable[[], float], sleep: Sleep) -> None:
    """Send the changes of a trace at their times; rows of one time are one change, and late ones are sent at once.

    Args:
        rows: of the trace.
        send: applies changes.
        speed: seconds of the trace in one second.
        now: the clock, in seconds.
        sleep: waits for so many seconds of this clock.
    """
    start = now()
    for time_s, together in groupby(rows, key=lambda row: row.time_s):
        wait_s = start + time_s / speed - now()
        if wait_s > 0:
            await sleep(wait_s)
        await send([ChannelChange(row.link, row.values) for row in together])


def _check_columns(path: Path, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in _COLUMNS]
    if unknown or _TIME not in names or not set(names) & set(VALUE_NAMES) or len(set(names)) < len(names):
        raise ConfigError(
            f"{path}: columns {', '.join(names) or 'none'}: expected {_TIME}, perhaps {_LINK}, and some of "
            f"{', '.join(VALUE_NAMES)}, each once"
        )


def _row(path: Path, line: int, cells: Mapping[str | None, str | None]) -> TraceRow:
    try:
        if None in cells or None in cells.values():
            raise ValueError("another number of cells than the first line has")
        given = {name: float(cell) for name, cell in cells.items() if name in VALUE_NAMES and cell}
        time_s, link = float(cells[_TIME] or "nan"), cells.get(_LINK)
        if not (math.isfinite(time_s) and time_s >= 0):
            raise ValueError(f"{_TIME} = {cells[_TIME]}: expected a finite number of 0 or more")
        if not given:
            raise ValueError("no value")
        row = TraceRow(time_s, int(link) if link else None, ChannelValues(**{str(k): v for k, v in given.items()}))
        if row.link is not None:
            check_link(row.link)
    except ValueError as error:
        raise ConfigError(f"{path}, line {line}: {error}") from None
    return row
