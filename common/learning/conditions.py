"""Conditions that are inputs of the networks: for each link log β_k, log σ_k², or both.

In training the values are drawn anew for each (link, step) from keyed generators (ADR 3), so that devices and base
station know them without a message.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import HypernetworkSettings
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.arrays import Float32, Int64
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import RateNoise
from splitwave.common.protocol.link_noise import draw_of_sample
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.randomness import Purpose, generator

_SMALL_BETA = 1e-4
"""Below this β the distortion decides the loss, which hardly falls with β any more."""


@dataclass(frozen=True, slots=True)
class BlockConditions:
    """The conditions of one block, whose samples fall into R groups of neighbours with equal conditions.

    Attributes:
        betas, variances: (K, R), β and σ² of each link in each group.
        counts: the number of samples of each group.
        inputs: (K, R, C) float32, of each link in each group; C may be 0.
        weights: (R,) of the samples' loss in the objective; 1 where β is no input.
    """

    betas: NDArray[np.float64]
    variances: NDArray[np.float64]
    counts: tuple[int, ...]
    inputs: Float32
    weights: NDArray[np.float64]

    def rows(self, *links: int) -> Float32:
        """The links' inputs side by side: (R, …) where each row stands for equally many samples, else (N, …)."""
        rows = np.concatenate([self.inputs[link] for link in links], axis=1)
        return rows if len(set(self.counts)) == 1 else np.repeat(rows, self.counts, axis=0)

    def a_sample(self, values: NDArray[np.float64]) -> Float32:
        """(N,) float32 of (R,) values, one per group."""
        return np.repeat(values, self.counts).astype(np.float32)


class RunConditions:
    """Derives the conditions of all links in the blocks of a run.

    Attributes:
        config: the run's settings.
    """

    def __init__(self, config: RunConfig) -> None:
        """Args: the run's settings."""
        self.config = config

    @cached_property
    def _noise(self) -> Sequence[RateNoise]:
        """By link; made when a block needs it, since stations without conditions import no models of a user."""
        return [RateNoise(self.config, link) for link in range(self.config.links)]

    def of(self, plan: RunPlan, key: BlockKey, given: Sequence[float] = ()) -> BlockConditions:
        """The conditions of a block.

        In a training step of B samples, with T_β = `hypernetwork.draws`, sample p has the link's value ⌊p·T_β/B⌋,
        however the step is cut into micro-batches. In all other phases β_k is that of `given`, or `objective.beta`
        without any; a device, which knows only the β of its own link, gives it for all links and reads no other row.

        The loss of a sample is weighted by Π_k (β_k + 10⁻⁴)^(−p/K), p = `hypernetwork.balance`: without it the large
        losses at large β decide the weights that all β share.

        Raises:
            ConfigError: a channel model cannot be loaded.
        """
        hyper, training = self.config.hypernetwork, key.phase is Phase.TRAIN
        samples = len(plan.block_ids(key.phase, key.step, key.micro_batch))
        betas = self._betas(key, given)
        variances = np.stack([noise.variances(key) for noise in self._noise])
        start = plan.block_start(key.step, key.micro_batch) if training else 0
        batch = plan.batch_size(key.step) if training else samples
        of_betas, of_variances, counts = _groups(start, samples, batch, betas.shape[1], variances.shape[1])
        betas, variances = betas[:, of_betas], variances[:, of_variances]
        columns = [np.log(betas)] if hyper.beta is not None else []
        columns += [np.log(variances)] if hyper.psnr else []
        inputs = np.stack(columns, axis=-1) if columns else np.empty((*betas.shape, 0))
        weights = np.ones(betas.shape[1])
        if hyper.beta is not None and training:
            weights = np.exp(-hyper.balance * np.log(betas + _SMALL_BETA).mean(axis=0))
        return BlockConditions(betas, variances, counts, inputs.astype(np.float32), weights)

    def _betas(self, key: BlockKey, given: Sequence[float]) -> NDArray[np.float64]:
        """(K, T_β): drawn for a training step of β-conditioned networks, else one value for each link."""
        config, links = self.config, range(self.config.links)
        if key.phase is Phase.TRAIN and config.hypernetwork.beta is not None:
            return np.stack([_draw_betas(config.hypernetwork, config.seed, link, key.step) for link in links])
        return np.array([[beta] for beta in given or [config.beta(link) for link in links]])


@lru_cache(maxsize=256)
def _groups(start: int, samples: int, batch: int, betas: int, variances: int) -> tuple[Int64, Int64, tuple[int, ...]]:
    """The groups of a block that begins at sample `start` of a step: the draws of β and σ², and the sizes of groups."""
    beta = (start + np.arange(samples, dtype=np.int64)) * betas // batch
    variance = draw_of_sample(variances, samples)
    begins = np.flatnonzero(np.diff(beta, prepend=-1) | np.diff(variance, prepend=-1))
    return beta[begins], variance[begins], tuple(np.diff(begins, append=samples).tolist())


def check_serving_beta(config: RunConfig, beta: float) -> None:
    """Refuse a β under which the run's networks cannot serve.

    Raises:
        ProtocolError: it is not finite, it lies outside the range of their training, or they are not β-conditioned.
    """
    if config.hypernetwork.beta is None:
        raise ProtocolError(
            "networks of this run are not β-conditioned: its settings have no hypernetwork.beta",
            Refusal.FAILED_PRECONDITION,
        )
    low, high = config.hypernetwork.beta
    if not (math.isfinite(beta) and low <= beta <= high):
        raise ProtocolError(
            f"β = {beta}: expected a number from {low} to {high}, the range that the networks were trained on "
            "(hypernetwork.beta)"
        )


def _draw_betas(hyper: HypernetworkSettings, seed: int, link: int, step: int) -> NDArray[np.float64]:
    """(T_β,) values, one in each of T_β equal parts of the range, in an order that is drawn, too.

    Parts even out what a step sees of the range; their order keeps the links' values apart.
    """
    assert hyper.beta is not None
    low, high = hyper.beta
    rng = generator(seed, Purpose.TRAINING_BETA, link=link, phase=Phase.TRAIN, step=step)
    places = (rng.permutation(hyper.draws) + rng.random(hyper.draws)) / hyper.draws
    if hyper.sampling == "uniform":
        return low + (high - low) * places
    return low * np.power(high / low, places)
