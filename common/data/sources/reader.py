"""Reads what a source has as checked arrays, and remembers their digests."""

import hashlib
from pathlib import Path

import numpy as np

from splitwave.common.data.dataset import Images, Split
from splitwave.common.data.sources.checks import inputs_of
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.data.sources.source import RawArray, Sensors, Source


class SourceReader:
    """The arrays of a source.

    It remembers the digest of each array that it read last, so that a process which loads the data and then reports
    their digest does not read them twice.
    """

    def __init__(self, options: SourceOptions, source: Source) -> None:
        """Read nothing yet."""
        self._options = options
        self._source = source
        self._digests: dict[tuple[int, Split, Path | None], str] = {}

    def sensors(self, data_dir: Path | None) -> int:
        """How many arrays of inputs there are: one for all devices, or one for each."""
        return self._source.sensors(self._options, data_dir) if isinstance(self._source, Sensors) else 1

    def inputs(self, sensor: int, split: Split, data_dir: Path | None) -> Images:
        """One array of inputs, checked; errors as for `Source.read_inputs`."""
        if isinstance(self._source, Sensors):
            raw = self._source.read_sensor(self._options, sensor, split, data_dir)
        else:
            raw = self._source.read_inputs(self._options, split, data_dir)
        inputs = inputs_of(raw, f"{self._options}: the {split} inputs{f' of device {sensor}' if sensor else ''}")
        self._digests[sensor, split, data_dir] = _digest(inputs)
        return inputs

    def targets(self, split: Split, data_dir: Path | None) -> RawArray:
        """The targets, as the source has them; errors as for `Source.read_targets`."""
        return self._source.read_targets(self._options, split, data_dir)

    def digest(self, split: Split, data_dir: Path | None, sensors: int) -> str:
        """SHA-256 of dtype, shape and elements of an array; of several arrays, that of their digests in order."""
        digests = []
        for sensor in range(sensors):
            if (sensor, split, data_dir) not in self._digests:
                self.inputs(sensor, split, data_dir)
            digests.append(self._digests[sensor, split, data_dir])
        return digests[0] if sensors == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _digest(array: Images) -> str:
    content = np.ascontiguousarray(array)
    digest = hashlib.sha256(f"{content.dtype.name} {content.shape}\n".encode())
    digest.update(content.data.cast("B"))
    return digest.hexdigest()
