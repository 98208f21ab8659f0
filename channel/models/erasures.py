"""Independent erasures: ẑ = m·z̃ with m = 0 at a given probability, else 1."""

from typing import Literal

import numpy as np

from splitwave.channel.draws.options import check_choice, number
from splitwave.channel.draws.pairs import per_real, symbol_count
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances
from splitwave.common.randomness import Purpose, generator


class ErasureChannel:
    """One link's erasures; the realisation is the mask m of zeros and ones, (L, B, d) float32, or (L, B, 1).

    An erased symbol arrives as 0, I and Q of QPSK and 16-QAM alike, and meets the noise of the models behind this one.
    """

    is_additive = False

    def __init__(
        self, config: RunConfig, link: int, *, probability: float, unit: Literal["symbol", "sample"] = "symbol"
    ) -> None:
        """Set up a link.

        Args:
            config: the run's settings.
            link: index of the link.
            probability: of an erasure, in [0, 1].
            unit: what is erased at once, one symbol or all of a sample.

        Raises:
            ValueError: an option is out of range.
        """
        self._config = config
        self._link = link
        self._probability = number("probability", probability, 0, 1)
        check_choice("unit", unit, ("symbol", "sample"))
        self._per_symbol = unit == "symbol"
        self._in_pairs = config.channel.digital.carries_pairs

    def draw(self, key: BlockKey, shape: BlockShape) -> Float32:
        """The mask of a block, keyed by (seed, link, block, draw)."""
        draws, samples, dimension = shape
        width = symbol_count(dimension, self._in_pairs) if self._per_symbol else 1
        mask = np.empty((draws, samples, width), dtype=np.float32)
        for copy in range(draws):
            rng = generator(
                self._config.seed,
                Purpose.ERASURES,
                link=self._link,
                phase=key.phase,
                step=key.step,
                micro_batch=key.micro_batch,
                draw=2 * copy,  # the odd ones are those of the model gilbert-elliott
            )
            np.greater_equal(rng.random(mask.shape[1:], dtype=np.float32), self._probability, out=mask[copy])
        return per_real(mask, dimension, self._in_pairs) if self._per_symbol else mask

    def apply(self, symbols: Float32, realisation: Float32) -> Float32:
        """m·z̃."""
        return symbols * realisation

    def adjoint(self, gradient: Float32, realisation: Float32) -> Float32:
        """m·∂CE/∂ẑ."""
        return gradient * realisation

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002
        """`behind`: devices do not know what is lost, and the rate without loss bounds that with it from above."""
        return behind
