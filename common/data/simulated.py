"""Data sets that every party simulates for itself: there is no file, and all parties get the same samples.

A split is generated in chunks, each with its own random generator, which bounds the memory that the paths take.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.dataset import ImageShape, Split
from splitwave.common.data.multipath import Propagation, draw_paths
from splitwave.common.randomness import Purpose, generator
from splitwave.common.tasks.regression import SPEED_OF_LIGHT_M_S, Regression

Measure = Callable[
    [Propagation, int, np.random.Generator],
    tuple[NDArray[np.float32], NDArray[np.float32]],
]

CHUNK = 2000
"""Samples that one random generator makes."""

VERSION = 1
"""A part of every digest; raise it with any change of what a measurement generates."""

OFFICE = Propagation()

_PLACES: dict[Split, int] = {"train": 0, "test": 1}


@dataclass(frozen=True, slots=True)
class Simulation:
    """A simulated data set; the target of a sample is the delay of its line of sight.

    Attributes:
        name: the name in `data.name`.
        measure: simulates a chunk of samples; it must begin with `draw_paths`.
        shape: (C, H, W) of a sample, to which the measurements are reshaped.
        constants: the constants of `measure` by name, for the digest.
        propagation: the parameters of the room.
        seed: seeds the generators, which differ by split and chunk.
        train_samples, test_samples: N of each split.
    """

    name: str
    measure: Measure
    shape: ImageShape
    constants: tuple[tuple[str, float], ...]
    propagation: Propagation = OFFICE
    seed: int = 0
    train_samples: int = 40_000
    test_samples: int = 10_000

    @property
    def IMAGE_SHAPE(self) -> ImageShape:  # noqa: N802 — the protocol's name
        """(C, H, W) of a sample."""
        return self.shape

    @property
    def TASK(self) -> Regression:  # noqa: N802 — likewise
        """Estimate the delay, standardised by mean and deviation of the uniform distribution of distances."""
        low_m, high_m = self.propagation.distance_m
        metres_to_ns = 1e9 / SPEED_OF_LIGHT_M_S
        return Regression(metres_to_ns * (low_m + high_m) / 2, metres_to_ns * (high_m - low_m) / math.sqrt(12))

    @property
    def DOWNLOADED(self) -> None:  # noqa: N802 — likewise
        """There is nothing to download."""
        return

    def load_images(self, split: Split, _data_dir: Path | None) -> NDArray[np.float32]:
        """(N, C, H, W) float32 measurements, read-only because the process keeps them; `_data_dir` is ignored."""
        return _measurements(self, split)

    def load_labels(self, split: Split, _data_dir: Path | None) -> NDArray[np.float32]:
        """(N,) float32 nanoseconds; only the paths are drawn, nothing is measured."""
        delays = [
            draw_paths(self.propagation, samples, rng).line_of_sight_ns.astype(np.float32)
            for samples, rng in self._chunks(split)
        ]
        return np.concatenate(delays)

    def content_digest(self, split: Split, _data_dir: Path | None) -> str:
        """SHA-256 of all parameters of the split, not of its samples.

        The last bits of an exponential may differ between two machines, whose data count as the same nevertheless.
        """
        recipe = {**self.parameters, "split": split, "samples": self._samples(split)}
        return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()

    def verify(self, split: Split, _data_dir: Path | None) -> int:
        """N of a split; there is nothing to check."""
        return self._samples(split)

    @property
    def parameters(self) -> Mapping[str, object]:
        """All parameters of both splits by name."""
        shared = {"name": self.name, "version": VERSION, "seed": self.seed, "chunk": CHUNK, "shape": self.shape}
        return {**shared, **dict(self.constants), **asdict(self.propagation)}

    def measured(self, split: Split) -> Iterator[NDArray[np.float32]]:
        """The measurements, chunk by chunk, in the shape that `measure` gives them."""
        for samples, rng in self._chunks(split):
            yield self.measure(self.propagation, samples, rng)[0]

    def _samples(self, split: Split) -> int:
        return self.train_samples if split == "train" else self.test_samples

    def _chunks(self, split: Split) -> Iterator[tuple[int, np.random.Generator]]:
        total, place = self._samples(split), _PLACES[split]
        for number, first in enumerate(range(0, total, CHUNK)):
            rng = generator(self.seed, Purpose.SIMULATED_DATA, phase=place, step=number)
            yield min(CHUNK, total - first), rng


@lru_cache(maxsize=2)
def _measurements(simulation: Simulation, split: Split) -> NDArray[np.float32]:
    """The measurements of a split, kept for both splits of the data set that a process works on."""
    parts = [part.reshape(-1, *simulation.shape) for part in simulation.measured(split)]
    measurements = np.concatenate(parts)
    measurements.flags.writeable = False
    return measurements
