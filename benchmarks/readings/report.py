"""The report of a benchmark: its readings, the raw samples behind them, and whether they are valid."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from splitwave.benchmarks.readings.targets import Verdict, target_of
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import SplitwaveError
from splitwave.common.exit_codes import ExitCode

Json = Mapping[str, object]
Samples = NDArray[np.int64]


class Validity(StrEnum):
    """Whether the numbers of a benchmark are reliable."""

    VALID = "VALID"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured quantity, from one or more repetitions.

    Attributes:
        name: `benchmark.case.quantity`; also the key of its target.
        unit: unit of the value; "x" for a ratio.
        repetitions: the value in each repetition, at least one.
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
        """Whether the target is met; None without a target."""
        target = target_of(self.name)
        return None if target is None else target.verdict(self.value)

    def to_json(self) -> Json:
        """Return the reading as JSON, with all repetitions, their range, and the target."""
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
    """The results of one benchmark.

    Attributes:
        benchmark: name of the benchmark, such as `training`.
        settings: parameters of the benchmark, as JSON.
        configs: the complete settings of each side, as JSON.
        readings: the readings, in the order in which they are printed.
        problems: reasons why complete numbers are unreliable, such as a busy machine.
        faults: errors that a busy machine does not explain: a failure, missing data or wrong results.
        passes: the workload and the rules of each load pass, by its name in `samples`.
        samples: raw nanoseconds by name, for `samples.npz`.
        tables: text tables, printed below the readings.
        cores_of_others: average number of processors kept busy by other programs during the benchmark.
    """

    benchmark: str
    settings: Json
    configs: dict[str, Json] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    passes: dict[str, Json] = field(default_factory=dict)
    samples: dict[str, Samples] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    cores_of_others: float = 0.0
    _failed_with: ExitCode = ExitCode.FAILURE

    def add(self, name: str, unit: str, repetitions: Sequence[float]) -> Reading:
        """Add a reading; its name is prefixed with the benchmark's."""
        reading = Reading(f"{self.benchmark}.{name}", unit, tuple(map(float, repetitions)))
        self.readings.append(reading)
        return reading

    def add_ratio(self, name: str, above: Sequence[float], below: Sequence[float]) -> Reading:
        """Add the ratio of two sides in each repetition; the sides must have been measured alternately."""
        return self.add(name, "x", [a / b for a, b in zip(above, below, strict=True)])

    def record_config(self, side: str, config: RunConfig, *, threads: int | None = None) -> RunConfig:
        """Record the settings of a side, and return them.

        Args:
            side: name of the side in the readings.
            config: settings of the side.
            threads: torch threads of the side's process, if they differ from `runtime.torch_threads`.
        """
        if threads is not None:
            config = config.model_copy(update={"runtime": config.runtime.model_copy(update={"torch_threads": threads})})
        self.configs[side] = config.model_dump(mode="json")
        return config

    def record_failure(self, error: Exception) -> None:
        """Record the error that ended the benchmark."""
        self.faults.append(f"failed: {type(error).__name__}: {error}")
        if isinstance(error, SplitwaveError):
            self._failed_with = error.exit_code

    @property
    def reasons(self) -> list[str]:
        """The reasons why the report is INVALID, faults first; empty if it is VALID."""
        return [*self.faults, *self.problems]

    @property
    def validity(self) -> Validity:
        """VALID if there are neither faults nor problems."""
        return Validity.INVALID if self.reasons else Validity.VALID

    @property
    def exit_code(self) -> ExitCode:
        """OK without faults, even on a busy machine; otherwise the exit code of the failure."""
        return self._failed_with if self.faults else ExitCode.OK

    def to_json(self) -> Json:
        """Return everything except the samples as JSON."""
        return {
            "benchmark": self.benchmark,
            "validity": self.validity,
            "problems": list(self.problems),
            "faults": list(self.faults),
            "cores_of_others": self.cores_of_others,
            "settings": dict(self.settings),
            "configs": dict(self.configs),
            "passes": dict(self.passes),
            "readings": [reading.to_json() for reading in self.readings],
            "tables": list(self.tables),
        }
