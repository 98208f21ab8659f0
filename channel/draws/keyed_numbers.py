"""Random numbers of groups of consecutive samples, whatever block asks for them.

Shapes: B samples of a block, L draws.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splitwave.common.protocol.sample_positions import SamplePositions
from splitwave.common.randomness import Purpose, generator

CHUNK = 64
"""Groups that one generator gives numbers to: starting one takes as long as a few hundred numbers."""

_MODEL = 1 << 32


@dataclass(frozen=True, slots=True)
class KeyedNumbers:
    """The random numbers of one model on one link, keyed (ADR 3) by the place of a sample in time.

    A sample at position n belongs to group ⌊n / coherence⌋, and all samples of a group have the same numbers. They are
    drawn for `CHUNK` groups at once, so that they depend neither on the block that a sample travels in nor on earlier
    samples.

    Attributes:
        seed: of the run.
        purpose: of the numbers.
        link: index of the link.
        model: tells models apart that draw with the same purpose. Part of the reproducibility contract.
    """

    seed: int
    purpose: Purpose
    link: int
    model: int = 0

    def generator(self, positions: SamplePositions, draw: int, chunk: int = 0) -> np.random.Generator:
        """The generator of one chunk of a process of samples, in draw `draw` of L."""
        return generator(
            self.seed,
            self.purpose,
            link=self.link,
            phase=positions.phase,
            step=chunk,
            micro_batch=positions.process,
            draw=self.model * _MODEL + draw,
        )

    def normals(self, positions: SamplePositions, coherence: int, draws: int, width: int) -> NDArray[np.float64]:
        """(L, B, width) float64 of N(0, 1); draw l is the same for any L.

        Args:
            positions: of the block's B samples.
            coherence: samples of a group, ≥ 1.
            draws: L.
            width: numbers that a group needs.
        """
        chunk, start = divmod(positions.first, CHUNK * coherence)
        groups = (start + np.arange(positions.samples, dtype=np.int64)) // coherence
        chunks = int(groups[-1]) // CHUNK + 1 if len(groups) else 0
        numbers = np.empty((draws, chunks, CHUNK, width))
        for draw in range(draws):
            for number in range(chunks):
                self.generator(positions, draw, chunk + number).standard_normal(out=numbers[draw, number])
        return numbers.reshape(draws, chunks * CHUNK, width)[:, groups]
