"""Level indices over the radio as bits: index → bits → outer code → constellation, and back by hard decisions.

The index itself is written in natural binary, most significant bit first, as on the wire: of all assignments it has the
smallest mean squared error over a binary symmetric channel for a uniform quantizer [Crimmins et al., 1969]. The
constellation alone is Gray-mapped (ADR 33).

Shapes: B samples, d features, L noise draws, T+1 levels, n reals a sample on air.
"""

import numpy as np

from splitwave.channel.digital.bits import bits_of, numbers_of
from splitwave.channel.digital.constellation import CONSTELLATIONS
from splitwave.channel.digital.outer_code import OUTER_CODES
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Bytes, Float32
from splitwave.common.protocol.packing import Indices


class DigitalModem:
    """Both ends of a link in digital mode: what the device sends, and what the base station makes of it."""

    def __init__(self, config: RunConfig, bits: int | None = None) -> None:
        """Args: settings with `channel.digital.modulation`; the bits of a level, by default those of the quantizer.

        Raises:
            KeyError: they have none.
        """
        digital = config.channel.digital
        self._constellation = CONSTELLATIONS[str(digital.modulation)]
        self._code = OUTER_CODES[digital.code]
        self._dimension = config.encoder.dimension
        self._bits = bits or config.bits_per_symbol
        self._coded = digital.coded_bits(self._dimension * self._bits)
        self._symbols = digital.symbols(self._dimension * self._bits)

    @property
    def reals(self) -> int:
        """n, real numbers that a sample is on air: one a symbol of BPSK, two (I, Q) of the others."""
        return self._symbols * self._constellation.reals

    def modulate(self, indices: Indices) -> Float32:
        """(B, d) uint8 level indices to (1, B, n) float32 amplitudes, |s| ≤ 1; zero bits fill up the last symbol."""
        coded = self._code.encode(bits_of(indices, self._bits))
        padded = np.zeros((len(indices), self._symbols * self._constellation.bits), dtype=np.uint8)
        padded[:, : coded.shape[1]] = coded
        return self._constellation.modulate(padded)[None]

    def demodulate(self, received: Float32, levels: Float32) -> Float32:
        """Decide each symbol by itself, and look the levels of the decided indices up.

        Args:
            received: (L, B, n) float32 behind the channel and its equaliser; or (L, B, n + c) where the receiver adds
                c inputs of the base station's network, which are unchanged.
            levels: (T+1,) float32, the codebook of the block; decided indices above T count as T.

        Returns:
            (L, B, d) or (L, B, d + c) float32; zeros for a lost sample, as for a lost link.
        """
        on_air = received[..., : self.reals]
        decided = levels[np.minimum(self.indices(on_air), len(levels) - 1)]
        decided[~on_air.any(axis=-1)] = 0.0
        inputs = received[..., self.reals :]
        return np.concatenate([decided, inputs], axis=-1) if inputs.shape[-1] else decided

    def indices(self, received: Float32) -> Indices:
        """(L, B, n) float32 amplitudes to (L, B, d) uint8 decided indices, each < 2^bits."""
        count = self._dimension * self._bits
        bits: Bytes = self._code.decode(self._decided(received), count)
        return numbers_of(bits, self._bits)

    def _decided(self, received: Float32) -> Bytes:
        """The bits on air without those that filled the last symbol up."""
        return self._constellation.decide(received)[..., : self._coded]
