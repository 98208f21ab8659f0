"""Bursts of erasures: a good and a bad state with a loss probability each  [Gilbert 1960, Elliott 1963]."""

from functools import partial
from typing import Literal

import numpy as np

from splitwave.channel.draws.options import check_choice, number, probability
from splitwave.channel.draws.pairs import per_real, symbol_count
from splitwave.channel.draws.two_states import Booleans, TwoStateChain, chunked_uniform
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.sample_positions import SamplePositions, sample_positions
from splitwave.common.randomness import Purpose, generator

_SLOWEST = 1e-4


class GilbertElliottChannel:
    """ẑ = m·z̃, where m = 0 with a probability that depends on the state of a Markov chain; P(m = 0) = Σ π_s·loss_s.

    The chain goes on from sample to sample, over the blocks of a training, or of a pass. Its realisation is m,
    (L, B, d) float32, or (L, B, 1). With loss_good = 0 and loss_bad = 1 (Gilbert's model without errors in the good
    state), bursts of losses have geometric lengths with mean 1/p_good.
    """

    is_additive = False

    def __init__(  # noqa: D417 — config and link are those of every model
        self,
        config: RunConfig,
        link: int,
        *,
        p_bad: float,
        p_good: float,
        loss_good: float = 0.0,
        loss_bad: float = 1.0,
        unit: Literal["symbol", "sample"] = "sample",
    ) -> None:
        """Set up a link.

        Args:
            p_bad: probability a step of good → bad.
            p_good: probability a step of bad → good.
            loss_good: probability of an erasure in the good state.
            loss_bad: probability of an erasure in the bad state.
            unit: the step, and what is erased at once: one symbol, or all of a sample.

        Raises:
            ValueError: an option is out of range.
        """
        self._seed, self._link, self._config = config.seed, link, config
        self._losses = (probability("loss_good", loss_good), probability("loss_bad", loss_bad))
        p_bad, p_good = probability("p_bad", p_bad), probability("p_good", p_good)
        number("p_bad + p_good", p_bad + p_good, _SLOWEST, 1)
        self._chain = TwoStateChain(p_bad, p_good)
        check_choice("unit", unit, ("symbol", "sample"))
        self._per_symbol = unit == "symbol"
        self._in_pairs = config.channel.digital.carries_pairs

    def draw(self, key: BlockKey, shape: BlockShape) -> Float32:
        """The mask of a block: of its positions in time, whatever block they are asked for in."""
        draws, samples, dimension = shape
        width = symbol_count(dimension, self._in_pairs) if self._per_symbol else 1
        steps = max(width, self._steps(key))
        where = sample_positions(self._config, key, samples)
        mask = np.empty((draws, samples, width), dtype=np.float32)
        for copy in range(draws):
            lost = self._lost(where, copy, where.first * steps, samples * steps)
            np.logical_not(lost.reshape(samples, steps)[:, :width], out=mask[copy], casting="unsafe")
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

    def _steps(self, key: BlockKey) -> int:
        """The least number of steps of the chain a sample; 1 if all samples of the pass are as wide as the block's.

        A sample of an adapted link takes as many as its most symbols are, those of BPSK with all bits, so that no two
        samples meet one step, however wide each is.
        """
        config, digital = self._config, self._config.channel.digital
        if not (self._per_symbol and digital.modulation and config.adaptation.is_on and key.phase is Phase.SERVE):
            return 1
        return digital.model_copy(update={"modulation": "bpsk"}).symbols(config.payload_bits_per_sample)

    def _lost(self, where: SamplePositions, copy: int, first: int, count: int) -> Booleans:
        generator_of = partial(self._generator, where, copy)
        bad = self._chain.bad(generator_of, first, count)
        if self._losses == (0.0, 1.0):
            return bad
        of_state = np.where(bad, self._losses[1], self._losses[0])
        return chunked_uniform(generator_of, first, count, stream=1) < of_state

    def _generator(self, where: SamplePositions, copy: int, chunk: int) -> np.random.Generator:
        return generator(
            self._seed,
            Purpose.ERASURES,
            link=self._link,
            phase=where.phase,
            step=chunk,
            micro_batch=where.process,
            draw=2 * copy + 1,  # the even ones are those of the model erasures
        )
