"""The local part of the objective: an upper bound on the rate of one link, and its weight."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from splitwave.common.config.run_config import RunConfig
from splitwave.common.learning.conditions import BlockConditions
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.device.learning.link_conditions import LinkConditions
from splitwave.device.learning.link_samples import LinkSamples
from splitwave.device.learning.model import DeviceModel
from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.fused import Grid
from splitwave.device.quantization.pmf import symbol_log_pmf
from splitwave.device.rate.bound import bound_named
from splitwave.device.rate.bounds.prior import batch_log_prior
from splitwave.device.rate.fused import bound_rate
from splitwave.device.rate.gaussian import gaussian_kl


class LocalRate:
    """The KL bound D*_k of training blocks, in nats, and β_k, with which it enters the objective C."""

    def __init__(
        self, config: RunConfig, link: int, model: DeviceModel, samples: LinkSamples, conditions: LinkConditions
    ) -> None:
        """Args: the run's settings, the link, what it trains, its samples and its conditions."""
        self._bound = bound_named(config.objective.bound)
        self._several_groups = config.hypernetwork.beta is not None or config.channel.training_psnr_draws > 1
        self._link = link
        self._model = model
        self._samples = samples
        self._conditions = conditions
        self._log_prior: tuple[int, Tensor] | None = None

    def measure(self, conditions: BlockConditions, mean: Tensor, spread: Tensor, grids: Sequence[Grid]) -> Tensor:
        """The rates of one block of B samples.

        Args:
            conditions: of the block, whose samples fall into R groups.
            mean: (B, d) μ.
            spread: (B, d) θ.
            grids: the codebook, once for each group; empty if T = 0.

        Returns:
            (B,) rates of the samples if T = 0, where they are exact; else (R,) sums of bounds over the groups, whose
            weights in the objective differ.
        """
        variances, codebook = conditions.variances[self._link], self._model.codebook
        if codebook is None:
            variance = torch.from_numpy(conditions.a_sample(variances)).unsqueeze(1)
            return gaussian_kl(mean, spread, variance).sum(1)
        bound = self._bound
        log_prior = self._step_log_prior(codebook) if bound.uses_batch_prior else None
        parts = zip(*split_groups(conditions.counts, mean, spread), grids, variances.tolist(), strict=True)
        rates = [
            bound_rate(mu, theta, grid, noise_variance=variance, bound=bound, log_prior=log_prior)
            for mu, theta, grid, variance in parts
        ]
        return rates[0].unsqueeze(0) if len(rates) == 1 else torch.stack(rates)

    def weights(self, step: int, conditions: BlockConditions, rates: int) -> Tensor:
        """∂C/∂rate = w·β_k/B of each of a block's rates, which `measure` gave."""
        weights = conditions.weights * conditions.betas[self._link] / self._samples.plan.batch_size(step)
        of_samples = rates == sum(conditions.counts)
        return torch.from_numpy(conditions.a_sample(weights) if of_samples else weights.astype(np.float32))

    @torch.no_grad()
    def _step_log_prior(self, codebook: Codebook) -> Tensor | None:
        """The log of the whole step's mean pmf, so that cutting the step into blocks changes nothing.

        None if `bound_rate` gets the whole step at once: then it computes this prior itself.
        """
        step = self._model.steps
        parts = self._samples.plan.block_count(Phase.TRAIN, step)
        if parts == 1 and not self._several_groups:
            return None
        if self._log_prior is None or self._log_prior[0] != step:
            encoded = [self._encode(BlockKey(Phase.TRAIN, step, number)) for number in range(parts)]
            mean, spread = (torch.cat(half) for half in zip(*encoded, strict=True))
            self._log_prior = step, batch_log_prior(symbol_log_pmf(mean, spread, codebook.breakpoints()))
        return self._log_prior[1]

    def _encode(self, key: BlockKey) -> tuple[Tensor, Tensor]:
        views = self._samples.view(key.phase, self._samples.ids(key))
        return self._model.encode(views, self._conditions.inputs(self._conditions.of(key)))


def split_groups(counts: Sequence[int], *tensors: Tensor) -> list[tuple[Tensor, ...]]:
    """Split each tensor along its first dimension into groups of these sizes."""
    if len(counts) == 1:
        return [(tensor,) for tensor in tensors]
    return [torch.split(tensor, list(counts)) for tensor in tensors]
