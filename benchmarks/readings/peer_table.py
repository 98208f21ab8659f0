"""Splitwave and its competitors in one table, with the ratios of Splitwave to each of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from splitwave.benchmarks.readings.percentiles import percentile
from splitwave.benchmarks.readings.report import Report, Samples

OURS = "splitwave"
"""The side that is divided by all others."""
OUR_SHARDS = "splitwave_2_shards"
OUR_ONE_PROCESS = "splitwave_one_process"
BARE_TORCH = "torch_2_threads"
QUERIES = "single"
"""The case of single samples; the cases of trainings are b64, b256 and so on."""
_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class SideTimes:
    """One repetition of one side.

    Attributes:
        step_s: seconds per training step, by batch size; empty if the side does not train.
        query_ns: (queries,) int64 nanoseconds; empty if the side answers no queries.
    """

    step_s: Mapping[int, float]
    query_ns: Samples

    def step_ms(self, batch: int) -> float | None:
        """Milliseconds per step; None if not measured."""
        return 1e3 * self.step_s[batch] if batch in self.step_s else None

    def query_ms(self, percent: float) -> float | None:
        """Percentile of the queries in milliseconds; None if not measured."""
        return percentile(self.query_ns, percent) / 1e6 if self.query_ns.size else None


Rounds = Sequence[SideTimes | None]
"""The repetitions of one side; None for one that failed."""
_Quantity = Callable[[SideTimes], float | None]


def paired_ratios(above: Rounds, below: Rounds, quantity: _Quantity) -> list[float]:
    """The ratio of two sides in each repetition in which both were measured."""
    values = zip(_values(above, quantity), _values(below, quantity), strict=True)
    return [a / b for a, b in values if a is not None and b is not None]


def add_peer_readings(report: Report, sides: Mapping[str, Rounds]) -> None:
    """Add the times of all sides, and the ratios of Splitwave to each of them, as far as they were measured."""
    for batch in _batches(sides):
        quantity = partial(_step_ms, batch)
        _add_times(report, f"b{batch}.{{}}", "ms a step", sides, quantity)
        _add_ratios(report, f"b{batch}.over_{{}}", sides, quantity)
        for name, above, below in (
            ("shards_over_one_process", OUR_SHARDS, OUR_ONE_PROCESS),
            ("one_process_over_torch", OUR_ONE_PROCESS, BARE_TORCH),
        ):
            _add(report, f"b{batch}.{name}", "x", paired_ratios(sides[above], sides[below], quantity))
    for percent in (50, 99):
        quantity = partial(_query_ms, percent)
        _add_times(report, f"{QUERIES}.{{}}.p{percent}", "ms", sides, quantity)
        _add_ratios(report, f"{QUERIES}.p{percent}_over_{{}}", sides, quantity)


def peer_table(sides: Mapping[str, Rounds]) -> str:
    """One line per side: medians in milliseconds, and beside each the median ratio of Splitwave to this side."""
    columns: dict[str, _Quantity] = {f"B = {batch}": partial(_step_ms, batch) for batch in _batches(sides)}
    columns |= {f"p{percent}": partial(_query_ms, percent) for percent in (50, 99)}
    head = "".join(f"{name:>10}{'ratio':>7}" for name in columns)
    lines = [f"ms a training step (B) and a single sample (p); ratio: {OURS} over the side", f"{'side':<24}{head}"]
    for name, rounds in sides.items():
        cells = [_cells(sides[OURS], rounds, quantity) for quantity in columns.values()]
        lines.append(f"{name:<24}{''.join(cells)}")
    return "\n".join(lines)


def _cells(ours: Rounds, rounds: Rounds, quantity: _Quantity) -> str:
    values, ratios = _measured(rounds, quantity), paired_ratios(ours, rounds, quantity)
    value = f"{median(values):.2f}" if values else _NOTHING
    ratio = f"{median(ratios):.2f}" if ratios else _NOTHING
    return f"{value:>10}{ratio:>7}"


def _add_times(report: Report, name: str, unit: str, sides: Mapping[str, Rounds], quantity: _Quantity) -> None:
    for side, rounds in sides.items():
        _add(report, name.format(side), unit, _measured(rounds, quantity))


def _add_ratios(report: Report, name: str, sides: Mapping[str, Rounds], quantity: _Quantity) -> None:
    for side, rounds in sides.items():
        if side != OURS:
            _add(report, name.format(side), "x", paired_ratios(sides[OURS], rounds, quantity))


def _add(report: Report, name: str, unit: str, values: Sequence[float]) -> None:
    if values:
        report.add(name, unit, values)


def _batches(sides: Mapping[str, Rounds]) -> list[int]:
    return sorted({batch for times in _all(sides.values()) for batch in times.step_s})


def _all(sides: Iterable[Rounds]) -> Iterable[SideTimes]:
    return (times for rounds in sides for times in rounds if times is not None)


def _measured(rounds: Rounds, quantity: _Quantity) -> list[float]:
    return [value for value in _values(rounds, quantity) if value is not None]


def _values(rounds: Rounds, quantity: _Quantity) -> list[float | None]:
    return [None if times is None else quantity(times) for times in rounds]


def _step_ms(batch: int, times: SideTimes) -> float | None:
    return times.step_ms(batch)


def _query_ms(percent: float, times: SideTimes) -> float | None:
    return times.query_ms(percent)
