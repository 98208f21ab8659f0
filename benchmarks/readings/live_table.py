"""The tables of live queries: hop by hop on all sides, and the device processes of both kinds."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from splitwave.benchmarks.readings.live_times import LIVE_HOPS, LinkTimes, hop_ms, part_ms, query_ms

Rounds = Sequence[Sequence[LinkTimes]]
"""The links' times of each repetition."""
_PERCENTS = (50.0, 99.0)
_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides of one table whose ratio is its last column.

    Attributes:
        title: line above the table.
        sides: the names of the columns, each of which has a p50 and a p99.
        ratio: the name of the last column.
        above, below: the sides of the ratio of p50.
    """

    title: str
    sides: tuple[str, ...]
    ratio: str
    above: str
    below: str


def live_hop_table(comparison: Comparison, rounds: Mapping[str, Rounds]) -> str:
    """One line per hop, then the whole part and the whole query: milliseconds, medians of the repetitions.

    The ratio is the median of the ratios of each repetition, in which both sides were measured in turn. Medians of
    hops need not add up to that of the whole.
    """
    heads = [f"{side + ' p50':>20}{'p99':>9}" for side in comparison.sides]
    lines = [comparison.title, f"{'hop, ms':<22}{''.join(heads)}{comparison.ratio:>13}"]
    lines += [_line(hop, comparison, rounds, _of_hop(hop)) for hop in LIVE_HOPS]
    lines.append(_line("one part", comparison, rounds, part_ms))
    lines.append(_line("query, all links", comparison, rounds, query_ms))
    return "\n".join(lines)


def device_table(measured: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """One line per kind of device process: medians of each quantity."""
    quantities = list(next(iter(measured.values())))
    lines = [f"{'device process':<22}{''.join(f'{each:>20}' for each in quantities)}"]
    for kind, values in measured.items():
        lines.append(f"{kind:<22}{''.join(f'{median(values[each]):>20.2f}' for each in quantities)}")
    return "\n".join(lines)


def settings_table(settings: Mapping[str, object]) -> str:
    """One line per setting."""
    width = max(map(len, settings))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in settings.items())


def write_hops(path: Path, rounds: Mapping[str, Rounds]) -> None:
    """Write p50 and p99 of each hop, by side and repetition, as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["side", "repetition", "hop", "p50_ms", "p99_ms"])
        for side, repetitions in rounds.items():
            for number, links in enumerate(repetitions):
                writer.writerows(
                    [side, number, hop, *(f"{hop_ms(links, hop, percent):.6f}" for percent in _PERCENTS)]
                    for hop in LIVE_HOPS
                )


_Percentile = Callable[[Sequence[LinkTimes], float], float]


def _of_hop(hop: str) -> _Percentile:
    return lambda links, percent: hop_ms(links, hop, percent)


def _line(name: str, comparison: Comparison, rounds: Mapping[str, Rounds], of: _Percentile) -> str:
    cells = []
    for side in comparison.sides:
        middle, slow = (median(of(links, percent) for links in rounds[side]) for percent in _PERCENTS)
        cells.append(f"{middle:>20.3f}{slow:>9.3f}")
    return f"{name:<22}{''.join(cells)}{_ratio(comparison, rounds, of):>13}"


def _ratio(comparison: Comparison, rounds: Mapping[str, Rounds], of: _Percentile) -> str:
    pairs = [
        (of(above, 50), of(below, 50))
        for above, below in zip(rounds[comparison.above], rounds[comparison.below], strict=True)
    ]
    if any(below <= 0 for _, below in pairs):
        return _NOTHING
    return f"{median(above / below for above, below in pairs):.2f}"
