"""What a benchmark hands back: readings, the raw samples behind them, and whether they may be believed."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from benchmarks.targets import Verdict, target_of

Json = Mapping[str, object]
Samples = NDArray[np.int64]


class Validity(StrEnum):
    """Whether a benchmark measured what it says."""

    VALID = "VALID"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Reading:
    """One number, from one or more repetitions.

    Attributes:
        name: `benchmark.case.quantity`, by which it finds its target.
        unit: of the number; "x" for a ratio.
        repetitions: its value in each repetition, at least one.
    """

    name: str
    unit: str
    repetitions: tuple[float, ...]

    @property
    def value(self) -> float:
        """The median of the repetitions."""
        return statistics.median(self.repetitions)

    @property
    def verdict(self) -> Verdict | None:
        """PASS or MISS; None without a target."""
        target = target_of(self.name)
        return None if target is None else target.verdict(self.value)

    def to_json(self) -> Json:
        """With all repetitions, their range, and the target."""
        target = target_of(self.name)
        return {
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "low": min(self.repetitions),
            "high": max(self.repetitions),
            "repetitions": list(self.repetitions),
            "target": None if target is None else str(target),
            "verdict": self.verdict,
        }


@dataclass(slots=True)
class Report:
    """One benchmark's outcome.

    Attributes:
        benchmark: `training`, `latency`, …
        settings: what was measured, as JSON.
        readings: in the order in which they are printed.
        problems: why it may not be believed; empty if it may.
        samples: raw nanoseconds by name, for `samples.npz`.
        tables: text for people, printed below the readings.
        cores_of_others: processors that other programs kept busy meanwhile, on average.
    """

    benchmark: str
    settings: Json
    readings: list[Reading] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    samples: dict[str, Samples] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    cores_of_others: float = 0.0

    def add(self, name: str, unit: str, repetitions: Sequence[float]) -> Reading:
        """Take a reading down; its name is prefixed with the benchmark's."""
        reading = Reading(f"{self.benchmark}.{name}", unit, tuple(map(float, repetitions)))
        self.readings.append(reading)
        return reading

    def add_ratio(self, name: str, above: Sequence[float], below: Sequence[float]) -> Reading:
        """Take down the quotient of two sides, repetition by repetition, as they were measured in turn."""
        return self.add(name, "x", [a / b for a, b in zip(above, below, strict=True)])

    @property
    def validity(self) -> Validity:
        """VALID without problems."""
        return Validity.INVALID if self.problems else Validity.VALID

    def to_json(self) -> Json:
        """Everything but the samples."""
        return {
            "benchmark": self.benchmark,
            "validity": self.validity,
            "problems": list(self.problems),
            "cores_of_others": self.cores_of_others,
            "settings": dict(self.settings),
            "readings": [reading.to_json() for reading in self.readings],
            "tables": list(self.tables),
        }


def report_from_json(content: Json) -> Report:
    """What `Report.to_json` gave, without the samples; targets are those of this version.

    Raises:
        ValueError: a field is missing or of the wrong kind.
    """
    match content:
        case {
            "benchmark": str(benchmark),
            "settings": dict(settings),
            "readings": list(readings),
            "problems": list(problems),
            "tables": list(tables),
            "cores_of_others": float(others),
        }:
            report = Report(benchmark, settings, problems=problems, tables=tables, cores_of_others=others)
        case _:
            raise ValueError(f"not a benchmark's report: it has {sorted(content)}")
    report.readings += [_reading_from_json(each) for each in readings]
    return report


def _reading_from_json(content: Json) -> Reading:
    match content:
        case {"name": str(name), "unit": str(unit), "repetitions": list(repetitions)} if repetitions:
            return Reading(name, unit, tuple(map(float, repetitions)))
    raise ValueError(f"not a reading: {content}")
