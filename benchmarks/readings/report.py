"""What a benchmark hands back: readings, the raw samples behind them, and whether they may be believed."""

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
    """Whether the numbers of a benchmark may be quoted."""

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
        configs: the settings with which each side ran, whole, as JSON.
        readings: in the order in which they are printed.
        problems: why its numbers must not be quoted although it is complete: the machine was busy, say.
        faults: what a busy machine does not explain: it failed, or is incomplete, or computed something else.
        passes: the load and the rules of each load pass, by its name in `samples`.
        samples: raw nanoseconds by name, for `samples.npz`.
        tables: text for people, printed below the readings.
        cores_of_others: processors that other programs kept busy meanwhile, on average.
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
        """Take a reading down; its name is prefixed with the benchmark's."""
        reading = Reading(f"{self.benchmark}.{name}", unit, tuple(map(float, repetitions)))
        self.readings.append(reading)
        return reading

    def add_ratio(self, name: str, above: Sequence[float], below: Sequence[float]) -> Reading:
        """Take down the quotient of two sides, repetition by repetition, as they were measured in turn."""
        return self.add(name, "x", [a / b for a, b in zip(above, below, strict=True)])

    def ran(self, side: str, config: RunConfig, *, threads: int | None = None) -> RunConfig:
        """Take down the settings of a side, and give them back.

        Args:
            side: its name among the readings.
            config: its settings.
            threads: torch's in the side's process, where they are not `runtime.torch_threads`.
        """
        if threads is not None:
            config = config.model_copy(update={"runtime": config.runtime.model_copy(update={"torch_threads": threads})})
        self.configs[side] = config.model_dump(mode="json")
        return config

    def failed(self, error: Exception) -> None:
        """Take down that it failed, which ended it."""
        self.faults.append(f"failed: {type(error).__name__}: {error}")
        if isinstance(error, SplitwaveError):
            self._failed_with = error.exit_code

    @property
    def reasons(self) -> list[str]:
        """Why it is INVALID, faults first; empty if it is VALID."""
        return [*self.faults, *self.problems]

    @property
    def validity(self) -> Validity:
        """VALID without faults and problems."""
        return Validity.INVALID if self.reasons else Validity.VALID

    @property
    def exit_code(self) -> ExitCode:
        """OK without faults, however busy the machine was; else the failure's own."""
        return self._failed_with if self.faults else ExitCode.OK

    def to_json(self) -> Json:
        """Everything but the samples."""
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
