"""Phase noise: the receiver's carrier phase is off by φ, so that a real symbol is received as cos φ of itself.

Where the radio carries QPSK or 16-QAM (`channel.digital.modulation`), consecutive symbols (2i, 2i+1) are I and Q, and
are rotated: I' + jQ' = (I + jQ)·exp(jφ).
"""

from typing import Literal

import numpy as np

from splitwave.channel.draws.options import check_choice, number
from splitwave.channel.draws.pairs import symbol_count
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances
from splitwave.common.randomness import Purpose, generator


class PhaseNoiseChannel:
    """One link's phase noise; the realisation is the phases φ in radians, (L, B, d) float32, or (L, B, ⌈d/2⌉) of pairs.

    `independent`: φ ~ N(0, std²) at every use of the link, E cos φ = exp(−std²/2). `wiener`: a random walk with steps
    N(0, std²), which the receiver's phase recovery sets back to 0 before each sample: the i-th use of the link has
    variance (i + 1)·std². A symbol without a partner, the last of an odd number, is a real one.
    """

    is_additive = False

    def __init__(
        self,
        config: RunConfig,
        link: int,
        *,
        std_deg: float,
        kind: Literal["independent", "wiener"] = "independent",
    ) -> None:
        """Set up a link.

        Args:
            config: the run's settings.
            link: index of the link.
            std_deg: standard deviation in degrees, of the phase or of its steps, 0 to 180.
            kind: of the process.

        Raises:
            ValueError: an option is out of range.
        """
        self._seed, self._link = config.seed, link
        self._std = np.float32(np.deg2rad(number("std_deg", std_deg, 0, 180)))
        check_choice("kind", kind, ("independent", "wiener"))
        self._walks = kind == "wiener"
        self._in_pairs = config.channel.digital.carries_pairs

    def draw(self, key: BlockKey, shape: BlockShape) -> Float32:
        """The phases of a block, keyed by (seed, link, block, draw)."""
        draws, samples, dimension = shape
        phases = np.empty((draws, samples, symbol_count(dimension, self._in_pairs)), dtype=np.float32)
        for copy in range(draws):
            rng = generator(
                self._seed,
                Purpose.PHASE_NOISE,
                link=self._link,
                phase=key.phase,
                step=key.step,
                micro_batch=key.micro_batch,
                draw=copy,
            )
            rng.standard_normal(out=phases[copy], dtype=np.float32)
        phases *= self._std
        return np.cumsum(phases, axis=-1, dtype=np.float32) if self._walks else phases

    def apply(self, symbols: Float32, realisation: Float32) -> Float32:
        """z̃·cos φ, or pairs turned by φ."""
        return _turned(symbols, realisation) if self._in_pairs else symbols * np.cos(realisation)

    def adjoint(self, gradient: Float32, realisation: Float32) -> Float32:
        """∂CE/∂ẑ·cos φ, or pairs turned back."""
        return _turned(gradient, -realisation) if self._in_pairs else gradient * np.cos(realisation)

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002
        """`behind`: devices do not know the phase, and the rate without phase noise bounds that with it from above."""
        return behind


def _turned(values: Float32, phases: Float32) -> Float32:
    """(L, B, d) pairs (I, Q) times exp(jφ)."""
    pairs = values.shape[-1] // 2
    cosine, sine = np.cos(phases), np.sin(phases)
    turned = np.empty(np.broadcast_shapes(values.shape, (len(phases), 1, 1)), dtype=np.float32)
    i, q = values[..., : 2 * pairs : 2], values[..., 1 : 2 * pairs : 2]
    turned[..., : 2 * pairs : 2] = i * cosine[..., :pairs] - q * sine[..., :pairs]
    turned[..., 1 : 2 * pairs : 2] = i * sine[..., :pairs] + q * cosine[..., :pairs]
    if values.shape[-1] > 2 * pairs:
        turned[..., -1] = values[..., -1] * cosine[..., -1]
    return turned
