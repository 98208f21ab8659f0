"""A result of `splitwave bench` as `result.json` records it: its ratios, and the conditions of the measurement."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, JsonValue, ValidationError

from splitwave.benchmarks.readings.targets import target_of
from splitwave.common.errors import DataError

RATIO = "x"
"""The unit of a ratio of two sides."""


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class RecordedReading(_Record):
    """A reading, with its value in each repetition."""

    name: str
    unit: str
    repetitions: Annotated[tuple[FiniteFloat, ...], Field(min_length=1)]


class RecordedBenchmark(_Record):
    """A benchmark: its readings, its parameters, and the complete settings of each side."""

    benchmark: str
    validity: str
    settings: dict[str, JsonValue]
    configs: dict[str, JsonValue]
    readings: tuple[RecordedReading, ...]


class RecordedEnvironment(_Record):
    """The origin of a result. Results older than the entry `cpu_vectors` lack it."""

    command: tuple[str, ...]
    commit: str | None
    cpu_model: str
    cpu_vectors: str | None = None
    cores: tuple[int, ...]


class RecordedResult(_Record):
    """The part of a `result.json` that is compared."""

    environment: RecordedEnvironment
    scope: dict[str, JsonValue]
    benchmarks: tuple[RecordedBenchmark, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            DataError: it is missing, unreadable or damaged, or no result of `splitwave bench`; the message is one line.
        """
        try:
            if path.exists() and not path.is_file():  # reading a pipe would wait for its other end
                raise DataError("is not a file")
            return cls.parse(path.read_bytes())
        except OSError as error:
            raise DataError(error.strerror or str(error)) from None

    @classmethod
    def parse(cls, text: bytes | str) -> Self:
        """Parse the content of a file.

        Raises:
            DataError: it is damaged, or no result of `splitwave bench`; the message is one line.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            message = f"{place}: {first['msg']}" if place else first["msg"]
            raise DataError(f"is no result of `splitwave bench`: {message}") from None

    @property
    def ratios(self) -> Mapping[str, tuple[float, ...]]:
        """The ratios that have a target, by name, with their value in each repetition."""
        return {
            reading.name: reading.repetitions
            for benchmark in self.benchmarks
            for reading in benchmark.readings
            if reading.unit == RATIO and target_of(reading.name) is not None
        }

    @property
    def conditions(self) -> Mapping[str, JsonValue]:
        """The conditions, besides the code, that a ratio may depend on, by dotted name.

        Names begin with `processor` or `scope` if the condition concerns all ratios, otherwise with the benchmark.
        """
        machine = self.environment
        processor = {"model": machine.cpu_model, "vectors": machine.cpu_vectors, "cores": len(machine.cores)}
        conditions: dict[str, JsonValue] = {
            f"processor.{name}": value for name, value in processor.items() if value is not None
        }
        conditions |= _leaves("scope", self.scope)
        for each in self.benchmarks:
            conditions[f"{each.benchmark}.validity"] = each.validity
            conditions |= _leaves(f"{each.benchmark}.settings", each.settings)
            conditions |= _leaves(f"{each.benchmark}.configs", each.configs)
        return conditions


def _leaves(prefix: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """Yield every value below a mapping with its dotted name; a list is one value."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _leaves(f"{prefix}.{name}", below)
    else:
        yield prefix, value
