"""Data sets that are simulated where they are needed: no file, the same samples at every party.

A split is generated in chunks, each from a generator of its own, which bounds the memory that the paths take.
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

from splitwave.common.data import bluetooth_tones, wifi_csi
from splitwave.common.data.dataset import ImageShape, Split
from splitwave.common.data.multipath import Propagation, draw_paths
from splitwave.common.randomness import Purpose, generator
from splitwave.common.tasks.task import SPEED_OF_LIGHT_M_S, Regression

Measure = Callable[
    [Propagation, int, np.random.Generator],
    tuple[NDArray[np.float32], NDArray[np.float32]],
]

CHUNK = 2000
"""Samples a generator."""

VERSION = 1
"""Of what the parameters below mean; whoever changes a generator raises it."""

OFFICE = Propagation()

_PLACES: dict[Split, int] = {"train": 0, "test": 1}


@dataclass(frozen=True, slots=True)
class Simulation:
    """A simulated data set; the answer to a sample is the delay of its line of sight.

    Attributes:
        name: as in `data.name`.
        measure: what one chunk of devices measures, which begins by drawing its paths.
        shape: (C, H, W) of a sample, of whatever shape `measure` gives them.
        constants: the numbers in `measure`, by name.
        propagation: the room.
        seed: of both splits, whose generators differ by split and chunk.
        train_samples, test_samples: N of each.
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
        """(C, H, W) of what is measured."""
        return self.shape

    @property
    def TASK(self) -> Regression:  # noqa: N802 — likewise
        """The delay, standardised by the law of the distance, which is uniform."""
        low_m, high_m = self.propagation.distance_m
        metres_to_ns = 1e9 / SPEED_OF_LIGHT_M_S
        return Regression(metres_to_ns * (low_m + high_m) / 2, metres_to_ns * (high_m - low_m) / math.sqrt(12))

    @property
    def DOWNLOADED(self) -> None:  # noqa: N802 — likewise
        """There is nothing to download."""
        return

    def load_images(self, split: Split, _data_dir: Path | None) -> NDArray[np.float32]:
        """(N, C, H, W) float32 measurements, read-only: a process keeps them; no directory is looked at."""
        return _measurements(self, split)

    def load_labels(self, split: Split, _data_dir: Path | None) -> NDArray[np.float32]:
        """(N,) float32 nanoseconds; nothing is measured for it."""
        delays = [
            draw_paths(self.propagation, samples, rng).line_of_sight_ns.astype(np.float32)
            for samples, rng in self._chunks(split)
        ]
        return np.concatenate(delays)

    def content_digest(self, split: Split, _data_dir: Path | None) -> str:
        """SHA-256 of all that the split is made from, not of its numbers.

        The last bits of an exponential may differ between two machines, whose data are the same for all that.
        """
        recipe = {**self.parameters, "split": split, "samples": self._samples(split)}
        return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()

    def verify(self, split: Split, _data_dir: Path | None) -> int:
        """N of a split; nothing can be wrong with it."""
        return self._samples(split)

    @property
    def parameters(self) -> Mapping[str, object]:
        """Everything by name that both splits are made from."""
        shared = {"name": self.name, "version": VERSION, "seed": self.seed, "chunk": CHUNK, "shape": self.shape}
        return {**shared, **dict(self.constants), **asdict(self.propagation)}

    def measured(self, split: Split) -> Iterator[NDArray[np.float32]]:
        """What is measured, chunk by chunk, in the shape of the measurement."""
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
    """Both splits of the data set that a process works on."""
    parts = [part.reshape(-1, *simulation.shape) for part in simulation.measured(split)]
    measurements = np.concatenate(parts)
    measurements.flags.writeable = False
    return measurements


BLUETOOTH_TONES = Simulation(
    "bluetooth-tones",
    bluetooth_tones.measure,
    (2, 1, len(bluetooth_tones.TONES_HZ)),
    (("first_tone_hz", float(bluetooth_tones.TONES_HZ[0])), ("last_tone_hz", float(bluetooth_tones.TONES_HZ[-1]))),
)
WIFI_CSI = Simulation(
    "wifi-csi",
    wifi_csi.measure,
    (2, wifi_csi.ANTENNAS, wifi_csi.SUBCARRIERS),
    (
        ("carrier_hz", wifi_csi.CARRIER_HZ),
        ("bandwidth_hz", wifi_csi.BANDWIDTH_HZ),
        ("spacing_m", wifi_csi.SPACING_M),
    ),
    seed=1,
)
